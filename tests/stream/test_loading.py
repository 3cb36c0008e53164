"""What a worker loads, with the real models: from a record to what is written down."""

import asyncio
import base64
import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from monitor.brands import load_brands
from monitor.errors import SetupError
from monitor.logos.gallery import Gallery
from monitor.messages import Detection
from monitor.settings import Agents, Device, Settings, load_settings
from monitor.storage.records import ImageResult
from monitor.stream.loading import load_scorings
from monitor.stream.metrics import Metrics
from monitor.stream.outage import OutageRetry
from monitor.stream.records import Record

PICTURES = Path(__file__).parents[2] / "samples" / "pictures"


class NothingKnown:
    """A database without pictures and with an empty gallery."""

    async def known_detections(
        self, sha256s: Collection[str], model_version: str
    ) -> dict[str, tuple[Detection, ...]]:
        return {}

    async def version(self) -> int:
        return 0

    async def read(self, embedder: str) -> Gallery:
        return Gallery()


def scored(settings: Settings, *records: Record) -> list[Any]:
    nothing = NothingKnown()
    scoring = load_scorings(
        settings, Agents.IMAGES, load_brands(), nothing, nothing, OutageRetry(0), Metrics()
    )["image"]
    return asyncio.run(scoring.score(records))


def test_a_worker_looks_and_reads(tmp_path: Path, records: Callable[..., Record]) -> None:
    settings = load_settings(
        ocr=True, device=Device.CPU, inference_threads=1, picture_store=str(tmp_path / "pictures")
    )
    slide = {
        "id": "1",
        "source": "s",
        "published_at": "2026-03-01T09:30:00Z",
        "image": base64.b64encode((PICTURES / "vmware-slide.png").read_bytes()).decode(),
    }
    (result,) = scored(settings, records(0, value=json.dumps(slide).encode()))
    assert isinstance(result, ImageResult)
    (found,) = result.detections
    assert (found.brand, found.evidence, found.line) == ("VMware", "both", "vmware")
    assert result.model_version.startswith("logos@")
    assert "+words-" in result.model_version


def test_a_worker_without_its_reader_does_not_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("monitor.logos.words.reader.packaged", lambda _: tmp_path)
    settings = load_settings(device=Device.CPU, picture_store=str(tmp_path))
    with pytest.raises(SetupError, match=r"no model 'reader-lines'"):
        scored(settings)
