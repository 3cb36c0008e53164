"""What the harness asks of Kafka beside publishing: topics, groups, positions.

Everything retries for a while, since brokers come and go here.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import DeleteGroupsRequest

_PATIENCE: Final = 60.0
_AGAIN: Final = 0.3

T = TypeVar("T")
Place = tuple[str, int]
"""Topic and partition."""


class Kafka:
    """One consumer group and its topics, seen from outside."""

    def __init__(self, servers: list[str], group: str) -> None:
        self._servers = servers
        self._group = group

    async def create(self, topics: Mapping[str, int]) -> None:
        """Topics with so many partitions, three replicas; back when every broker knows them."""

        async def make(admin: AIOKafkaAdminClient) -> None:
            there = set(await admin.list_topics())
            config = {"max.message.bytes": str(17 * 2**20), "retention.ms": "-1"}
            new = [
                NewTopic(name, n, 3, topic_configs=config) for name, n in topics.items() if name not in there
            ]
            if new:
                await admin.create_topics(new, timeout_ms=10_000)
            for described in await admin.describe_topics(list(topics)):
                if described["error_code"] or len(described["partitions"]) != topics[described["topic"]]:
                    raise ConnectionError(f"{described['topic']} is not ready")
                if any(one["leader"] < 0 for one in described["partitions"]):
                    raise ConnectionError(f"{described['topic']} has no leader yet")

        await self._retry(make)

    async def delete(self, *topics: str) -> None:
        """Back when no broker knows them any more."""

        async def drop(admin: AIOKafkaAdminClient) -> None:
            there = set(await admin.list_topics()) & set(topics)
            if there:
                await admin.delete_topics(sorted(there), timeout_ms=10_000)
                raise ConnectionError("not gone yet")

        await self._retry(drop)

    async def add_partitions(self, topic: str, total: int) -> None:
        async def add(admin: AIOKafkaAdminClient) -> None:
            (described,) = await admin.describe_topics([topic])
            if len(described["partitions"]) < total:
                await admin.create_partitions({topic: NewPartitions(total)}, timeout_ms=10_000)
                raise ConnectionError("not there yet")

        await self._retry(add)

    async def delete_records(self, before: Mapping[Place, int]) -> None:
        """Let the log forget what lies below these offsets."""
        wanted = {TopicPartition(*place): RecordsToDelete(before_offset=n) for place, n in before.items()}
        if wanted:
            await self._retry(lambda admin: admin.delete_records(wanted, timeout_ms=10_000))

    async def delete_group(self) -> None:
        """Forget what the group committed; waits until it has no members."""

        async def drop(admin: AIOKafkaAdminClient) -> None:
            coordinator = await admin.find_coordinator(self._group)
            answer = await admin._send_request_to_node(coordinator, DeleteGroupsRequest([self._group]))
            for _, error in answer.results:
                if error not in (0, 69):  # 69: there is none
                    raise ConnectionError(f"group not deleted: error {error}")

        await self._retry(drop)

    async def committed(self, places: Iterable[Place] | None = None) -> dict[Place, int]:
        """The group's offsets, all of them or those of these partitions."""
        wanted = None if places is None else [TopicPartition(*place) for place in places]

        async def ask(admin: AIOKafkaAdminClient) -> dict[Place, int]:
            found = await admin.list_consumer_group_offsets(self._group, partitions=wanted)
            return {
                (one.topic, one.partition): held.offset for one, held in found.items() if held.offset >= 0
            }

        return await self._retry(ask)

    async def coordinator(self) -> int:
        """The node that coordinates the group."""
        return await self._retry(lambda admin: admin.find_coordinator(self._group))

    async def ends(self, topics: list[str]) -> dict[Place, int]:
        """High watermarks."""

        async def ask(admin: AIOKafkaAdminClient) -> dict[Place, int]:
            described = await admin.describe_topics(topics)
            places = [
                TopicPartition(topic["topic"], partition["partition"])
                for topic in described
                for partition in topic["partitions"]
            ]
            reader = AIOKafkaConsumer(bootstrap_servers=self._servers, request_timeout_ms=5000)
            await reader.start()
            try:
                found = await reader.end_offsets(places)
            finally:
                await reader.stop()
            return {(place.topic, place.partition): end for place, end in found.items()}

        return await self._retry(ask)

    async def _retry(self, action: Callable[[AIOKafkaAdminClient], Awaitable[T]]) -> T:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                async with asyncio.timeout(20), self._admin() as admin:
                    return await action(admin)
            except (KafkaError, OSError, TimeoutError, AssertionError, KeyError) as error:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"Kafka did not do it in {_PATIENCE:.0f} s: {error!r}") from error
                await asyncio.sleep(_AGAIN)

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        options: dict[str, Any] = {"bootstrap_servers": self._servers, "request_timeout_ms": 8000}
        admin = AIOKafkaAdminClient(**options, client_id="nemesis-admin")
        try:
            await admin.start()
            yield admin
        finally:
            await admin.close()
