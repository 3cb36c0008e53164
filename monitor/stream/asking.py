"""What a sentiment model is asked about one text: how it feels as a whole and, where the model can tell,
toward the places where it names brands. Workers ask this of what comes, `brand-monitor rescore` of what is
stored.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from monitor.messages import BrandMention, Sentiment
from monitor.sentiment import Asked, SentimentScorer
from monitor.sentiment.encoding import Span
from monitor.storage.records import Scored
from monitor.texts import Reading


@dataclass(frozen=True, slots=True)
class Said:
    """A text, its language (ISO 639 code) and the places where it names brands, in text order."""

    reading: Reading
    language: str
    named: tuple[BrandMention, ...]


def ask(scorer: SentimentScorer, texts: Sequence[Said], max_targets: int) -> list[Scored]:
    """What the model says of each text, in order, in one run; at most `max_targets` places of a text have a
    verdict. Texts in a language that the model does not speak keep their brands, and have none.

    Blocks for as long as the model takes, and raises what it raises.
    """
    spoken = [one for one in texts if scorer.speaks(one.language)]
    places = [first_places(one.named, max_targets if scorer.takes_targets else 0) for one in spoken]
    answers = scorer.answer([asked(one, some) for one, some in zip(spoken, places, strict=True)])
    found = iter(zip(places, answers, strict=True))
    scored = []
    for one in texts:
        some, (whole, *toward) = next(found) if scorer.speaks(one.language) else ([], (None,))
        scored.append(
            Scored(
                sentiment=whole,
                brands=_with_sentiments(one.named, dict(zip(some, toward, strict=True))),
                model_version=scorer.manifest.identity,
                min_confidence=scorer.min_confidence,
            )
        )
    return scored


def asked(said: Said, places: Sequence[int], whole: Span | None = None) -> Asked:
    """How the text feels as a `whole`, or toward that part of it, and toward these places of `said.named`."""
    names = name_spans(said.reading, said.named)
    spans = [(said.named[place].start, said.named[place].end) for place in places]
    return Asked(said.reading, (whole, *(span if span in names else None for span in spans)), tuple(names))


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
