"""Where partitions begin and end, as a fetch says it.

The embedded broker's answer to ListOffsets counts the last batch of records as a single one; the high
watermark that comes with every fetch is right on every broker.
"""

import asyncio
import time
from collections.abc import Collection
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from monitor.errors import OutageError

_PATIENCE: Final = 15.0
"""Seconds for the leaders of all partitions to answer one fetch."""

_POLL_MS: Final = 100
"""Milliseconds a fetch waits at the end of a partition for more."""


async def end_offsets(
    reader: AIOKafkaConsumer, partitions: Collection[TopicPartition]
) -> dict[TopicPartition, int]:
    """The offset after the last record of each partition. Assigns the reader to them and leaves it at the
    ends.

    Raises `OutageError` if a partition's leader does not answer.
    """
    if not partitions:
        return {}
    reader.assign(list(partitions))
    listed = await reader.end_offsets(partitions)
    for partition, offset in listed.items():
        reader.seek(partition, offset)
    deadline = time.monotonic() + _PATIENCE
    while any(reader.highwater(partition) is None for partition in partitions):
        if time.monotonic() > deadline:
            raise OutageError(
                f"no answer from the leaders of some of {len(partitions)} partitions; is a broker down?"
            )
        await reader.getmany(timeout_ms=_POLL_MS)
        await asyncio.sleep(0)  # an answer without records is taken in by the loop
    return {partition: max(listed[partition], reader.highwater(partition)) for partition in partitions}
