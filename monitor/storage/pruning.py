"""Old mentions go: the oldest first, a few at a time, so that writers work on beside it.

What the roll-ups hold of their hours stays, and moves no more (migration 0020). The database knows from when
on mentions are kept; a worker refuses what was published before (`monitor.storage.writer`). What was broken
off is taken up where it was left: by then the oldest are gone.
"""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as day_time
from typing import Final
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import Connection, Engine, text

from monitor.errors import DataError, ErrorCode
from monitor.storage import stories
from monitor.storage.deletion import sweep
from monitor.storage.faults import translated
from monitor.storage.pictures import PictureStore

_log = structlog.get_logger(__name__)

STEP: Final = 0.1
"""Seconds a step should take: a writer that comes in the middle of one waits for no more than its rest."""

_AGE: Final = re.compile(r"[1-9]\d{0,4}d", re.ASCII)

_FIRST: Final = 100
_FEWEST: Final = 10
_MOST: Final = 5_000
"""Mentions of a step: where a server is fast, more would only lengthen the wait of an unlucky one."""


class Doomed(msgspec.Struct, frozen=True, kw_only=True):
    """What pruning would delete."""

    mentions: int
    of: int
    """Mentions there are."""
    first: datetime | None
    """When the oldest was published; None where nothing is to go."""
    sources: tuple[tuple[str, int], ...]
    """The mentions by source, the most first."""


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """What went by now."""

    mentions: int = 0
    pictures: int = 0
    """Pictures that no mention shows any more; their files go by `monitor.storage.deletion.sweep`."""
    finished: bool = False
    """Whether nothing older is left. Parts of posts whose other part is kept do not count."""


def horizon(now: datetime, age: str) -> datetime:
    """The midnight (UTC) before which mentions are older than `age`, in days: 400d.

    Raises `ValueError` for what is no such age.
    """
    if not _AGE.fullmatch(age):
        raise ValueError(f"{age!r} is no age; write days: 400d")
    return datetime.combine((now.astimezone(UTC) - timedelta(days=int(age[:-1]))).date(), day_time(), UTC)


def kept_from(connection: Connection) -> datetime | None:
    """Mentions published earlier are not kept; None: all are."""
    found: datetime | None = connection.execute(KEPT_FROM).scalar_one()
    return found


def refuse_old(published_at: datetime, kept_from: datetime | None) -> None:
    """Raises `DataError` for a mention from before mentions are kept."""
    if kept_from is not None and published_at < kept_from:
        raise DataError(
            ErrorCode.TOO_OLD,
            f"published at {published_at.isoformat()}; mentions are kept from "
            f"{kept_from.astimezone(UTC).date()} on, what is older was pruned",
        )


def find(connection: Connection, before: datetime) -> Doomed:
    """What would go. Reads an index of all that is older: a second for a million."""
    rows = connection.execute(_FIND, {"before": before}).all()
    return Doomed(
        mentions=sum(row.mentions for row in rows),
        of=connection.execute(_ALL).scalar_one(),
        first=min((row.first for row in rows), default=None),
        sources=tuple((row.source, row.mentions) for row in rows),
    )


class Pruning:
    """Deletes what was published before a midnight (UTC) in steps, each a transaction of its own.

    From its beginning on no figure before that moment changes and nothing older is taken, for good: there is
    no way back to an earlier moment. Needs the rights of brand_monitor_write. Several may run at once.
    """

    def __init__(self, engine: Engine, before: datetime, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self.before = before
        self._clock = clock
        self._size = _FIRST
        self._at: tuple[datetime | None, UUID | None] = (None, None)

    def begin(self) -> None:
        """Decide it; waits for the batches that are being written. An earlier moment than the present one
        changes nothing.

        Raises `OutageError`, and `SetupError` where rights are missing.
        """
        with translated(), self._engine.begin() as connection:
            connection.execute(_BEGIN, {"before": self.before})

    def due(self) -> bool:
        """Whether there may be something to delete."""
        with translated(), self._engine.connect() as connection:
            return bool(connection.execute(_DUE, {"before": self.before}).scalar_one())

    def run(
        self, more: Callable[[], bool] = lambda: True, told: Callable[[Pruned], None] = lambda _done: None
    ) -> Pruned:
        """Delete until nothing is left or `more` says to leave it there; `told` hears after each step.

        Raises `OutageError`; what went before is gone.
        """
        done = Pruned()
        while more():
            mentions, pictures, left = self._step()
            done = Pruned(mentions=done.mentions + mentions, pictures=done.pictures + pictures)
            told(done)
            if not left:
                with translated(), self._engine.begin() as connection:
                    connection.execute(_END)
                return msgspec.structs.replace(done, finished=True)
        return done

    def _step(self) -> tuple[int, int, bool]:
        """Mentions and pictures that went, and whether there was anything."""
        with translated(), self._engine.begin() as connection:
            stories.lock(connection)
            started = self._clock()  # only now does anybody wait for this
            at, id = self._at
            row = connection.execute(_SOME, {"most": self._size, "at": at, "id": id}).one()
        took = self._clock() - started
        self._size = max(_FEWEST, min(_MOST, self._size * 2, int(self._size * STEP / max(took, 0.001))))
        if not row.looked_at:
            return 0, 0, False
        self._at = (row.last_at, row.last_id)
        return row.mentions, row.pictures, True


class Retention:
    """Prunes once a day what has become older than `age`: a duty of `brand-monitor schedule`.

    Of more than `seconds` of work the rest waits for the next look, so that reports do not. The files of
    pictures go last.
    """

    def __init__(
        self,
        engine: Engine,
        store: PictureStore,
        age: str,
        seconds: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._store = store
        self._age = age
        self._seconds = seconds
        self._now = now
        self._clock = clock
        self._pruning: Pruning | None = None

    def look(self) -> None:
        """Do what is due. Raises `OutageError`, and `SetupError` where rights are missing."""
        before = horizon(self._now(), self._age)
        if self._pruning is None or self._pruning.before != before:
            self._pruning = Pruning(self._engine, before, self._clock)
        if not self._pruning.due():
            return
        self._pruning.begin()
        until = self._clock() + self._seconds
        done = self._pruning.run(lambda: self._clock() < until)
        _log.info(
            "pruned",
            before=before.date().isoformat(),
            mentions=done.mentions,
            pictures=done.pictures,
            finished=done.finished,
        )
        if done.finished:
            sweep(self._engine, self._store)


KEPT_FROM: Final = text("SELECT max(before) FROM pruning")
"""One row and column: from when on mentions are kept, null for all."""

_FIND: Final = text("""
    SELECT source, count(*) AS mentions, min(published_at) AS first
    FROM mention WHERE published_at < :before GROUP BY source ORDER BY 2 DESC, 1
""")
_ALL: Final = text("SELECT count(*) FROM mention")
_BEGIN: Final = text("SELECT prune_begin(:before)")
_DUE: Final = text("""
    SELECT coalesce(
        (SELECT before < :before OR ended_at IS NULL FROM pruning ORDER BY before DESC LIMIT 1), true)
""")
_SOME: Final = text("SELECT * FROM prune_some(:most, CAST(:at AS timestamptz), CAST(:id AS uuid))")
_END: Final = text("SELECT prune_end(), prune_marks()")
