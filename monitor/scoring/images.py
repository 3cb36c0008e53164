"""Scores pictures: files in, an answer or a fault per file out, annotated copies on request."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError, ErrorCode
from monitor.logos import LogoDetector, Picture, decode_picture
from monitor.messages import Detection, WrittenBrand
from monitor.scoring.annotations import AnnotatedFolder
from monitor.scoring.answers import Fault, ImageAnswer, ImageFault, PixelDetection, PixelWriting, shown
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


class PictureWords(Protocol):
    """Finds brand names in a picture, as `monitor.logos.words.WordFinder` does."""

    def find(self, pixels: NDArray[np.uint8]) -> tuple[WrittenBrand, ...]:
        """Brand names in the picture. Blocks; may raise anything."""


def score_images(
    paths: Iterable[Path], detector: LogoDetector, policy: ImagePolicy, words: PictureWords | None = None
) -> Iterator[list[ImageAnswer | ImageFault]]:
    """Answers for each path, in order, a batch at a time; with `words` what is written in it, too.

    Blocks while the model runs. Never raises for what a file holds; `OutageError` if the model fails on
    everything, `SetupError` if annotated copies cannot be written.
    """
    copies = AnnotatedFolder(policy.annotate_into) if policy.annotate_into else None
    for batch in _batches(paths, policy):
        pictures = [opened.content for opened in batch if isinstance(opened.content, Picture)]
        found = iter(score_each(pictures, lambda some: _detect(detector, some), detector.warm_up))
        yield [
            _answer(opened.path, opened.content, next(found), copies, words)
            if isinstance(opened.content, Picture)
            else ImageFault(file=shown(opened.path), error=Fault.of(opened.content))
            for opened in batch
        ]


def _detect(detector: LogoDetector, pictures: Sequence[Picture]) -> list[tuple[Detection, ...]]:
    return detector.detect([picture.pixels for picture in pictures])


def _answer(
    path: Path,
    picture: Picture,
    found: tuple[Detection, ...] | DataError,
    copies: AnnotatedFolder | None,
    words: PictureWords | None,
) -> ImageAnswer | ImageFault:
    if isinstance(found, DataError):
        return ImageFault(file=shown(path), error=Fault.of(found))
    written, unread = _read(picture, words)
    if copies is not None:
        copies.write(path, picture, found, written or ())
    return ImageAnswer(
        file=shown(path),
        width=picture.width,
        height=picture.height,
        detections=[PixelDetection.of(detection, picture.width, picture.height) for detection in found],
        written=None
        if written is None
        else [PixelWriting.of(one, picture.width, picture.height) for one in written],
        unread=unread,
    )


def _read(picture: Picture, words: PictureWords | None) -> tuple[tuple[WrittenBrand, ...] | None, str | None]:
    """What is written in the picture, or why it could not be read."""
    if words is None:
        return None, None
    try:
        return words.find(picture.pixels), None
    except Exception as error:  # the library's; the logos are an answer without it
        return None, f"{type(error).__name__}: {error}"


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
