"""What has to happen before the first record of an assignment flows, and after its last."""

from collections.abc import Mapping

import structlog
from faust.types import TP

from monitor.storage.attempts import Claim, Place
from monitor.stream.metrics import Metrics
from monitor.stream.quarantine import Quarantine
from monitor.stream.reader import Start
from monitor.stream.watch import BrokerWatch

_log = structlog.get_logger(__name__)


class Assignment:
    """Claims partitions, and says where reading them does not simply go on. `logs` and `batch_sizes` are by
    topic."""

    def __init__(
        self,
        watch: BrokerWatch,
        quarantine: Quarantine,
        metrics: Metrics,
        logs: Mapping[str, str],
        batch_sizes: Mapping[str, int],
    ) -> None:
        self._watch = watch
        self._quarantine = quarantine
        self._metrics = metrics
        self._logs = logs
        self._batch_sizes = batch_sizes

    async def check_log(self) -> None:
        """Raises `LogReplacedError` where the log is no longer the one this worker started on."""
        await self._watch.check_log()

    async def assigned(self, starts: Mapping[TP, Start]) -> None:
        """Claim the partitions in the database. Raises `OutageError` after all retries."""
        places = [
            Place(
                log_id=self._logs[one.topic],
                topic=one.topic,
                partition=one.partition,
                position=start.offset,
                low=start.low,
            )
            for one, start in starts.items()
        ]
        claims = await self._quarantine.claim(places, self._batch_sizes)
        for one, start in starts.items():
            self._tell(one, start, claims[one])

    async def released(self) -> None:
        """Give them back; raises nothing."""
        await self._quarantine.release()

    def _tell(self, one: TP, start: Start, claim: Claim) -> None:
        place = {"topic": one.topic, "partition": one.partition, "offset": start.offset}
        if start.expired:
            self._metrics.expired.labels(one.topic).inc(start.expired)
            _log.error(
                "offsets left the log before they were read; raise the topic's retention",
                **place,
                committed=start.committed,
            )
        elif start.other_life:
            _log.warning(
                "the committed offset is of an earlier life of the topic, this one is read from its start",
                **place,
                committed=start.committed,
                topic_id=start.life,
            )
        elif start.committed is None and claim.before:
            _log.warning(
                "the group's offset is gone (expired, deleted, or never committed), the log is read from its "
                "start; what is stored already is replaced, not doubled",
                **place,
            )
