"""The null path: what the stream costs when the models and the database cost nothing.

    python -m benchmarks.streaming.null CONTENDER COUNT    # what `measure` starts, one process each

`aiokafka` is the limit: its consumer's `getmany`, and each record decoded. `worker` is a worker's stream with
everything that keeps records from being lost or doubled (Faust agent, own reading off the wire, stretches,
batches of MONITOR_TEXT_BATCH_SIZE, the ledger, commits every 250 ms), with a scoring that decodes each record
and a writer that drops it.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer

from benchmarks.streaming import brokers
from benchmarks.streaming.measuring import Mark, here
from monitor.local.system import environment
from monitor.messages import decode_text
from monitor.settings import Agents, Device, Settings, load_settings
from monitor.storage.records import Batch, Change, ImageResult, Rejection, TextResult, WriteOutcome
from monitor.stream.app import StreamApp
from monitor.stream.destination import Destination
from monitor.stream.intake import Intake
from monitor.stream.ledger import Ledger
from monitor.stream.logs import configure_logging
from monitor.stream.metrics import Metrics
from monitor.stream.outage import OutageRetry
from monitor.stream.pipeline import Pipeline
from monitor.stream.quarantine import Quarantine
from monitor.stream.reader import Start
from monitor.stream.records import Record
from monitor.stream.scoring import Outcome, Threads

RECORDS: Final = 200_000
PARTITIONS: Final = 4
CONTENDERS: Final = ("aiokafka", "worker")


def texts(count: int) -> Iterator[brokers.Message]:
    """Posts of 140 characters with what platforms tell of them."""
    for number in range(count):
        said = (
            f"VMware came up again in conversation number {number}, " + "as it tends to do these days, " * 3
        )
        yield (
            f"m{number}".encode(),
            f'{{"id":"m{number}","source":"benchmark","text":"{said}","author":"author {number % 997}",'
            f'"published_at":"2026-03-01T09:30:00Z","reach":{number % 5000}}}'.encode(),
        )


def measure(kinds: Sequence[str], quick: bool) -> list[dict[str, Any]]:
    """A row a broker and contender."""
    count = RECORDS // 20 if quick else RECORDS
    rows = []
    for kind in kinds:
        with brokers.broker(kind) as url:
            settings = brokers.topics(url, PARTITIONS)
            brokers.publish(settings, "text", texts(count))
            rows += [
                {"broker": kind, "contender": contender, **_run(contender, settings, count)}
                for contender in CONTENDERS
            ]
    return rows


def _run(contender: str, settings: Settings, count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.streaming.null", contender, str(count)]
    child = subprocess.run(
        command, env={**os.environ, **environment(settings)}, check=True, capture_output=True, text=True
    )
    taken = json.loads(child.stdout.splitlines()[-1])
    return {
        "records": count,
        **taken,
        "per_second": count / taken["seconds"],
        "per_cpu_second": count / taken["cpu"],
    }


async def aiokafka(settings: Settings, count: int) -> dict[str, float]:
    """From the first records on."""
    consumer = AIOKafkaConsumer(
        settings.topic("text"),
        bootstrap_servers=settings.bootstrap_servers,
        group_id=f"{settings.consumer_group}-aiokafka",
        auto_offset_reset="earliest",
        auto_commit_interval_ms=250,
        rebalance_timeout_ms=4000,
        session_timeout_ms=10_000,
    )
    await consumer.start()
    read, began = 0, None
    while read < count:
        for records in (await consumer.getmany(timeout_ms=1000)).values():
            began = began or here()
            for record in records:
                decode_text(record.value, max_chars=settings.text_max_chars)
            read += len(records)
    assert began is not None
    taken = here() - began
    await consumer.stop()
    return {"seconds": taken.at, "cpu": taken.cpu}


class NullScoring:
    """Decodes, in a thread as the models do, and knows nothing."""

    device = Device.CPU
    busy = False

    def __init__(self, settings: Settings) -> None:
        self.began: Mark | None = None
        self._thread = Threads("null")
        self._max_chars = settings.text_max_chars

    async def score(self, records: Sequence[Record]) -> list[Outcome]:
        self.began = self.began or here()
        return await self._thread(lambda: [self._outcome(record) for record in records])

    async def restore(self, results: Sequence[ImageResult]) -> None:
        """There are no files."""

    def _outcome(self, record: Record) -> TextResult:
        mention = decode_text(record.value, record.content_type, max_chars=self._max_chars)
        return TextResult(
            position=record.position, mention=mention, sentiment=None, brands=(), model_version="null"
        )


class NullDestination:
    """A database and a broker that take everything at once; `done` after `count` records."""

    def __init__(self, count: int) -> None:
        self.done = asyncio.Event()
        self.seen = 0
        self._count = count

    async def write(self, batch: Batch) -> WriteOutcome:
        self.seen += len(batch.results)
        if self.seen >= self._count:
            self.done.set()
        return WriteOutcome(len(batch.results), 0, len(batch.rejections))

    async def announce(self, changes: Sequence[Change], rejections: Sequence[Rejection]) -> None:
        """Nobody listens."""

    async def check_log(self) -> None:
        """It is new."""

    async def assigned(self, starts: Mapping[Any, Start]) -> Mapping[Any, Start]:
        return starts

    async def released(self, topics: object) -> None:
        """Nothing was claimed."""


def app(settings: Settings, scoring: NullScoring, null: NullDestination) -> StreamApp:
    """A worker's stream of texts between the two."""
    nobody: Any = None  # no claims: nothing dies here
    ledger, metrics, retry = Ledger(), Metrics(), OutageRetry(0)
    logs = defaultdict(lambda: "log")
    quarantine = Quarantine(nobody, retry, metrics, logs, settings.deaths_before_quarantine)
    destination = Destination(logs, null, null, ledger, retry, quarantine, metrics)
    intake = Intake(settings.text_batch_size, settings.batch_wait)
    pipelines = {"text": Pipeline("texts", scoring, intake, destination)}
    return StreamApp(settings, Agents.TEXTS, pipelines, ledger, metrics, null, {})


async def worker(settings: Settings, count: int) -> dict[str, float]:
    """From the first batch on; `rebalances` beside the first assignment."""
    configure_logging(settings.log_format, "WARNING")
    scoring, null = NullScoring(settings), NullDestination(count)
    stream = app(settings, scoring, null)
    running = asyncio.create_task(stream.start())
    await null.done.wait()
    assert scoring.began is not None
    taken = here() - scoring.began
    again = stream.metrics.registry.get_sample_value("brand_monitor_rebalances_total") or 0
    running.cancel()
    await stream.stop()
    return {"seconds": taken.at, "cpu": taken.cpu, "rebalances": round(again) - 1}


def main() -> None:
    contender, count = sys.argv[1], int(sys.argv[2])
    run = {"aiokafka": aiokafka, "worker": worker}[contender]
    print(json.dumps(asyncio.run(run(load_settings(), count))))


if __name__ == "__main__":
    main()
