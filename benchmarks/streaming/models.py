"""The models alone: a worker's own scoring, called in a loop on the same records in the same batch sizes.

    python -m benchmarks.streaming.models AGENTS < RECORDS    # what `alone` starts, one process a worker

It decodes, reads, names and scores as a worker does, with the same threads; what it lacks is the stream and
the database. Pictures are put into a store of files, as a worker does before it writes.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from benchmarks.streaming import measuring
from benchmarks.streaming.brokers import Message
from benchmarks.streaming.load import Load
from benchmarks.streaming.measuring import Mark
from benchmarks.streaming.site import Taken
from monitor.brands import load_brands
from monitor.local.system import environment
from monitor.messages import Detection
from monitor.settings import Agents, Settings, load_settings
from monitor.storage.records import RecordPosition
from monitor.stream.loading import load_scorings
from monitor.stream.logs import configure_logging
from monitor.stream.metrics import Metrics
from monitor.stream.outage import OutageRetry
from monitor.stream.records import Record
from monitor.stream.scoring import Scoring


class _NothingKnown:
    """A database that has seen no picture, and no gallery."""

    async def known_detections(
        self, _sha256s: Collection[str], _model_version: str
    ) -> dict[str, tuple[Detection, ...]]:
        return {}

    async def version(self) -> int:
        return 0


def alone(settings: Settings, agents: Agents, load: Load, processes: int) -> Taken:
    """So many processes side by side, each with its share of the load."""
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.streaming.models", agents.value],
            env={**os.environ, **environment(settings)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(processes)
    ]
    for number, child in enumerate(children):
        share = [load.texts[number::processes], load.pictures[number::processes]]
        packed = msgspec.msgpack.encode(share)
        assert child.stdin is not None
        child.stdin.write(len(packed).to_bytes(8, "big") + packed)
        child.stdin.flush()
    for child in children:  # the models are loaded
        assert child.stdout is not None
        if child.stdout.readline() != b"ready\n":
            raise SystemExit("the models could not be loaded")
    for child in children:
        assert child.stdin is not None
        child.stdin.close()
    told = [json.loads(child.stdout.read()) for child in children if child.stdout is not None]
    for child in children:
        child.wait()
    return Taken(
        load.mentions,
        max(one["seconds"] for one in told),
        sum(one["cpu"] for one in told),
        0.0,
        sorted((share for one in told for share in one["threads"]), reverse=True),
    )


def main() -> None:
    size = int.from_bytes(sys.stdin.buffer.read(8), "big")
    share: list[list[Message]] = msgspec.msgpack.decode(
        sys.stdin.buffer.read(size), type=list[list[tuple[bytes, bytes]]]
    )
    settings, agents = load_settings(), Agents(sys.argv[1])
    configure_logging(settings.log_format, "ERROR")
    nothing: Any = _NothingKnown()
    brands = load_brands(settings.brands_file)
    scorings = load_scorings(settings, agents, brands, nothing, nothing, OutageRetry(0), Metrics())
    print("ready", flush=True)
    sys.stdin.buffer.read()  # until all are
    taken, threads = asyncio.run(_score(settings, scorings, dict(zip(("text", "image"), share, strict=True))))
    print(json.dumps({"seconds": taken.at, "cpu": taken.cpu, "threads": threads}))


async def _score(
    settings: Settings, scorings: Any, messages: dict[str, Sequence[Message]]
) -> tuple[Mark, list[float]]:
    sizes = {"text": settings.text_batch_size, "image": settings.image_batch_size}
    before = measuring.threads(os.getpid())
    began = measuring.here()
    await asyncio.gather(
        *(_loop(scoring, messages[topic], sizes[topic]) for topic, scoring in scorings.items())
    )
    taken = measuring.here() - began
    after = measuring.threads(os.getpid())
    shares = [(cpu - before.get(one, ("", 0.0))[1]) / taken.at for one, (_, cpu) in after.items()]
    return taken, [share for share in shares if share > 0.01]


async def _loop(scoring: Scoring, messages: Sequence[Message], size: int) -> None:
    for start in range(0, len(messages), size):
        await scoring.score([_record(n, *one) for n, one in enumerate(messages[start : start + size])])


def _record(offset: int, key: bytes, value: bytes) -> Record:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    position = RecordPosition(topic="alone", partition=0, offset=offset, timestamp=at)
    return Record(position=position, generation=0, key=key, value=value, headers=())


if __name__ == "__main__":
    main()
