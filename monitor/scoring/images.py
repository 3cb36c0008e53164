"""Scores pictures: files in, an answer or a fault per file out, annotated copies on request."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import DataError, ErrorCode
from monitor.logos import Picture, decode_picture
from monitor.logos.finder import Found, LogoFinder
from monitor.scoring.annotations import AnnotatedFolder
from monitor.scoring.answers import Fault, ImageAnswer, ImageFault, PixelDetection, Vetoed, shown
from monitor.stream.scoring import score_each


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePolicy:
    """Limits of one run."""

    max_bytes: int
    max_pixels: int
    batch_size: int
    annotate_into: Path | None = None
    """Folder for copies with the boxes drawn; None writes none."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file, and what it holds or what is wrong with it."""

    path: Path
    content: Picture | DataError

    @property
    def pixels(self) -> int:
        return self.content.width * self.content.height if isinstance(self.content, Picture) else 0


def score_images(
    paths: Iterable[Path], finder: LogoFinder, policy: ImagePolicy
) -> Iterator[list[ImageAnswer | ImageFault]]:
    """Answers for each path, in order, a batch at a time.

    Blocks while the models run. Never raises for what a file holds; `OutageError` if the models fail on
    everything, `SetupError` if annotated copies cannot be written.
    """
    copies = AnnotatedFolder(policy.annotate_into) if policy.annotate_into else None
    for batch in _batches(paths, policy):
        pixels = [opened.content.pixels for opened in batch if isinstance(opened.content, Picture)]
        found = iter(score_each(pixels, finder.find, finder.warm_up))
        yield [
            _answer(opened.path, opened.content, next(found), copies)
            if isinstance(opened.content, Picture)
            else ImageFault(file=shown(opened.path), error=Fault.of(opened.content))
            for opened in batch
        ]


def _answer(
    path: Path, picture: Picture, found: Found | DataError, copies: AnnotatedFolder | None
) -> ImageAnswer | ImageFault:
    if isinstance(found, DataError):
        return ImageFault(file=shown(path), error=Fault.of(found))
    if copies is not None:
        copies.write(path, picture, found.detections, found.vetoes)
    width, height = picture.width, picture.height
    return ImageAnswer(
        file=shown(path),
        width=width,
        height=height,
        detections=[PixelDetection.of(detection, width, height) for detection in found.detections],
        vetoes=[Vetoed.of(veto) for veto in found.vetoes],
        unread=found.unread,
    )


def _batches(paths: Iterable[Path], policy: ImagePolicy) -> Iterator[list[_Opened]]:
    """Up to `batch_size` pictures, and no more pixels together than the one largest picture allowed."""
    batch: list[_Opened] = []
    pixels = 0
    for path in paths:
        opened = _open(path, policy)
        if batch and (len(batch) == policy.batch_size or pixels + opened.pixels > policy.max_pixels):
            yield batch
            batch, pixels = [], 0
        batch.append(opened)
        pixels += opened.pixels
    if batch:
        yield batch


def _open(path: Path, policy: ImagePolicy) -> _Opened:
    try:
        with path.open("rb") as file:
            # Asked before reading: a disk image named on the command line must not fill the memory.
            size = os.fstat(file.fileno()).st_size
            data = b"" if size > policy.max_bytes else file.read(policy.max_bytes + 1)
        if size > policy.max_bytes:
            return _Opened(path, _too_large(size, policy.max_bytes))
        return _Opened(path, decode_picture(data, max_bytes=policy.max_bytes, max_pixels=policy.max_pixels))
    except DataError as error:
        return _Opened(path, error)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        return _Opened(path, DataError(ErrorCode.FILE_UNREADABLE, str(error)))


def _too_large(size: int, limit: int) -> DataError:
    return DataError(
        ErrorCode.IMAGE_TOO_MANY_BYTES, f"{size:,} bytes, the limit is {limit:,} (MONITOR_IMAGE_MAX_BYTES)"
    )
