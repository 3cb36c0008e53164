"""What the ways to find logos cost, by picture size and batch, in one run.

    make bench-logos
    make bench-logos DEVICE=cuda

Measured is the whole way from the bytes of a JPEG to boxes, decoding included, as the service pays for it:
(a) the talk's CNN over sliding windows, (b) the detector, (c) the detector and a gallery of five brands,
(d) the detector and the reader of letters. Ways take turns, round after round, so that a busy moment of the
machine hits all of them; a figure is the median round. One CPU thread unless told otherwise: the service runs
several such workers side by side. CPU time is that of the whole process; beside other programs it says more
than the clock.
"""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Protocol

import cv2
import msgspec
import onnxruntime
import typer

from monitor.brands import Brand, Brands, load_brands
from monitor.inference import load_manifest
from monitor.logos import decode_picture, load_detector
from monitor.logos.dense import DenseDetector
from monitor.logos.gallery import (
    MOST_PROPOSALS,
    Gallery,
    GalleryDetector,
    Target,
    build_entry,
    load_embedder,
    read_reference,
)
from monitor.logos.windows import Pixels
from monitor.logos.words import load_reader
from monitor.logos.words.names import NameReader
from monitor.settings import Device, packaged

SIZES: Final = ((640, 480), (1024, 768), (1920, 1080), (4000, 3000))
BATCHES: Final = (1, 8, 32)
PIXELS: Final = 50_000_000
SAMPLES: Final = Path(__file__).parent.parent / "samples" / "pictures"
WORDMARK: Final = Path(__file__).parent.parent / "training" / "logos" / "vectors" / "vmware.svg"
GALLERY_BRANDS: Final = 5
# Windows take seconds a picture: a single one a round, of the smallest size only.
WINDOWS_AT: Final = (SIZES[0], 1)


class Figure(msgspec.Struct, frozen=True):
    """One cell: median seconds a picture over the rounds, the fastest and slowest of them, and the median of
    CPU seconds."""

    way: str
    width: int
    height: int
    batch: int
    median: float
    fastest: float
    slowest: float
    cpu: float


class Way(Protocol):
    """Pictures -> whatever is found in them."""

    @property
    def identity(self) -> str: ...

    def detect(self, pictures: Sequence[Pixels]) -> object: ...


class LookAndLetters:
    """The detector, and the reader with the packaged brands' names."""

    def __init__(self, detector: DenseDetector, letters: NameReader) -> None:
        self._detector = detector
        self._letters = letters
        self.identity = f"{detector.identity} {letters.identity}"

    def detect(self, pictures: Sequence[Pixels]) -> object:
        return self._detector.detect(pictures), [self._letters.read(pixels) for pixels in pictures]


class Report(msgspec.Struct, frozen=True):
    """All cells of one run, and what it ran on."""

    models: dict[str, str]
    device: str
    machine: str
    onnxruntime: str
    rounds: int
    figures: list[Figure]


def main(
    device: Annotated[Device, typer.Option(help="Where the models run.")] = Device.CPU,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each way.")] = 5,
    large: Annotated[
        bool, typer.Option(help="All sizes and batches; else 640 x 480, batches 1 and 8.")
    ] = True,
    out: Annotated[Path | None, typer.Option(help="File for the figures as JSON.")] = None,
) -> None:
    """Time the ways and print a table."""
    from training.export import machine

    cv2.setNumThreads(1)
    ways = contenders(device)
    cells = (
        [(size, batch) for size in SIZES for batch in BATCHES] if large else [(SIZES[0], 1), (SIZES[0], 8)]
    )
    figures = []
    for size, batch in cells:
        files = sample_files(size, batch)
        taking_part = {
            name: way for name, way in ways.items() if name != "windows" or (size, batch) == WINDOWS_AT
        }
        for way in taking_part.values():
            find(way, files[:1])
        seconds: dict[str, list[float]] = {name: [] for name in taking_part}
        cpu: dict[str, list[float]] = {name: [] for name in taking_part}
        for _ in range(rounds):
            for name, way in taking_part.items():
                started, busy = time.perf_counter(), time.process_time()
                find(way, files)
                seconds[name].append((time.perf_counter() - started) / len(files))
                cpu[name].append((time.process_time() - busy) / len(files))
        for name, taken in seconds.items():
            busy = statistics.median(cpu[name])
            figures.append(Figure(name, *size, batch, statistics.median(taken), min(taken), max(taken), busy))
            typer.echo(row(figures[-1]))
    report = Report(
        {name: way.identity for name, way in ways.items()},
        device.value,
        machine(),
        onnxruntime.__version__,
        rounds,
        figures,
    )
    typer.echo(table(report))
    if out:
        out.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")


def contenders(device: Device) -> dict[str, Way]:
    """The ways that the model folders allow."""
    models = packaged("onnx_models")
    ways: dict[str, Way] = {}
    for name, folder in (("windows", models / "logos-talk"), ("detector", models / "logos")):
        labels = load_manifest(folder).labels
        brands = Brands(Brand(name=label, logos=(label,)) for label in labels)
        ways[name] = load_detector(folder, brands, device)
    dense = ways["detector"]
    assert isinstance(dense, DenseDetector)
    embedder = load_embedder(models / "logos-embedder", device)
    added = build_entry("added", [read_reference(WORDMARK)], embedder, Target(proposals=MOST_PROPOSALS))
    entries = tuple(
        msgspec.structs.replace(added, brand=f"added {number}") for number in range(GALLERY_BRANDS)
    )
    ways["gallery"] = GalleryDetector(dense, embedder, Gallery(version=1, entries=entries))
    ways["letters"] = LookAndLetters(dense, NameReader(load_reader(device), load_brands()))
    return ways


def sample_files(size: tuple[int, int], count: int) -> list[bytes]:
    """JPEG files of the samples' photographs, brought to `size`, repeated until there are `count`."""
    files = []
    for path in sorted(path for path in SAMPLES.iterdir() if path.suffix in {".jpg", ".webp"}):
        data = path.read_bytes()
        pixels = decode_picture(data, max_bytes=len(data), max_pixels=PIXELS).pixels
        files.append(
            cv2.imencode(".jpg", cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))[1].tobytes()
        )
        if len(files) == count:
            break
    return [files[number % len(files)] for number in range(count)]


def find(way: Way, files: Sequence[bytes]) -> None:
    """Bytes to boxes."""
    way.detect([decode_picture(data, max_bytes=len(data), max_pixels=PIXELS).pixels for data in files])


def row(figure: Figure) -> str:
    """One line of the table."""
    size = f"{figure.width} x {figure.height}"
    return (
        f"| {figure.way} | {size} | {figure.batch} | {figure.median * 1000:.0f} "
        f"({figure.fastest * 1000:.0f}-{figure.slowest * 1000:.0f}) | {figure.cpu * 1000:.0f} "
        f"| {1 / figure.median:.1f} |"
    )


def table(report: Report) -> str:
    """Markdown."""
    names = ", ".join(f"{way} `{identity}`" for way, identity in report.models.items())
    return "\n".join(
        [
            f"{report.machine}; {report.device}, one run at a time; "
            f"ONNX Runtime {report.onnxruntime}; median of {report.rounds} rounds. {names}",
            "",
            "| way | picture | batch | ms a picture (fastest-slowest) | ms of CPU | pictures a second |",
            "|---|---|---|---|---|---|",
            *(row(figure) for figure in report.figures),
        ]
    )


if __name__ == "__main__":
    typer.run(main)
