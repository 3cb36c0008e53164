"""Texts: decode, find the brands named, score the sentiment of the whole and, where the model can, toward
each brand. A text in a language that the model does not speak is kept and counted, and not scored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from monitor.brand_matcher import BrandMatcher
from monitor.errors import DataError
from monitor.messages import BrandMention, Sentiment, TextMention, decode_text
from monitor.queries import Fields
from monitor.sentiment import SentimentScorer
from monitor.settings import Device, Settings
from monitor.storage.records import TextResult
from monitor.stream.naming import Naming, first_places
from monitor.stream.records import Record, utc_now
from monitor.stream.scoring import Outcome, Threads, score_each
from monitor.texts import Reading, read
from monitor.texts.stories import story_keys

_Span = tuple[int, int] | None
_Scores = tuple[Sentiment | None, tuple[BrandMention, ...]]


@dataclass(frozen=True, slots=True)
class _Decoded:
    mention: TextMention
    reading: Reading
    language: str
    named: tuple[BrandMention, ...]
    story_keys: tuple[int, ...]


class TextScoring:
    """Decodes and scores the records of `PREFIX.text`."""

    def __init__(
        self,
        scorer: SentimentScorer,
        matcher: BrandMatcher,
        settings: Settings,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._scorer = scorer
        self._naming = Naming(matcher, settings)
        self._max_chars = settings.text_max_chars
        self._max_targets = settings.text_max_targets
        self._now = now
        self._thread = Threads("sentiment", limit=settings.score_timeout)

    @property
    def device(self) -> Device:
        """Where the model really runs."""
        return self._scorer.device

    @property
    def busy(self) -> bool:
        """See `Scoring.busy`."""
        return self._thread.busy

    async def score(self, records: Sequence[Record]) -> list[Outcome]:
        """See `Scoring.score`. Decoding runs in the model's thread, too: 64 long texts are milliseconds of
        parsing."""
        return await self._thread(lambda: self._score(records))

    def _score(self, records: Sequence[Record]) -> list[Outcome]:
        decoded = [self._decode(record) for record in records]
        sound = [one for one in decoded if isinstance(one, _Decoded)]
        scores = iter(score_each(sound, self._score_mentions, self._scorer.warm_up))
        outcomes: list[Outcome] = []
        for record, one in zip(records, decoded, strict=True):
            scored = one if isinstance(one, DataError) else next(scores)
            if isinstance(scored, DataError) or isinstance(one, DataError):
                assert isinstance(scored, DataError)
                outcomes.append(record.rejected(scored, self._now()))
            else:
                outcomes.append(
                    TextResult(
                        position=record.position,
                        mention=one.mention,
                        sentiment=scored[0],
                        brands=scored[1],
                        model_version=self._scorer.manifest.identity,
                        language=one.language,
                        words=tuple(one.reading.lexemes()),
                        story_keys=one.story_keys,
                    )
                )
        return outcomes

    def _decode(self, record: Record) -> _Decoded | DataError:
        try:
            mention = decode_text(record.value, record.content_type, max_chars=self._max_chars)
            reading = read(mention.text)
            language = self._naming.language(reading, mention.lang)
            named = self._naming.find(reading, Fields.of(mention, language))
            keys = story_keys(reading, {each.brand for each in named}, mention.source, mention.author)
            return _Decoded(mention, reading, language, named, keys)
        except DataError as error:
            return error

    def _score_mentions(self, decoded: Sequence[_Decoded]) -> list[_Scores]:
        """Those the model is not asked about keep their brands, without a verdict."""
        asked = [one for one in decoded if self._scorer.speaks(one.language)]
        scores = iter(self._score_spoken(asked))
        return [next(scores) if self._scorer.speaks(one.language) else (None, one.named) for one in decoded]

    def _score_spoken(self, decoded: Sequence[_Decoded]) -> list[_Scores]:
        """One run of the model: every text as a whole, then the places where one names brands, as far as the
        model takes targets and the limit allows."""
        texts = [one.reading for one in decoded]
        targets: list[_Span] = [None] * len(texts)
        asked: list[list[int]] = [[] for _ in decoded]
        if self._scorer.takes_targets:
            asked = [first_places(one.named, self._max_targets, len(one.mention.text)) for one in decoded]
            for one, places in zip(decoded, asked, strict=True):
                texts += [one.reading] * len(places)
                targets += [(one.named[place].start, one.named[place].end) for place in places]
        sentiments = self._scorer.score(texts, targets)
        toward = iter(sentiments[len(decoded) :])
        return [
            (whole, _with_sentiments(one.named, {place: next(toward) for place in places}))
            for whole, one, places in zip(sentiments[: len(decoded)], decoded, asked, strict=True)
        ]


def _with_sentiments(
    named: Sequence[BrandMention], toward: Mapping[int, Sentiment]
) -> tuple[BrandMention, ...]:
    return tuple(
        msgspec.structs.replace(mention, sentiment=toward.get(place)) for place, mention in enumerate(named)
    )
