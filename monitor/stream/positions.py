"""Where the workers stand in the log: per partition the offsets it holds and the one committed. For status
and audit."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError

from monitor.errors import SetupError
from monitor.settings import Settings
from monitor.stream.clients import open_admin, open_reader
from monitor.stream.topics import INPUTS
from monitor.stream.watermarks import end_offsets

_COORDINATOR: Final = 20.0
"""Seconds for a cluster to name a group's coordinator: a new one creates its offsets topic on the first
question."""

_POLL: Final = 0.2
"""Seconds between questions."""


@dataclass(frozen=True)
class PartitionPosition:
    """Offsets of one partition: it holds `low` up to, not including, `high`; `committed` is the next to be
    read."""

    topic: str
    partition: int
    low: int
    high: int
    committed: int | None

    @property
    def lag(self) -> int:
        """Records not yet committed; 0 where the group is said to have read beyond the log's end."""
        return max(0, self.high - max(self.low, self.committed or 0))


async def read_positions(settings: Settings) -> list[PartitionPosition]:
    """Positions of every partition that workers consume, by topic and partition.

    Raises `OutageError`, and `SetupError` if the topics were never created.
    """
    topics = [settings.topic(name) for name in INPUTS]
    async with open_admin(settings) as admin:
        missing = set(topics) - set(await admin.list_topics())
        if missing:
            raise SetupError(f"no topics {sorted(missing)} in Kafka; run `brand-monitor topics create`")
        described = await admin.describe_topics(topics)
        partitions = sorted(
            TopicPartition(topic["topic"], partition["partition"])
            for topic in described
            for partition in topic["partitions"]
        )
        committed = await _committed(admin, settings.consumer_group, partitions)
    async with open_reader(settings) as reader:
        low = await reader.beginning_offsets(partitions)
        high = await end_offsets(reader, partitions)
    return [
        PartitionPosition(
            partition.topic,
            partition.partition,
            low[partition],
            high[partition],
            _offset(committed.get(partition)),
        )
        for partition in partitions
    ]


async def _committed(
    admin: AIOKafkaAdminClient, group: str, partitions: list[TopicPartition]
) -> Mapping[TopicPartition, object]:
    deadline = time.monotonic() + _COORDINATOR
    while True:
        try:
            offsets: Mapping[TopicPartition, object] = await admin.list_consumer_group_offsets(
                group, partitions=partitions
            )
        except (GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(_POLL)
        else:
            return offsets


def _offset(committed: object) -> int | None:
    """Kafka answers -1 where the group never committed."""
    offset = getattr(committed, "offset", -1)
    return int(offset) if offset >= 0 else None
