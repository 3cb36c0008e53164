"""Doubles for what the stream room talks to, where a test has to decide when it is slow, away or broken."""

import asyncio
import json
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest
from aiokafka import AIOKafkaProducer

from monitor.messages import Sentiment, decode_text
from monitor.settings import Agents, Device, Settings, load_settings
from monitor.storage.attempts import Claim, Place
from monitor.storage.records import (
    Batch,
    Change,
    DeletionResult,
    ImageResult,
    RecordPosition,
    Rejection,
    TextResult,
    WriteOutcome,
)
from monitor.stream.app import StreamApp
from monitor.stream.destination import Destination
from monitor.stream.intake import Intake
from monitor.stream.ledger import Ledger
from monitor.stream.metrics import Metrics
from monitor.stream.outage import OutageRetry
from monitor.stream.pipeline import Pipeline
from monitor.stream.positions import read_positions
from monitor.stream.quarantine import Quarantine
from monitor.stream.reader import Start
from monitor.stream.records import Partition, Record, Stretch
from monitor.stream.scoring import Outcome
from monitor.stream.topics import create_topics

NEUTRAL = Sentiment(label="neutral", p_negative=0.1, p_neutral=0.8, p_positive=0.1)


PARTITION = Partition("mentions.text", 0)


class Broker(Protocol):
    url: str


class ScriptedScoring:
    """Scores every text neutral, after `before` has been awaited with the batch; `before` may hang or
    raise."""

    device = Device.CPU
    busy = False

    def __init__(self) -> None:
        self.before: Callable[[Sequence[Record]], Any] = lambda _batch: None
        self.batches: list[list[int]] = []
        self.restored: list[ImageResult] = []

    async def restore(self, results: Sequence[ImageResult]) -> None:
        self.restored += results

    async def score(self, records: Sequence[Record]) -> list[Outcome]:
        self.batches.append([record.position.offset for record in records])
        waiting = self.before(records)
        if waiting is not None:
            await waiting
        return [
            TextResult(
                position=record.position,
                mention=decode_text(record.value, max_chars=1000),
                sentiment=NEUTRAL,
                brands=(),
                model_version="scripted@1",
            )
            for record in records
        ]


class MemoryWriter:
    """Keeps what was written; `before` may hang or raise, `more` is what an outcome says beside counts."""

    def __init__(self) -> None:
        self.before: Callable[[Batch], Any] = lambda _batch: None
        self.batches: list[Batch] = []
        self.more: dict[str, Any] = {}

    async def write(self, batch: Batch) -> WriteOutcome:
        waiting = self.before(batch)
        if waiting is not None:
            await waiting
        self.batches.append(batch)
        return WriteOutcome(len(batch.results), 0, len(batch.rejections), **self.more)

    @property
    def ids(self) -> list[str]:
        results = [result for batch in self.batches for result in batch.results]
        return [result.mention.id for result in results if not isinstance(result, DeletionResult)]


class SilentAnnouncer:
    """Keeps what was announced."""

    def __init__(self) -> None:
        self.rejections: list[Rejection] = []
        self.results: list[Change] = []

    async def announce(self, changes: Sequence[Change], rejections: Sequence[Rejection]) -> None:
        self.results += changes
        self.rejections += rejections


class MemoryClaims:
    """Claims as the database would have them; `known` by topic and partition."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, int], Claim] = {}
        self.said: list[tuple[Any, ...]] = []

    async def written(self, places: Sequence[Place]) -> dict[tuple[str, int], int | None]:
        return {(one.topic, one.partition): None for one in places}

    async def claim(self, places: Sequence[Place]) -> dict[tuple[str, int], Claim]:
        return {
            (one.topic, one.partition): self.known.get((one.topic, one.partition), Claim()) for one in places
        }

    async def release(self, places: Sequence[Place]) -> None:
        self.said.append(("release", len(places)))

    async def begin(self, place: Place, offset: int) -> None:
        self.said.append(("begin", offset))

    async def finish(self, place: Place, offset: int) -> None:
        self.said.append(("finish", offset))

    async def accuse(self, place: Place, deaths: int) -> None:
        self.said.append(("accuse", place.partition, deaths))


@dataclass
class Bench:
    """A pipeline between a script and a memory."""

    batch_size: int = 4
    scoring: ScriptedScoring = field(default_factory=ScriptedScoring)
    writer: MemoryWriter = field(default_factory=MemoryWriter)
    announcer: SilentAnnouncer = field(default_factory=SilentAnnouncer)
    ledger: Ledger = field(default_factory=Ledger)
    metrics: Metrics = field(default_factory=Metrics)
    retry: OutageRetry = field(default_factory=lambda: OutageRetry(0.3))
    claims: MemoryClaims = field(default_factory=MemoryClaims)
    quarantine: Quarantine = field(init=False)
    topic_ids: dict[str, str | None] = field(default_factory=dict)
    starts: list[dict[Any, Start]] = field(default_factory=list)
    sweeps: int = 0

    def pictures_gone(self) -> None:
        self.sweeps += 1

    def __post_init__(self) -> None:
        logs = defaultdict(lambda: "log")
        self.quarantine = Quarantine(self.claims, self.retry, self.metrics, logs, deaths=3)

    def pipeline(self, name: str = "texts", scoring: ScriptedScoring | None = None) -> Pipeline:
        return Pipeline(name, scoring or self.scoring, Intake(self.batch_size, 0.05), self.destination)

    @property
    def assignments(self) -> "Bench":
        return self

    async def check_log(self) -> None:
        """Nothing to check here."""

    async def assigned(self, starts: Mapping[Any, Start]) -> Mapping[Any, Start]:
        self.starts.append(dict(starts))
        return starts

    async def released(self, topics: Any) -> None:
        """Nothing was claimed."""

    @property
    def destination(self) -> Destination:
        return Destination(
            *(defaultdict(lambda: "log"), self.writer, self.announcer, self.ledger, self.retry),
            *(self.quarantine, self.metrics),
            pictures_gone=self.pictures_gone,
        )


def stretch(*records: Record, start: int | None = None, end: int | None = None) -> Stretch:
    """The records' stretch, from the first to the last unless told otherwise."""
    offsets = [one.position.offset for one in records]
    return Stretch(
        partition=records[0].partition if records else PARTITION,
        start=offsets[0] if start is None else start,
        end=offsets[-1] + 1 if end is None else end,
        records=records,
        size=sum(one.size for one in records),
        generation=records[0].generation if records else 1,
    )


def record(offset: int, partition: int = 0, generation: int = 1, value: bytes | None = None) -> Record:
    body = {"id": f"{partition}-{offset}", "source": "s", "text": "t", "published_at": "2026-03-01T09:30:00Z"}
    position = RecordPosition(
        topic="mentions.text", partition=partition, offset=offset, timestamp=datetime(2026, 3, 1, tzinfo=UTC)
    )
    return Record(
        position=position,
        generation=generation,
        key=None,
        value=json.dumps(body).encode() if value is None else value,
        headers=(),
    )


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.ledger.assigned(1)
    made.ledger.begin({PARTITION: 0})
    return made


@pytest.fixture(scope="session")
def stretches() -> Callable[..., Stretch]:
    return stretch


@pytest.fixture(scope="session")
def records() -> Callable[..., Record]:
    return record


@dataclass
class Site:
    """Topics and a group of one's own on a real broker, and Faust applications on them."""

    settings: Settings

    async def publish(self, topic: str, count: int, start: int = 0) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.bootstrap_servers)
        await producer.start()
        for number in range(start, start + count):
            body = {"id": f"m{number}", "source": "s", "text": "t", "published_at": "2026-03-01T09:30:00Z"}
            await producer.send(
                self.settings.topic(topic), json.dumps(body).encode(), key=f"m{number}".encode()
            )
        await producer.stop()

    async def committed(self) -> int:
        positions = await read_positions(self.settings)
        return sum(position.committed or 0 for position in positions)

    @asynccontextmanager
    async def running(
        self, pipelines: dict[str, Pipeline], bench: Bench, agents: Agents = Agents.TEXTS
    ) -> AsyncIterator[StreamApp]:
        app = StreamApp(
            *(self.settings, agents, pipelines, bench.ledger, bench.metrics, bench.assignments),
            bench.topic_ids,
        )
        start = asyncio.create_task(app.start())
        try:
            yield app
        finally:
            start.cancel()
            await asyncio.wait_for(app.stop(), 15)
            await asyncio.gather(start, return_exceptions=True)


@pytest.fixture
async def site(broker: Broker) -> Site:
    unique = uuid.uuid4().hex[:8]
    settings = load_settings(
        kafka_url=broker.url,
        topic_prefix=f"t{unique}",
        consumer_group=f"g{unique}",
        topic_partitions=1,
        rebalance_timeout=2.0,
        session_timeout=6.0,
        stop_timeout=2.0,
    )
    await create_topics(settings)
    return Site(settings)


async def until(done: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110 - conditions of all kinds, some of them on servers
            await asyncio.sleep(0.02)


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    return until
