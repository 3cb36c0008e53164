"""One entry of sources.toml, collected for as long as the process runs.

Whoever holds the entry's lock collects; another process stands by. A pass goes from the saved states to the
source's last page; each page is published, then saved. What fails is tried again, later each time.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from monitor.errors import OutageError, SetupError
from monitor.sources.faults import shown
from monitor.sources.interface import Page, Source, SourceOutageError
from monitor.sources.publication import Publication
from monitor.sources.stopping import Stop, StoppedError
from monitor.storage.collectors import Change, Held, Tally, held
from monitor.stream.metrics import CollectMetrics

_STANDBY: Final = 5.0
"""Seconds until another process is asked for again; a killed one's lock is free within that."""
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 300.0
"""Seconds before a pass that failed is tried again: twice as many each time."""
_MENDING: Final = 600.0
"""Seconds before it is tried again where somebody has to mend something."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Health:
    """How an entry goes, for /health."""

    holds: bool = False
    succeeded_at: datetime | None = None
    fault: str | None = None

    def __str__(self) -> str:
        if not self.holds:
            return f"another process collects it{f'; {self.fault}' if self.fault else ''}"
        last = f"last success {self.succeeded_at.isoformat(timespec='seconds')}" if self.succeeded_at else ""
        return "; ".join(filter(None, (last or "no success yet", self.fault)))


class Collector:
    """Collects one source. `run` returns after the stop, or after one pass."""

    def __init__(
        self,
        kind: str,
        source: Source,
        publication: Publication,
        engine: AsyncEngine,
        stop: Stop,
        metrics: CollectMetrics,
        now: Callable[[], datetime],
    ) -> None:
        self.health = Health()
        self._kind = kind
        self._source = source
        self._publication = publication
        self._engine = engine
        self._stop = stop
        self._metrics = metrics
        self._now = now
        self._failures = 0
        self._log = _log.bind(collector=source.name)

    @property
    def streams(self) -> bool:
        """Whether it never ends by itself."""
        return self._source.interval is None

    async def run(self) -> None:
        """Until the stop; no failure ends it."""
        try:
            while True:
                try:
                    async with self._holding() as one:
                        if one is not None:
                            await self._collect(one)
                    pause = _STANDBY
                except (StoppedError, asyncio.CancelledError):
                    raise
                except Exception as error:  # the lock is gone, or the database: all begins anew
                    pause = self._failed(error)
                await self._stop.sleep(pause)
        except StoppedError:
            pass

    async def run_once(self) -> str | None:
        """One pass; why it failed, or None."""
        try:
            async with self._holding() as one:
                if one is None:
                    return "another process collects it now"
                try:
                    await self._pass(one)
                except (StoppedError, asyncio.CancelledError):
                    raise
                except Exception as error:
                    self._failed(error)
                    await one.note_fault(_told(error))
                    return _told(error)
        except StoppedError:
            return "stopped"
        except Exception as error:  # the database: the other passes go on
            self._failed(error)
            return _told(error)
        return None

    @asynccontextmanager
    async def _holding(self) -> AsyncIterator[Held | None]:
        name = self._source.name
        async with held(self._engine, name, self._source.source) as one:
            if one is None:
                yield None
                return
            await one.begin(self._kind)
            self._log.info("collecting")
            self.health.holds = True
            self._metrics.holds.labels(name).set(1)
            try:
                yield one
            finally:
                self.health.holds = False
                self._metrics.holds.labels(name).set(0)

    async def _collect(self, one: Held) -> None:
        """Pass after pass. Raises what the database raises."""
        while True:
            try:
                await self._pass(one)
                pause = self._until_next()
            except (StoppedError, asyncio.CancelledError):
                raise
            except Exception as error:
                pause = self._failed(error)
                await one.note_fault(_told(error))
            await self._stop.sleep(pause)

    async def _pass(self, one: Held) -> None:
        pages = self._source.pages(await one.states())
        try:
            while (page := await self._stop.unless(_next(pages))) is not None:
                await self._take(page, one)
                if self._stop.is_set:
                    raise StoppedError
        finally:
            close = getattr(pages, "aclose", None)  # a generator holds connections open
            if close is not None:
                await close()
        await self._save(Change(), one)

    async def _take(self, page: Page, one: Held) -> None:
        if page.items:
            change = await self._publication.publish(page, one, self._now())
        elif page.state is not None:
            change = Change(part=page.part, state=page.state)
        else:
            return
        await self._save(change, one)
        if change.tally.published:
            part = shown(page.part) if "://" in page.part else page.part
            self._log.info("published", part=part, **_counted(change.tally))

    async def _save(self, change: Change, one: Held) -> None:
        await one.save(change)
        now = self._now()
        self._failures, self.health.fault, self.health.succeeded_at = 0, None, now
        self._metrics.succeeded.labels(self._source.name).set(now.timestamp())
        for what, count in _counted(change.tally).items():
            self._metrics.collected.labels(self._source.name, what).inc(count)

    def _until_next(self) -> float:
        if self._source.interval is None:
            raise SourceOutageError("the stream ended")
        return self._source.interval * random.uniform(0.9, 1.1)  # noqa: S311 - not in step with others

    def _failed(self, error: Exception) -> float:
        """Note it; seconds until it is tried again."""
        self._failures += 1
        self.health.fault = _told(error)
        self._metrics.faults.labels(self._source.name).inc()
        pause = pause_after(error, self._failures)
        expected = isinstance(error, OutageError | SetupError)
        self._log.warning(
            "failed", why=_told(error), again_in_s=round(pause, 1), exc_info=None if expected else error
        )
        return pause


def pause_after(error: Exception, failures: int) -> float:
    """Seconds until the next try after so many in a row that failed, 1 or more: half fixed, half random."""
    if isinstance(error, SetupError):
        longest = _MENDING
    else:
        longest = min(_FIRST_PAUSE * 2.0 ** min(failures - 1, 20), _LONGEST_PAUSE)
    pause = longest * random.uniform(0.5, 1.0)  # noqa: S311 - not in step with others
    asked = error.retry_after if isinstance(error, SourceOutageError) else None
    return pause if asked is None else max(pause, asked * random.uniform(1.0, 1.1))  # noqa: S311


async def _next(pages: AsyncIterator[Page]) -> Page | None:
    return await anext(pages, None)


def _counted(tally: Tally) -> dict[str, int]:
    return {name: count for name, count in asdict(tally).items() if count}


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__
