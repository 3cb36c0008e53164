"""The whole path: mixed mentions through the embedded system, beside what models and database alone can do.

    python benchmarks/end_to_end.py                 # 10,000 mentions, 1 % of them bad
    python benchmarks/end_to_end.py --kill          # the same, with kill -9 of the worker in the middle
    python benchmarks/end_to_end.py --mentions 2000 --pictures 50

One run measures, one after the other on the same machine and the same mentions: the models alone, the
database writer alone, the whole system. Then `brand-monitor status --audit` adds the books up; its exit
code is this program's.
"""

import argparse
import asyncio
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import psycopg
from aiokafka import AIOKafkaProducer
from numpy.typing import NDArray

from monitor.brand_matcher import BrandMatcher
from monitor.brands import load_brands
from monitor.local.system import LocalSystem, environment
from monitor.logos import decode_picture
from monitor.logos.finder import load_finder
from monitor.messages import TextMention, decode_text
from monitor.sentiment import load_scorer
from monitor.settings import Settings, load_settings
from monitor.storage.engine import async_engine
from monitor.storage.records import Batch, RecordPosition, TextResult
from monitor.storage.schema import upgrade
from monitor.storage.writer import BatchWriter
from monitor.stream.asking import Said, ask
from monitor.stream.positions import read_positions
from monitor.texts import read
from monitor.texts.stories import story_keys

SAMPLES = Path(__file__).parent.parent / "samples"
BAD_SHARE = 0.01
T = TypeVar("T")
POLL = 0.25
SEED = 7


@dataclass(frozen=True)
class Load:
    """What is published: (topic, key, value) in order, and how many of them are good."""

    records: list[tuple[str, bytes, bytes]]
    texts: list[bytes]
    pictures: list[bytes]
    good: int


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mentions", type=int, default=10_000, help="texts and pictures together")
    parser.add_argument(
        "--pictures", type=int, default=200, help="how many of them are pictures, all different"
    )
    parser.add_argument("--kill", action="store_true", help="kill -9 the worker half-way and start another")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds for the whole system to finish")
    arguments = parser.parse_args()
    load = make_load(arguments.mentions, arguments.pictures)
    bad = len(load.records) - load.good
    print(f"{len(load.records):,} mentions, {arguments.pictures:,} of them pictures, {bad:,} bad")
    settings = load_settings()
    models_alone(settings, load)
    # Not in the working directory: under root the database runs as another user, who must reach its files.
    with tempfile.TemporaryDirectory(prefix="brand-monitor-") as folder, LocalSystem(Path(folder)) as system:
        writer_alone(system, load)
        whole_path(system, load, arguments.kill, arguments.timeout)
        return audit(system.settings)


def make_load(mentions: int, pictures: int) -> Load:
    """Sample texts with a number each, sample pictures with noise each, and 1 % of both broken."""
    random = np.random.default_rng(SEED)
    bodies = [json.loads(line) for line in (SAMPLES / "texts.jsonl").read_text("utf-8").splitlines()]
    files = sorted(path for path in (SAMPLES / "pictures").iterdir() if path.suffix in {".jpg", ".webp"})
    limits = {"max_bytes": 10 * 2**20, "max_pixels": 50_000_000}
    scenes = [decode_picture(path.read_bytes(), **limits).pixels for path in files]
    stamp = datetime(2026, 3, 1, tzinfo=UTC)
    every = round(1 / BAD_SHARE)
    picture_places = set(np.linspace(0, mentions - 1, pictures, dtype=int).tolist())
    records, texts, images, good = [], [], [], 0
    for number in range(mentions):
        key = f"m{number}".encode()
        common = {
            "id": key.decode(),
            "source": "benchmark",
            "published_at": (stamp + timedelta(seconds=number)).isoformat(),
        }
        bad = number % every == every // 2
        if number in picture_places:
            image = _noisy(scenes[number % len(scenes)], random)
            if bad:
                image = image[: len(image) // 2]
            else:
                images.append(image)
            value = json.dumps({**common, "image": base64.b64encode(image).decode()}).encode()
            records.append(("image", key, value))
        else:
            text = f"{bodies[number % len(bodies)]['text']} ({number})"
            value = json.dumps({**common, "text": text}).encode()
            if bad:
                value = value[:-2]
            else:
                texts.append(value)
            records.append(("text", key, value))
        good += not bad
    return Load(records, texts, images, good)


def _noisy(scene: NDArray[np.uint8], random: np.random.Generator) -> bytes:
    noise = random.integers(-6, 7, scene.shape, dtype=np.int16)
    pixels = np.clip(scene.astype(np.int16) + noise, 0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", pixels)[1])


def models_alone(settings: Settings, load: Load) -> None:
    """Decode and score everything good in this process, in the stream's batch sizes: the limit set by the
    models."""
    brands = load_brands(settings.brands_file)
    scorer = load_scorer(settings.models_dir / settings.sentiment_model, settings.device)
    finder = load_finder(settings, brands)
    matcher = BrandMatcher(brands)
    scorer.warm_up()
    finder.warm_up()
    started = time.perf_counter()
    for batch in _chunks(load.texts, settings.text_batch_size):
        mentions = [decode_text(value, max_chars=settings.text_max_chars) for value in batch]
        readings = [read(mention.text) for mention in mentions]
        said = [Said(reading, "en", matcher.find(reading)) for reading in readings]
        ask(scorer, said, settings.text_max_targets)
    texts = time.perf_counter() - started
    started = time.perf_counter()
    for batch in _chunks(load.pictures, settings.image_batch_size):
        limits = {"max_bytes": settings.image_max_bytes, "max_pixels": settings.image_max_pixels}
        finder.find([decode_picture(data, **limits).pixels for data in batch])
    pictures = time.perf_counter() - started
    rates = f"{_rate(len(load.texts), texts)} texts, {_rate(len(load.pictures), pictures)} pictures"
    print(f"models alone    {rates}, {_rate(load.good, texts + pictures)} mentions of this mix")


def writer_alone(system: LocalSystem, load: Load) -> None:
    """Write every text, already scored, to a database of its own on the same server: the limit set by
    PostgreSQL."""
    scratch = load_settings(
        **{**system.settings.model_dump(), "database_url": system.database.create("writer_alone")}
    )
    upgrade(scratch)
    mentions = [decode_text(value, max_chars=scratch.text_max_chars) for value in load.texts]
    seconds = asyncio.run(_write(scratch, mentions))
    system.database.drop("writer_alone")
    print(f"writer alone    {_rate(len(mentions), seconds)} texts")


async def _write(settings: Settings, mentions: list[TextMention]) -> float:
    brands = load_brands(settings.brands_file)
    matcher = BrandMatcher(brands)
    scorer = load_scorer(settings.models_dir / settings.sentiment_model, settings.device)
    (sentiment,) = scorer.score(["good"])
    engine = async_engine(settings)
    writer = BatchWriter(engine, brands)
    await writer.prepare()
    results = []
    for offset, mention in enumerate(mentions):
        reading = read(mention.text)
        found = matcher.find(reading)
        results.append(
            TextResult(
                position=RecordPosition(
                    topic="texts", partition=0, offset=offset, timestamp=datetime(2026, 3, 1, tzinfo=UTC)
                ),
                mention=mention,
                sentiment=sentiment,
                brands=found,
                model_version=scorer.manifest.identity,
                language=matcher.language(reading, mention.lang),
                words=tuple(reading.lexemes()),
                story_keys=story_keys(reading, {each.brand for each in found}, mention.source),
            )
        )
    started = time.perf_counter()
    for batch in _chunks(results, settings.text_batch_size):
        await writer.write(Batch(log_id="benchmark", results=tuple(batch)))
    seconds = time.perf_counter() - started
    await engine.dispose()
    return seconds


def whole_path(system: LocalSystem, load: Load, kill: bool, timeout: float) -> None:
    """Publish, wait until every offset is committed, count rows and dead letters."""
    started = time.perf_counter()
    asyncio.run(_publish(system.settings, load))
    published = time.perf_counter() - started
    killed_at: int | None = None
    while asyncio.run(_lag(system.settings)):
        system.check()
        if time.perf_counter() - started > timeout:
            raise SystemExit(f"not finished after {timeout:.0f} s; the worker's log: {system.worker.log}")
        if kill and killed_at is None and sum(_finished(system.settings)) > len(load.records) // 2:
            system.worker.kill()
            killed_at = sum(_finished(system.settings))
            system.start_worker()
        time.sleep(POLL)
    seconds = time.perf_counter() - started
    stored, dead = _finished(system.settings)
    note = f", kill -9 after {killed_at:,}" if killed_at is not None else ""
    spans = f"{seconds:.1f} s from first publish to last commit, published in {published:.1f} s{note}"
    print(f"whole system    {_rate(len(load.records), seconds)} mentions ({spans})")
    print(f"received {len(load.records):,}  stored {stored:,}  dead-lettered {dead:,}")
    if (stored, dead) != (load.good, len(load.records) - load.good):
        raise SystemExit(f"expected {load.good:,} stored and {len(load.records) - load.good:,} dead-lettered")


async def _publish(settings: Settings, load: Load) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap_servers, max_request_size=settings.max_message_bytes, linger_ms=5
    )
    await producer.start()
    for topic, key, value in load.records:
        await producer.send(settings.topic(topic), value, key=key)
    await producer.stop()


async def _lag(settings: Settings) -> int:
    return sum(position.lag for position in await read_positions(settings))


def _finished(settings: Settings) -> tuple[int, int]:
    """Rows and dead letters."""
    with psycopg.connect(settings.database_url.get_secret_value()) as connection:
        query = "SELECT (SELECT count(*) FROM mention), (SELECT count(*) FROM dead_letter)"
        row = connection.execute(query).fetchone()
    assert row is not None
    return row


def audit(settings: Settings) -> int:
    """What a reader runs."""
    command = [str(Path(sys.executable).with_name("brand-monitor")), "status", "--audit"]
    print("$ brand-monitor status --audit", flush=True)
    return subprocess.run(command, env={**os.environ, **environment(settings)}, check=False).returncode


def _chunks(items: list[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _rate(count: int, seconds: float) -> str:
    return f"{count / seconds:,.0f}/s" if seconds and count / seconds >= 10 else f"{count / seconds:,.1f}/s"


if __name__ == "__main__":
    sys.exit(main())
