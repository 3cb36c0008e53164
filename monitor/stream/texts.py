"""Texts: decode, find the brands named, score the sentiment of the whole and, where the model can, toward
each brand. A text in a language that the model does not speak is kept and counted, and not scored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from monitor.brand_matcher import BrandMatcher
from monitor.errors import DataError
from monitor.messages import TextMention, decode_text
from monitor.privacy import Privacy
from monitor.queries import Fields
from monitor.sentiment import SentimentScorer
from monitor.settings import Device, Settings
from monitor.storage.pruning import refuse_old
from monitor.storage.records import ImageResult, Scored, TextResult
from monitor.stream.asking import Said, ask
from monitor.stream.naming import Naming
from monitor.stream.records import Record, utc_now
from monitor.stream.scoring import (
    KeptFrom,
    Outcome,
    Threads,
    everything_is_kept,
    score_each,
)
from monitor.texts import read
from monitor.texts.stories import story_keys


@dataclass(frozen=True, slots=True)
class _Decoded:
    mention: TextMention
    said: Said
    story_keys: tuple[int, ...]


class TextScoring:
    """Decodes and scores the records of `PREFIX.text`."""

    def __init__(
        self,
        scorer: SentimentScorer,
        matcher: BrandMatcher,
        settings: Settings,
        kept_from: KeptFrom = everything_is_kept,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._scorer = scorer
        self._naming = Naming(matcher, settings)
        self._privacy = Privacy(settings)
        self._max_chars = settings.text_max_chars
        self._max_targets = settings.text_max_targets
        self._kept_from = kept_from
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

    async def restore(self, results: Sequence[ImageResult]) -> None:
        """See `Scoring.restore`. Texts have no files."""

    def _score(self, records: Sequence[Record]) -> list[Outcome]:
        decoded = [self._decode(record) for record in records]
        sound = [one for one in decoded if isinstance(one, _Decoded)]
        scores = iter(score_each([one.said for one in sound], self._ask, self._scorer.warm_up))
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
                        sentiment=scored.sentiment,
                        brands=scored.brands,
                        model_version=scored.model_version,
                        min_confidence=scored.min_confidence,
                        language=one.said.language,
                        words=tuple(one.said.reading.lexemes()),
                        story_keys=one.story_keys,
                    )
                )
        return outcomes

    def _decode(self, record: Record) -> _Decoded | DataError:
        try:
            sent = decode_text(record.value, record.content_type, max_chars=self._max_chars)
            refuse_old(sent.published_at, self._kept_from())
            mention = self._kept(sent)
            reading = read(mention.text)
            language = self._naming.language(reading, mention.lang)
            # Queries may ask for the author's own name, which is known only here.
            fields = Fields.of(sent, language, known_as=self._privacy.pseudonyms)
            named = self._naming.find(reading, fields)
            keys = story_keys(reading, {each.brand for each in named}, mention.source, mention.author)
            return _Decoded(mention, Said(reading, language, named), keys)
        except DataError as error:
            return error

    def _kept(self, sent: TextMention) -> TextMention:
        """The mention as it is stored; what its text says is read from there, so that places fit."""
        text = self._privacy.text(sent.text, lambda: self._naming.language(read(sent.text), sent.lang))
        author = self._privacy.author(sent.source, sent.author)
        return replace(
            sent, text=text, author=author, url=self._privacy.address(sent.source, sent.url, sent.author)
        )

    def _ask(self, texts: Sequence[Said]) -> list[Scored]:
        return ask(self._scorer, texts, self._max_targets)
