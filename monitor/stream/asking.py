"""What a sentiment model is asked about one text: how it feels as a whole and, where the model can tell,
toward the places where it names brands. Workers ask this of what comes, `brand-monitor rescore` of what is
stored.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from monitor.messages import BrandMention, Sentiment
from monitor.sentiment import SentimentScorer
from monitor.storage.records import Scored
from monitor.texts import Reading

_Span = tuple[int, int] | None
_Verdicts = tuple[Sentiment | None, tuple[BrandMention, ...]]

_SCORED_CHARS: Final = 1_000_000
"""Characters a model reads for the places of one text: ten places of the longest, a second on a slow CPU."""


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
    verdicts = iter(_ask(scorer, spoken, max_targets))
    scored = []
    for one in texts:
        whole, brands = next(verdicts) if scorer.speaks(one.language) else (None, one.named)
        scored.append(
            Scored(
                sentiment=whole,
                brands=brands,
                model_version=scorer.manifest.identity,
                min_confidence=scorer.min_confidence,
            )
        )
    return scored


def _ask(scorer: SentimentScorer, texts: Sequence[Said], max_targets: int) -> list[_Verdicts]:
    readings = [one.reading for one in texts]
    targets: list[_Span] = [None] * len(texts)
    asked: list[list[int]] = [[] for _ in texts]
    if scorer.takes_targets:
        asked = [first_places(one.named, max_targets, len(one.reading.text)) for one in texts]
        for one, places in zip(texts, asked, strict=True):
            readings += [one.reading] * len(places)
            targets += [(one.named[place].start, one.named[place].end) for place in places]
    sentiments = scorer.score(readings, targets)
    toward = iter(sentiments[len(texts) :])
    return [
        (whole, _with_sentiments(one.named, {place: next(toward) for place in places}))
        for whole, one, places in zip(sentiments[: len(texts)], texts, asked, strict=True)
    ]


def first_places(named: Sequence[BrandMention], limit: int, chars: int) -> list[int]:
    """Indexes of at most `limit` of the places in a text of `chars` characters, ascending: every brand's
    first before any's second. Each costs a reading of the whole text: of a very long one they are fewer."""
    limit = min(limit, max(1, _SCORED_CHARS // max(1, chars)))
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
