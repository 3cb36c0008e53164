"""The detector with a gallery behind it: brands it was trained on, and any brand somebody showed it.

The dense detector says where something looks like a logo, whatever its name; the best of these places are
cut out, embedded and compared with the gallery. With an empty gallery nothing of that happens.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from monitor.inference import Manifest
from monitor.logos.boxes import relative
from monitor.logos.crops import cut_crops
from monitor.logos.dense import DenseDetector, Scan
from monitor.logos.detector import LogoDetector
from monitor.logos.evidence import Look
from monitor.logos.gallery.embedder import Embedder, load_embedder
from monitor.logos.gallery.entries import Embeddings, Gallery
from monitor.logos.gallery.matching import Matcher, merge
from monitor.logos.windows import Pixels
from monitor.messages import Detection
from monitor.settings import Device, Settings

MOST_PROPOSALS: Final = 10
"""Places of a picture that are compared with the gallery. On photographs of the fl27 and tl10 val splits (165
logos) the 10 best hold .88 and .94 of the logos at IoU .5; the 30 best would hold .97 and .94."""
PROPOSALS_FROM: Final = 0.2
"""Objectness; the 10 best lose nothing by it there, and pictures without logos are spared crops."""


class GalleryDetector:
    """Finds trained and gallery brands; see `monitor.logos.detector.LogoDetector` for the contract.

    Where both name one box, the stronger find counts; see `monitor.logos.gallery.matching.merge`. The score
    of a gallery find is its cosine similarity. Unchangeable: `with_gallery` gives another one.
    """

    def __init__(self, dense: DenseDetector, embedder: Embedder, gallery: Gallery | None = None) -> None:
        self.dense = dense
        self.embedder = embedder
        self.gallery = gallery or Gallery()
        self._matcher = Matcher(self.gallery)

    def with_gallery(self, gallery: Gallery) -> "GalleryDetector":
        """The same models with another gallery; takes no time worth mentioning."""
        return GalleryDetector(self.dense, self.embedder, gallery)

    @property
    def manifest(self) -> Manifest:
        """The detector's."""
        return self.dense.manifest

    @property
    def identity(self) -> str:
        """The detector's, and the gallery's version where one is compared with:
        `logos@20261123-c8ea16ed+gallery-7`."""
        return (
            f"{self.dense.identity}+gallery-{self.gallery.version}"
            if self.gallery.entries
            else self.dense.identity
        )

    @property
    def device(self) -> Device:
        """Where the models run."""
        return self.dense.device

    def warm_up(self) -> None:
        """Run the usual shapes once."""
        self.dense.warm_up()
        self.embedder.warm_up()

    def detect(self, pictures: Sequence[Pixels]) -> list[tuple[Detection, ...]]:
        """Detections of each picture, best first; blocking, thread-safe."""
        if not self.gallery.entries:
            return self.dense.detect(pictures)
        return [self._enough(looks) for looks in self.look(pictures)]

    def look(self, pictures: Sequence[Pixels]) -> list[tuple[Look, ...]]:
        """Places of trained brands, then of gallery brands, weak ones too, each of the two best first.

        One box may have several names here: which of them counts is a matter of all the evidence. Blocking,
        thread-safe.
        """
        if not self.gallery.entries:
            return self.dense.look(pictures)
        scans = self.dense.scan(pictures, MOST_PROPOSALS, PROPOSALS_FROM)
        crops = [
            cut_crops(picture, scan.proposals.boxes, self.embedder.geometry)
            for picture, scan in zip(pictures, scans, strict=True)
        ]
        if not crops:
            return []
        embedded = self.embedder.embed(np.concatenate(crops))
        each = np.split(embedded, np.cumsum([len(one) for one in crops])[:-1])
        return [
            (*scan.looks, *self._matched(picture, scan, embeddings))
            for picture, scan, embeddings in zip(pictures, scans, each, strict=True)
        ]

    def _matched(self, picture: Pixels, scan: Scan, embeddings: Embeddings) -> list[Look]:
        height, width = picture.shape[:2]
        looks = []
        for corners, matches in zip(scan.proposals.boxes, self._matcher.match(embeddings), strict=True):
            box = relative(corners, width, height)
            if box.width * box.height > 0:
                looks += [
                    Look(entry.brand, min(max(similarity, 0.0), 1.0), entry.threshold, box, "gallery")
                    for entry, similarity in matches
                ]
        return sorted(looks, key=lambda look: -look.score)

    def _enough(self, looks: tuple[Look, ...]) -> tuple[Detection, ...]:
        """What the look alone suffices for."""
        enough = [look for look in looks if look.score >= look.threshold]
        geometry = self.dense.geometry
        return tuple(
            Detection(brand=look.brand, score=look.score, box=look.box, look=look.score)
            for look in merge(enough, geometry.most_overlap, geometry.most_inside)
        )


def open_gallery_detector(detector: LogoDetector, settings: Settings) -> tuple[GalleryDetector | None, str]:
    """`detector` with an empty gallery, or None and the reason why there can be none.

    Raises `SetupError` where the embedder's files are wrong or it does not come up on the device asked for.
    """
    folder = settings.models_dir / settings.logo_embedder
    if not settings.logo_embedder:
        return None, "MONITOR_LOGO_EMBEDDER is empty"
    if not folder.is_dir():
        return None, f"there is no embedder {folder}; train one with `brand-train`"
    if not isinstance(detector, DenseDetector):
        return None, f"{detector.identity} proposes no boxes; set MONITOR_LOGO_MODEL=logos"
    embedder = load_embedder(folder, settings.device, settings.inference_threads)
    return GalleryDetector(detector, embedder), ""
