"""What the patches of docs/upstream/ change: each figure without and with the patch, in one run.

    python benchmarks/upstream.py            # on the embedded broker, about two minutes
    python benchmarks/upstream.py --kafka    # on Apache Kafka (Java and Maven)

Plain Faust workers, nothing of monitor/stream: what others see. A worker reads a topic of its own, in a
process of its own, with Faust as it is installed or a copy with one patch.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, Final
from unittest.mock import Mock

import faust
from aiokafka import AIOKafkaProducer
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from benchmarks.streaming import brokers
from monitor.settings import Settings
from tests.upstream.patched import PATCHES, apply, copy

_ROOT: Final = Path(__file__).parent.parent
_PARTITION: Final = TP("t", 0)
_CALLS: Final = 20_000
_RECORDS: Final = 600
_PICTURES: Final = 60
_PATIENCE: Final = 30.0
"""Seconds for a worker to join and read; what has not come by then is lost."""


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument(
        "--kafka", action="store_true", help="on Apache Kafka instead of the embedded broker"
    )
    options.add_argument("--one", nargs=2, metavar=("PART", "URL"), help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.one:
        part, url = given.one
        print(json.dumps(asyncio.run(PARTS[part](url))), flush=True)
        os._exit(0)  # workers are left as they are
    with brokers.broker(brokers.kinds(given.kafka)[-1]) as url, tempfile.TemporaryDirectory() as folder:
        for patch in PATCHES:
            part = next(name for name in PARTS if patch.stem.endswith(name))
            patched = Path(folder) / part
            patched.mkdir()
            copy(patch, patched)
            apply(patch, patched)
            print(f"{part}: {_measure(part, url, _ROOT)} without, {_measure(part, url, patched)} with")


def _measure(part: str, url: str, first: Path) -> Any:
    """In a process that imports from there first."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.upstream", "--one", part, url],
        env={**os.environ, "PYTHONPATH": f"{first}{os.pathsep}{_ROOT}", "CONSUMER_FETCH_MAX_WAIT_MS": "100"},
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


async def deliver_in_one_task(_url: str) -> str:
    """CPU time of a record from the consumer's poll to the agent's body."""
    app = faust.App("cost", store="memory://", web_enabled=False)
    app.finalize()
    topic = app.topic(_PARTITION.topic, value_type=bytes, value_serializer="raw")
    stream, seen, done = app.stream(topic), 0, asyncio.Event()

    async def body() -> None:
        nonlocal seen
        async for _ in stream:
            seen += 1
            if seen == _CALLS:
                done.set()

    async def getmany(timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 - Faust's
        for offset in range(_CALLS):
            value = (b"key", b"v" * 100)
            yield (
                _PARTITION,
                ConsumerMessage(
                    *_PARTITION, offset, 0.0, 0, [], *value, None, tp=_PARTITION, generation_id=0
                ),
            )
        await asyncio.sleep(timeout)

    agent = asyncio.create_task(body())
    await asyncio.sleep(0)
    await app.topics.on_partitions_assigned({_PARTITION})
    app.flow_control.resume()
    app.consumer.getmany = getmany
    app.consumer._commit_every = None  # there is no broker
    began = time.process_time()
    drain = asyncio.create_task(app.consumer._drain_messages(Mock(_stopped=asyncio.Event())))
    await done.wait()
    spent = time.process_time() - began
    agent.cancel()
    drain.cancel()
    return f"{spent / _CALLS * 1e6:.0f} us"


async def quiet_partitions(url: str) -> str:
    """Seconds for pictures of 100 kB in one of four partitions, at 10 ms each, with small buffers."""
    settings = await asyncio.to_thread(brokers.topics, url, 4)
    await _publish(settings, _PICTURES, 100_000)
    read: list[float] = []

    async def agent(stream: Any) -> None:
        async for _ in stream:
            await asyncio.sleep(0.01)
            read.append(time.monotonic())

    await _run(settings, agent, lambda: len(read) == _PICTURES, stream_buffer_maxsize=4)
    return f"{read[-1] - read[0]:.1f} s"


async def put_back(url: str) -> str:
    """Records lost by a group that never committed, if the flow stops during its first three polls."""
    settings = await asyncio.to_thread(brokers.topics, url, 1)
    await _publish(settings, _RECORDS, 100)
    read: set[int] = set()

    async def agent(stream: Any) -> None:
        async for event in stream.events():
            read.add(event.message.offset)

    def interrupt(app: Any) -> None:
        getmany, interrupted = app.consumer._getmany, 0

        async def interrupting(*args: Any, **options: Any) -> Any:
            nonlocal interrupted
            records = await getmany(*args, **options)
            if records and interrupted < 3:
                interrupted += 1
                app.consumer.stop_flow()
                asyncio.get_running_loop().call_later(0.2, app.consumer.resume_flow)
            return records

        app.consumer._getmany = interrupting

    await _run(settings, agent, lambda: len(read) == _RECORDS, interrupt, broker_max_poll_records=100)
    return f"{_RECORDS - len(read)} of {_RECORDS} lost"


async def commit_gaps(url: str) -> str:
    """Records that no worker finished and the next one does not get: a group's first record takes long, the
    others do not, and the worker ends."""
    settings = await asyncio.to_thread(brokers.topics, url, 1)
    await _publish(settings, _RECORDS, 100)
    finished: set[int] = set()

    async def slow_first(stream: Any) -> None:
        async for event in stream.noack().events():
            if event.message.offset:
                finished.add(event.message.offset)
                event.ack()

    async def agent(stream: Any) -> None:
        async for event in stream.events():
            finished.add(event.message.offset)

    await _run(settings, slow_first, lambda: len(finished) == _RECORDS - 1, broker_commit_interval=0.1)
    await _run(settings, agent, lambda: len(finished) == _RECORDS)
    return f"{_RECORDS - len(finished)} of {_RECORDS} lost"


async def _run(
    settings: Settings,
    agent: Callable[[Any], Coroutine[Any, Any, None]],
    done: Callable[[], bool],
    prepare: Callable[[Any], None] = lambda _app: None,
    **options: Any,
) -> None:
    """A worker until it is done, or patience ends, and a second longer, in which it commits."""
    with tempfile.TemporaryDirectory() as folder:
        app = faust.App(
            settings.consumer_group,
            broker=settings.kafka_url,
            autodiscover=False,
            store="memory://",
            datadir=folder,
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            table_standby_replicas=0,
            stream_wait_empty=False,
            broker_session_timeout=settings.session_timeout,
            broker_rebalance_timeout=settings.rebalance_timeout,
            **options,
        )
        topic = app.topic(
            settings.topic("text"),
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
        )
        app.agent(topic, name="agent")(agent)
        app.finalize()
        prepare(app)
        starting = asyncio.create_task(app.start())
        deadline = time.monotonic() + _PATIENCE
        while not done() and time.monotonic() < deadline and not app._crashed.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await asyncio.sleep(1)
        await app.stop()
        starting.cancel()


async def _publish(settings: Settings, count: int, size: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    await producer.start()
    for _ in range(count):
        await producer.send(settings.topic("text"), b"v" * size, partition=0)
    await producer.stop()


PARTS: Final = {
    "deliver-in-one-task": deliver_in_one_task,
    "quiet-partitions": quiet_partitions,
    "put-back": put_back,
    "commit-gaps": commit_gaps,
}

if __name__ == "__main__":
    main()
