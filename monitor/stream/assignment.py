"""What has to happen before the first record of an assignment flows, and after its last."""

from collections.abc import Collection, Container, Mapping

import structlog
from faust.types import TP

from monitor.storage.attempts import Place
from monitor.stream.identity import LogIdentity
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
        log: LogIdentity,
        logs: Mapping[str, str],
        batch_sizes: Mapping[str, int],
    ) -> None:
        self._watch = watch
        self._quarantine = quarantine
        self._metrics = metrics
        self._log = log
        self._logs = logs
        self._batch_sizes = batch_sizes

    async def check_log(self) -> None:
        """Raises `LogReplacedError` where the log is no longer the one this worker started on."""
        await self._watch.check_log()

    async def assigned(self, starts: Mapping[TP, Start]) -> Mapping[TP, Start]:
        """Claim the partitions in the database, and say where each is read from after all. Raises
        `OutageError` after all retries.
        """
        written = await self._quarantine.written([self._place(one, start) for one, start in starts.items()])
        starts = {one: self._of_this_life(one, start, written) for one, start in starts.items()}
        await self._quarantine.claim(
            [self._place(one, start) for one, start in starts.items()], self._batch_sizes
        )
        for one, start in starts.items():
            self._tell(one, start, written.get(one))
        return starts

    def _of_this_life(self, one: TP, start: Start, read: Container[TP]) -> Start:
        """In a topic made anew, an offset that does not name its life counts only if we have read this life
        before: the embedded broker keeps no such word, nor does it forget the offsets of a topic deleted."""
        doubtful = start.committed is not None and not (start.life or start.other_life)
        if doubtful and self._logs[one.topic] != self._log.cluster_id and one not in read:
            return start._replace(offset=start.low, other_life=True)
        return start

    def _place(self, one: TP, start: Start) -> Place:
        return Place(
            log_id=self._logs[one.topic],
            topic=one.topic,
            partition=one.partition,
            position=start.offset,
            low=start.low,
        )

    async def released(self, topics: Collection[str]) -> None:
        """Give those of these topics back; raises nothing."""
        await self._quarantine.release(topics)

    def _tell(self, one: TP, start: Start, written: int | None) -> None:
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
        elif start.committed is None and written is not None and written >= start.offset:
            _log.warning(
                "the group's offset is gone (expired, deleted, or never committed): the log is read from its "
                "start; what is stored already is replaced, not doubled",
                **place,
            )
