"""Everything that was ever in the topics of a run, read by the harness itself: committed records from offset
0, whatever their codec, also those that the log no longer holds.

What is about to be deleted has to be read before (`read`). A topic that is created anew begins a new life.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.structs import TopicPartition

from tests.nemesis import wire

_READ_COMMITTED: Final = 1
_FETCH_BYTES: Final = 32 * 2**20


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a record lies or lay."""

    topic: str
    life: int
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A record, or a whole batch that cannot be read (`record` is None)."""

    place: Place
    record: wire.Read | None
    why: str = ""


@dataclass
class _Position:
    next: int = 0
    aborted: set[int] = field(default_factory=set)


class Archive:
    """Reads topics and keeps what it read. Also sends batches as they are, since it has the connections."""

    def __init__(self, servers: list[str]) -> None:
        self._client = AIOKafkaClient(
            bootstrap_servers=servers,
            client_id="nemesis-archive",
            request_timeout_ms=10_000,
            metadata_max_age_ms=1000,
        )
        self._life: dict[str, int] = defaultdict(int)
        self._positions: dict[tuple[str, int, int], _Position] = defaultdict(_Position)
        self._entries: dict[str, list[Entry]] = defaultdict(list)

    async def start(self) -> None:
        await self._client.bootstrap()

    async def close(self) -> None:
        await self._client.close()

    def entries(self, topic: str) -> Iterator[Entry]:
        return iter(self._entries[topic])

    def life(self, topic: str) -> int:
        return self._life[topic]

    def reborn(self, topic: str) -> None:
        """The topic was deleted and created anew."""
        self._life[topic] += 1

    async def partitions(self, topic: str) -> list[int]:
        for _ in range(100):
            await self._client.force_metadata_update()
            found = self._client.cluster.partitions_for_topic(topic)
            if found:
                return sorted(found)
            await self._client._wait_on_metadata(topic)
            await asyncio.sleep(0.1)
        raise TimeoutError(f"no metadata of {topic}")

    async def leader(self, topic: str, partition: int) -> int:
        """The node that leads the partition; waits for one."""
        for _ in range(300):
            leader = self._client.cluster.leader_for_partition(TopicPartition(topic, partition))
            if leader is not None and leader >= 0:
                return int(leader)
            await self._client.force_metadata_update()
            await asyncio.sleep(0.1)
        raise TimeoutError(f"no leader of {topic}[{partition}]")

    async def read(self, *topics: str) -> None:
        """Read what is new, up to the last stable offset."""
        for topic in topics:
            for partition in await self.partitions(topic):
                await self._read(topic, partition)

    async def send(self, topic: str, partition: int, data: bytes) -> int:
        """Put a batch into the log as it is; its first offset."""
        request = ProduceRequest(None, -1, 15_000, [(topic, [(partition, data)])])
        answer = await self._ask(topic, partition, request)
        _, error, offset = answer.topics[0][1][0][:3]
        if error:
            raise RuntimeError(f"{topic}[{partition}] refuses a batch: error {error}")
        return int(offset)

    async def _read(self, topic: str, partition: int) -> None:
        life = self._life[topic]
        position = self._positions[topic, life, partition]
        while True:
            request = FetchRequest(
                100, 1, _FETCH_BYTES, _READ_COMMITTED, [(topic, [(partition, position.next, _FETCH_BYTES)])]
            )
            answer = await self._ask(topic, partition, request)
            found = answer.topics[0][1][0]
            error, high = found[1], found[2]
            if error:
                raise RuntimeError(f"{topic}[{partition}]@{position.next}: fetch error {error}")
            aborted = sorted(
                next((one for one in found[4:] if isinstance(one, list)), None) or (), key=_first
            )
            before = position.next
            self._take(topic, life, partition, position, found[-1], aborted)
            if position.next >= high or position.next == before:  # an open transaction ends it, too
                return

    def _take(
        self,
        topic: str,
        life: int,
        partition: int,
        position: _Position,
        data: bytes | None,
        aborted: list[tuple[int, int]],
    ) -> None:
        for batch in wire.batches(data or b""):
            while aborted and aborted[0][1] <= batch.last:
                position.aborted.add(aborted.pop(0)[0])
            if batch.last < position.next:
                continue
            begin, position.next = position.next, batch.last + 1
            if batch.control:
                if batch.aborts:
                    position.aborted.discard(batch.producer)
                continue
            if batch.transactional and batch.producer in position.aborted:
                continue
            if batch.records is None:
                place = Place(topic, life, partition, batch.first)
                self._entries[topic].append(Entry(place, None, batch.why))
            for record in batch.records or ():
                if record.offset >= begin:
                    self._entries[topic].append(Entry(Place(topic, life, partition, record.offset), record))

    async def _ask(self, topic: str, partition: int, request: Any) -> Any:
        failure: object = None
        for _ in range(60):
            leader = await self.leader(topic, partition)
            try:
                answer = await self._client.send(leader, request)
            except (KafkaError, OSError) as error:
                failure = error
            else:
                error = answer.topics[0][1][0][1]
                if error not in (3, 5, 6, 74, 75, 19, 20):  # who leads has changed, or replicas are missing
                    return answer
                failure = error
            await asyncio.sleep(0.3)
            await self._client.force_metadata_update()
        raise TimeoutError(f"{topic}[{partition}]: {failure}")


def _first(aborted: tuple[int, int]) -> int:
    return aborted[1]
