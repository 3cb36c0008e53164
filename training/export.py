"""The hand-over: writes a model folder and proves that its ONNX file equals the torch model."""

import math
import platform
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from monitor.inference.manifest import Manifest, Parity, sha256_of

Feed = Mapping[str, NDArray[Any]]


def measure_parity(
    model_file: Path,
    torch_outputs: Callable[[Feed], Sequence[NDArray[Any]]],
    batches: Sequence[Feed],
    dataset: str,
) -> Parity:
    """Run every batch through the ONNX file and through torch; the largest absolute difference counts.

    `batches` are real model inputs; their first axes add up to `Parity.inputs`.
    """
    session = ort.InferenceSession(str(model_file), providers=["CPUExecutionProvider"])
    worst, seen = 0.0, 0
    for feed in batches:
        expected = torch_outputs(feed)
        found = session.run(None, dict(feed))
        pairs = zip(expected, found, strict=True)
        # numpy's maximum, because Python's overlooks what is not a number.
        worst = float(np.max([worst, *(np.abs(e.astype(np.float64) - f).max() for e, f in pairs)]))
        seen += len(next(iter(feed.values())))
    return Parity(max_abs_diff=worst, inputs=seen, dataset=dataset)


def write_model_folder(directory: Path, manifest: Manifest, card: str) -> Manifest:
    """Write manifest.json and CARD.md beside a `model.onnx` that is already there; hashes are filled in.

    Returns the manifest as written. Raises `ValueError` for a figure that is not a number, with which the
    service would refuse the model: what was not measured is left out.
    """
    for place, figure in _figures(msgspec.to_builtins(manifest)):
        if not math.isfinite(figure):
            raise ValueError(f"{directory}: {place} is {figure}: leave out what was not measured")
    sealed = msgspec.structs.replace(
        manifest,
        sha256=sha256_of(directory / "model.onnx"),
        files={name: sha256_of(directory / name) for name in manifest.files},
    )
    text = msgspec.json.format(msgspec.json.encode(sealed), indent=2)
    (directory / "manifest.json").write_bytes(text + b"\n")
    (directory / "CARD.md").write_text(card.rstrip() + "\n", "utf-8")
    return sealed


def _figures(part: Any, place: str = "manifest") -> Iterator[tuple[str, float]]:
    """Every float of a manifest, with where it stands."""
    if isinstance(part, float):
        yield place, part
    elif isinstance(part, Mapping):
        for name, value in part.items():
            yield from _figures(value, f"{place}.{name}")
    elif isinstance(part, Sequence) and not isinstance(part, str):
        for number, value in enumerate(part):
            yield from _figures(value, f"{place}[{number}]")


def machine() -> str:
    """Processor and system in a few words, for manifests and cards."""
    cpu = platform.processor() or platform.machine()
    for line in _cpuinfo():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    return f"{cpu}, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def commit() -> str:
    """The checkout's commit, with `+` when the tree has changes; empty outside a checkout."""
    describe = ["git", "describe", "--always", "--dirty=+"]
    done = subprocess.run(describe, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def now() -> str:
    """UTC, RFC 3339, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
