"""Texts: decode, find the brands named, score the sentiment of the whole and, where the model can, toward
each brand."""

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from monitor.errors import DataError
from monitor.messages import BrandMention, Sentiment, TextMention, decode_text
from monitor.sentiment import BrandMatcher, SentimentScorer
from monitor.settings import Device, Settings
from monitor.storage.records import TextResult
from monitor.stream.records import Record, utc_now
from monitor.stream.scoring import Outcome, Threads, score_each

_Span = tuple[int, int] | None
_Scores = tuple[Sentiment, tuple[BrandMention, ...]]


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
        self._matcher = matcher
        self._max_chars = settings.text_max_chars
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
        mentions = [mention for mention in decoded if isinstance(mention, TextMention)]
        scores = iter(score_each(mentions, self._score_mentions, self._scorer.warm_up))
        outcomes: list[Outcome] = []
        for record, mention in zip(records, decoded, strict=True):
            scored = mention if isinstance(mention, DataError) else next(scores)
            if isinstance(scored, DataError) or isinstance(mention, DataError):
                assert isinstance(scored, DataError)
                outcomes.append(record.rejected(scored, self._now()))
            else:
                outcomes.append(
                    TextResult(
                        position=record.position,
                        mention=mention,
                        sentiment=scored[0],
                        brands=scored[1],
                        model_version=self._scorer.manifest.identity,
                    )
                )
        return outcomes

    def _decode(self, record: Record) -> TextMention | DataError:
        try:
            return decode_text(record.value, record.content_type, max_chars=self._max_chars)
        except DataError as error:
            return error

    def _score_mentions(self, mentions: Sequence[TextMention]) -> list[_Scores]:
        """One run of the model: every text as a whole, then every brand named in one, if the model takes
        targets."""
        named = [self._matcher.find(mention.text) for mention in mentions]
        texts = [mention.text for mention in mentions]
        targets: list[_Span] = [None] * len(texts)
        if self._scorer.takes_targets:
            for mention, brands in zip(mentions, named, strict=True):
                texts += [mention.text] * len(brands)
                targets += [(brand.start, brand.end) for brand in brands]
        sentiments = self._scorer.score(texts, targets)
        toward = iter(sentiments[len(mentions) :])
        return [
            (whole, tuple(msgspec.structs.replace(brand, sentiment=next(toward, None)) for brand in brands))
            for whole, brands in zip(sentiments[: len(mentions)], named, strict=True)
        ]
