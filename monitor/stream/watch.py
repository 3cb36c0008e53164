"""Watches the broker while the worker runs: is it there, is it still the same log, how far behind are we.

Faust and aiokafka try to reach a lost broker for ever, in silence. The watch ends the worker after the same
time as every other outage, and at once when another cluster answers at the address (an embedded broker that
was restarted) or a topic was deleted and created anew: offsets of one have nothing to do with the other's.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Final

from monitor.errors import OutageError, SetupError
from monitor.settings import Settings
from monitor.stream.app import StreamApp
from monitor.stream.health import CheckResult
from monitor.stream.identity import LogIdentity, read_log
from monitor.stream.metrics import Metrics

_INTERVAL: Final = 5.0
"""Seconds between looks: an outage is noticed well within the shortest sensible MONITOR_OUTAGE_RETRY."""

STALLED_AFTER: Final = 120.0
"""Seconds without a finished batch, with records waiting, until the worker is not ready. A batch of eight
large pictures takes up to half a minute on one slow CPU."""


class LogReplacedError(OutageError):
    """Another log is where ours was."""


class BrokerWatch:
    """Knows when the broker last answered, and whether records wait while nothing is finished."""

    def __init__(
        self,
        settings: Settings,
        log: LogIdentity,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._log = log
        self._metrics = metrics
        self._clock = clock
        self._answered_at = clock()
        started = clock()
        self._moved_at: defaultdict[str, float] = defaultdict(lambda: started)
        self._lag: Counter[str] = Counter()
        self._failure: Exception | None = None

    async def check_log(self) -> None:
        """Ask the broker who it is. Raises `LogReplacedError` if it has become another one, or a topic has;
        being away is no news."""
        try:
            log = await read_log(self._settings)
        except (OutageError, SetupError) as error:
            self._failure = error
            return
        self._answered_at = self._clock()
        if log.cluster_id != self._log.cluster_id:
            raise LogReplacedError(
                f"the broker is now cluster {log.cluster_id!r}, this worker started on "
                f"{self._log.cluster_id!r}; offsets of one mean nothing to the other: start the worker again"
            )
        for topic, known in self._log.topic_ids.items():
            # One that is gone, or that a broker does not know yet, may be coming back; its id will tell.
            if known and known != (log.topic_ids.get(topic) or known):
                raise LogReplacedError(
                    f"topic {topic} was deleted and created anew (id {known}, now {log.topic_ids[topic]}); "
                    "its offsets begin again: start the worker again"
                )

    async def run(self, app: StreamApp) -> None:
        """Look every few seconds; crashes `app` when the broker is lost or replaced. Ends when cancelled."""
        while True:
            await asyncio.sleep(_INTERVAL)
            self._measure(app)
            asked_at = self._clock()
            try:
                await app.check()
                await self.check_log()
            except (OutageError, SetupError) as error:
                await app.crash(error)
                return
            if self._answered_at >= asked_at:
                continue
            self._metrics.outages.labels("reaching the broker").inc()
            away = self._clock() - self._answered_at
            if away > max(self._settings.outage_retry, _INTERVAL):
                await app.crash(OutageError(f"the broker has been away for {away:.0f} s: {self._failure}"))
                return

    async def progressing(self, app: StreamApp) -> CheckResult:
        """The readiness check `consumer`: the broker answers, and no backlog stands still."""
        away = self._clock() - self._answered_at
        if away > 3 * _INTERVAL:
            return CheckResult(False, f"the broker has not answered for {away:.0f} s")
        for name, pipeline in app.pipelines.items():
            lag = self._lag.get(self._settings.topic(name), 0)
            still = self._clock() - max(self._moved_at[name], pipeline.last_batch_at or 0.0)
            if lag and still > STALLED_AFTER:
                waiting = f"{lag} records of {pipeline.name} wait"
                return CheckResult(False, f"{waiting} and no batch was finished for {still:.0f} s")
        return CheckResult(True, f"lag {sum(self._lag.values())}")

    def _measure(self, app: StreamApp) -> None:
        held = app.held
        if held is None:
            return
        self._lag.clear()
        for tp in held:
            high = app.consumer.highwater(tp)
            behind = max((high or 0) - (app.committed(tp) or 0), 0)  # the watermark may be of the last fetch
            self._metrics.lag.labels(tp.topic, str(tp.partition)).set(behind)
            self._lag[tp.topic] += behind
        self._metrics.partitions.set(len(held))
        for name in app.pipelines:
            if not self._lag[self._settings.topic(name)]:
                self._moved_at[name] = self._clock()
