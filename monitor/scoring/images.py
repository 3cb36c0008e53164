"""Scores pictures: files in, an answer or a fault per file out, annotated copies on request."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import DataError, ErrorCode, SetupError
from monitor.logos import LogoDetector, Picture, annotate, decode_picture
from monitor.messages import Detection
from monitor.scoring.answers import Fault, ImageAnswer, ImageFault, PixelDetection
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
    path: Path
    picture: Picture | DataError

    @property
    def pixels(self) -> int:
        return 0 if isinstance(self.picture, DataError) else self.picture.width * self.picture.height


def score_images(
    paths: Iterable[Path], detector: LogoDetector, policy: ImagePolicy
) -> Iterator[list[ImageAnswer | ImageFault]]:
    """Answers for each path, in order, a batch at a time.

    Blocks while the model runs. Never raises for what a file holds; raises `SetupError` where annotated
    copies cannot be written.
    """
    taken: set[Path] = set()
    for batch in _batches(paths, policy):
        pictures = [opened.picture for opened in batch if not isinstance(opened.picture, DataError)]
        found = iter(score_each(pictures, lambda some: _detect(detector, some), detector.warm_up))
        answers: list[ImageAnswer | ImageFault] = []
        for opened in batch:
            result = opened.picture if isinstance(opened.picture, DataError) else next(found)
            answers.append(_answer(opened, result))
            if (
                policy.annotate_into
                and not isinstance(opened.picture, DataError | None)
                and isinstance(result, tuple)
            ):
                _write_annotated(policy.annotate_into, opened.path, opened.picture, result, taken)
        yield answers


def _batches(paths: Iterable[Path], policy: ImagePolicy) -> Iterator[list[_Opened]]:
    """Up to `batch_size` pictures, and no more pixels together than the one largest picture allowed."""
    batch: list[_Opened] = []
    for path in paths:
        opened = _open(path, policy)
        if batch and sum(other.pixels for other in batch) + opened.pixels > policy.max_pixels:
            yield batch
            batch = []
        batch.append(opened)
        if len(batch) == policy.batch_size:
            yield batch
            batch = []
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


def _detect(detector: LogoDetector, pictures: Sequence[Picture]) -> list[tuple[Detection, ...]]:
    return detector.detect([picture.pixels for picture in pictures])


def _answer(opened: _Opened, result: tuple[Detection, ...] | DataError) -> ImageAnswer | ImageFault:
    file = str(opened.path)
    if isinstance(result, DataError) or isinstance(opened.picture, DataError):
        error = result if isinstance(result, DataError) else opened.picture
        assert isinstance(error, DataError)
        return ImageFault(file=file, error=Fault.of(error))
    width, height = opened.picture.width, opened.picture.height
    return ImageAnswer(
        file=file,
        width=width,
        height=height,
        detections=[PixelDetection.of(detection, width, height) for detection in result],
    )


def _write_annotated(
    folder: Path, source: Path, picture: Picture, detections: tuple[Detection, ...], taken: set[Path]
) -> None:
    """`NAME.annotated.jpg`: never a picture's own name, so originals are safe even in their own folder."""
    import cv2

    target = folder / f"{source.stem}.annotated.jpg"
    number = 1
    while target in taken:  # a/1.jpg and b/1.jpg of one run
        number += 1
        target = folder / f"{source.stem}-{number}.annotated.jpg"
    taken.add(target)
    written, data = cv2.imencode(".jpg", annotate(picture.pixels, detections))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.tobytes())
    except OSError as error:
        raise SetupError(
            f"cannot write {target}: {error.strerror}; choose another folder for --annotate"
        ) from error
    assert written
