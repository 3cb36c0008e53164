"""Everything that a fault may touch, and the measure of being well again."""

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import Any, Final

from monitor.settings import Settings
from tests.nemesis.archive import Archive, Place
from tests.nemesis.cluster import Cluster
from tests.nemesis.crew import Crew
from tests.nemesis.database import Database, Postgres
from tests.nemesis.kafka import Kafka
from tests.nemesis.proxy import Proxy
from tests.nemesis.publisher import Publisher

_LOOK: Final = 0.2
"""Seconds between looks at the group's offsets."""

_PATIENCE: Final = 40.0
"""Seconds for a version of a mention to be stored while nothing is wrong."""


class StuckError(Exception):
    """The stream did not get over something within the limit."""


@dataclass
class Stage:
    """One seed's deployment."""

    rng: random.Random
    settings: Settings
    cluster: Cluster
    postgres: Postgres
    database: Database
    proxy: Proxy
    crew: Crew
    publisher: Publisher
    archive: Archive
    kafka: Kafka
    partitions: dict[str, int]
    records: int
    """To publish while a fault is on."""
    excused: set[Place] = field(default_factory=set)

    @property
    def inputs(self) -> list[str]:
        return [self.settings.topic("text"), self.settings.topic("image")]

    async def targets(self) -> dict[tuple[str, int], int]:
        """Per partition, the offset after the last committed record that the log holds now."""
        await self.archive.read(*self.inputs)
        ends: dict[tuple[str, int], int] = {}
        for topic in self.inputs:
            for entry in self.archive.entries(topic):
                place = entry.place
                if place.life == self.archive.life(topic):
                    key = (topic, place.partition)
                    ends[key] = max(ends.get(key, 0), place.offset + 1)
        return ends

    async def in_flight(self) -> int:
        """Records in the log that the group has not committed."""
        ends, committed = await self.kafka.ends(self.inputs), await self.kafka.committed()
        return sum(max(end - committed.get(place, 0), 0) for place, end in ends.items())

    async def recovered(self, limit: float, targets: dict[tuple[str, int], int] | None = None) -> None:
        """Wait until what is in the log now (or up to `targets`) is committed, and with that stored.

        Raises `StuckError` after `limit` seconds.
        """
        wanted = await self.targets() if targets is None else targets
        deadline = time.monotonic() + limit
        while True:
            committed = await self.kafka.committed()
            behind = {
                place: end - committed.get(place, 0)
                for place, end in wanted.items()
                if committed.get(place, 0) < end
            }
            if not behind:
                return
            if time.monotonic() > deadline:
                raise StuckError(f"after {limit:.0f} s still uncommitted: {_shown(behind)}")
            if self.crew.helpless:
                raise StuckError("a worker keeps ending with exit code 2")
            await asyncio.sleep(_LOOK)

    async def stored(self, id: str, author: str) -> None:
        """Wait until the database holds this version of a text."""
        deadline = time.monotonic() + _PATIENCE
        query = "SELECT author FROM mention WHERE kind = 'text' AND external_id = %s"
        while True:
            rows = await asyncio.to_thread(self.database.rows, query, id)
            if rows and rows[0][0] == author:
                return
            if time.monotonic() > deadline:
                raise StuckError(f"{id}: {author} is not stored after {_PATIENCE:.0f} s, but {rows}")
            await asyncio.sleep(0.05)


def _shown(behind: dict[Any, int]) -> str:
    return ", ".join(f"{topic}[{partition}] {n}" for (topic, partition), n in sorted(behind.items()))
