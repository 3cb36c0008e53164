"""What a sentiment model is asked about one text: how it feels as a whole and, where the model can tell,
toward the places where it names brands. Workers ask this of what comes, `brand-monitor rescore` of what is
stored.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from monitor.messages import BrandMention, Sentiment
from monitor.sentiment import Asked, SentimentScorer
from monitor.sentiment.encoding import Span
from monitor.texts import Reading


@dataclass(frozen=True, slots=True)
class Said:
    """A text, its language (ISO 639 code) and the places where it names brands, in text order."""

    reading: Reading
    language: str
    named: tuple[BrandMention, ...]


class Answers(NamedTuple):
    """The verdict on the whole text, None where the model was not asked, and the places with theirs."""

    sentiment: Sentiment | None
    brands: tuple[BrandMention, ...]


def ask(scorer: SentimentScorer, texts: Sequence[Said], max_targets: int) -> list[Answers]:
    """Answers for each text, in order, of one run of the model; at most `max_targets` places of a text have
    one. Texts in a language that the model does not speak keep their brands, without a verdict.

    Blocks for as long as the model takes, and raises what it raises.
    """
    spoken = [one for one in texts if scorer.speaks(one.language)]
    places = [first_places(one.named, max_targets if scorer.takes_targets else 0) for one in spoken]
    found = scorer.answer([_asked(one, asked) for one, asked in zip(spoken, places, strict=True)])
    answers = iter(
        [
            Answers(whole, _with_sentiments(one.named, dict(zip(asked, toward, strict=True))))
            for one, asked, (whole, *toward) in zip(spoken, places, found, strict=True)
        ]
    )
    return [next(answers) if scorer.speaks(one.language) else Answers(None, one.named) for one in texts]


def _asked(said: Said, places: Sequence[int]) -> Asked:
    names = name_spans(said.reading, said.named)
    spans = [(said.named[place].start, said.named[place].end) for place in places]
    return Asked(said.reading, (None, *(span if span in names else None for span in spans)), tuple(names))


def name_spans(reading: Reading, named: Sequence[BrandMention]) -> set[Span]:
    """Where a text names brands. One that it counts for by its author or source alone has the whole text as
    its place: that is no name, and what is asked about it is the whole."""
    return {(mention.start, mention.end) for mention in named} - {(0, len(reading.text))}


def first_places(named: Sequence[BrandMention], limit: int) -> list[int]:
    """Indexes of at most `limit` of the places, ascending: every brand's first before any's second."""
    seen: Counter[str] = Counter()
    turns: list[tuple[int, int]] = []
    for index, mention in enumerate(named):
        turns.append((seen[mention.brand], index))
        seen[mention.brand] += 1
    return sorted(index for _, index in sorted(turns)[:limit])


def _with_sentiments(
    named: Sequence[BrandMention], toward: Mapping[int, Sentiment]
) -> tuple[BrandMention, ...]:
    return tuple(
        msgspec.structs.replace(mention, sentiment=toward.get(place)) for place, mention in enumerate(named)
    )
