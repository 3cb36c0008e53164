"""Writes copies of pictures with the found boxes drawn, for looking at what a model does."""

from pathlib import Path

import cv2

from monitor.errors import SetupError
from monitor.logos import Picture, annotate
from monitor.logos.evidence import Veto
from monitor.messages import Detection


class AnnotatedFolder:
    """A folder of `NAME.annotated.jpg`: never a picture's own name, so originals beside them are safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._taken: set[str] = set()

    def write(
        self,
        source: Path,
        picture: Picture,
        detections: tuple[Detection, ...],
        vetoes: tuple[Veto, ...] = (),
    ) -> None:
        """Write the copy of `source`. Raises `SetupError` where the folder cannot be written."""
        target = self._folder / self._name(source.stem)
        _, data = cv2.imencode(".jpg", annotate(picture.pixels, detections, vetoes))
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data.tobytes())
        except OSError as error:
            raise SetupError(
                f"cannot write {target}: {error.strerror}; choose another folder for --annotate"
            ) from error

    def _name(self, stem: str) -> str:
        """A name no other picture of this run has: a/1.jpg and b/1.jpg are two."""
        name, number = f"{stem}.annotated.jpg", 1
        while name in self._taken:
            number += 1
            name = f"{stem}-{number}.annotated.jpg"
        self._taken.add(name)
        return name
