"""Tells deletions from mentions before anything is scored."""

import asyncio
from collections.abc import Sequence

from monitor.errors import DataError
from monitor.messages import Kind, decode_deletion
from monitor.settings import Device
from monitor.storage.records import DeletionResult, ImageResult
from monitor.stream.records import Record, utc_now
from monitor.stream.scoring import Outcome, Scoring


class DeletionsApart:
    """A scoring that sees no deletions: those are decoded here, and come to nothing but themselves."""

    def __init__(self, kind: Kind, scoring: Scoring) -> None:
        self._kind = kind
        self._scoring = scoring

    @property
    def device(self) -> Device:
        """Where the model really runs."""
        return self._scoring.device

    @property
    def busy(self) -> bool:
        """See `Scoring.busy`."""
        return self._scoring.busy

    async def score(self, records: Sequence[Record]) -> list[Outcome]:
        """See `Scoring.score`."""
        # Pictures are megabytes to look through.
        told = await asyncio.to_thread(lambda: [self._deletion(record) for record in records])
        mentions = [record for record, one in zip(records, told, strict=True) if one is None]
        scored = iter(await self._scoring.score(mentions) if mentions else ())
        return [next(scored) if one is None else one for one in told]

    async def restore(self, results: Sequence[ImageResult]) -> None:
        """See `Scoring.restore`."""
        await self._scoring.restore(results)

    def _deletion(self, record: Record) -> Outcome | None:
        try:
            deletion = decode_deletion(record.value, record.content_type)
        except DataError as error:
            return record.rejected(error, utc_now())
        if deletion is None:
            return None
        return DeletionResult(position=record.position, kind=self._kind, deletion=deletion)
