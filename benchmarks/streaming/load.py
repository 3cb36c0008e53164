"""Mentions to measure with: sample texts with a number each, sample pictures with noise each, both mixed."""

import base64
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.streaming.brokers import Message
from monitor.logos import decode_picture

_SAMPLES: Final = Path(__file__).parents[2] / "samples"
_BEGINNING: Final = datetime(2026, 3, 1, tzinfo=UTC)
_SEED: Final = 7

PICTURES_IN_MIX: Final = 0.02
BAD_SHARE: Final = 0.01


@dataclass(frozen=True)
class Load:
    """What is published, by topic; `bad` of the messages are broken."""

    texts: list[Message]
    pictures: list[Message]
    bad: int = 0

    @property
    def mentions(self) -> int:
        """All of them, the broken ones included."""
        return len(self.texts) + len(self.pictures)


TEXTS: Final = "MONITOR_BENCHMARK_TEXTS"
"""Environment variable with the path of other texts than the samples, JSON lines with a `text` each."""


def described() -> str:
    """What texts of one's own are; nothing of the samples."""
    if not os.environ.get(TEXTS):
        return ""
    bodies = _bodies()
    return f"{len(bodies):,} texts of {sum(map(len, bodies)) / len(bodies):.0f} characters"


def texts(count: int) -> list[Message]:
    """Posts, most with brands, each different by a number: the samples, or those of the file in `TEXTS`."""
    bodies = _bodies()
    return [(f"m{n}".encode(), _message(n, text=f"{bodies[n % len(bodies)]} ({n})")) for n in range(count)]


def _bodies() -> list[str]:
    lines = Path(os.environ.get(TEXTS) or _SAMPLES / "texts.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


def pictures(count: int) -> list[Message]:
    """Sample scenes, no two with the same bytes: each is really looked at."""
    return [
        (f"p{n}".encode(), _message(n, image=base64.b64encode(image).decode()))
        for n, image in enumerate(_images(count))
    ]


def mix(count: int) -> Load:
    """Of `count` mentions, `PICTURES_IN_MIX` are pictures."""
    shown = round(count * PICTURES_IN_MIX)
    return Load(texts(count - shown), pictures(shown))


def with_bad(load: Load) -> Load:
    """One in a hundred cut short, of texts and of pictures; their number stays."""
    every = round(1 / BAD_SHARE)
    said, shown = list(load.texts), list(load.pictures)
    bad = 0
    for messages in (said, shown):
        for n in range(every // 2, len(messages), every):
            key, value = messages[n]
            messages[n] = (key, value[: len(value) // 2])
            bad += 1
    return Load(said, shown, bad)


def _message(number: int, **content: str) -> bytes:
    moment = _BEGINNING + timedelta(seconds=number)
    common = {"id": f"m{number}", "source": "benchmark", "published_at": moment.isoformat()}
    return json.dumps({**common, **content}).encode()


def _images(count: int) -> Iterator[bytes]:
    random = np.random.default_rng(_SEED)
    files = sorted(path for path in (_SAMPLES / "pictures").iterdir() if path.suffix in {".jpg", ".webp"})
    limits = {"max_bytes": 10 * 2**20, "max_pixels": 50_000_000}
    scenes = [decode_picture(path.read_bytes(), **limits).pixels for path in files]
    for number in range(count):
        yield _noisy(scenes[number % len(scenes)], random)


def _noisy(scene: NDArray[np.uint8], random: np.random.Generator) -> bytes:
    noise = random.integers(-6, 7, scene.shape, dtype=np.int16)
    pixels = np.clip(scene.astype(np.int16) + noise, 0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", pixels)[1])
