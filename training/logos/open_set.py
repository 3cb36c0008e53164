"""Brands that no part of the system was trained on, added from a few references: how well they are found.

Measured with a detector and an embedder that were trained without them (`brand-train logos --without
open-set`), through the gallery as the service uses it. VMware the same way, one group of its photographs
left out after the other: references are its vector wordmark and crops of the other groups.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from monitor.errors import SetupError
from monitor.inference import load_manifest
from monitor.logos.boxes import iou, suppress
from monitor.logos.crops import cut_crops
from monitor.logos.dense import DenseDetector
from monitor.logos.gallery import (
    MOST_PROPOSALS,
    Embedder,
    Gallery,
    GalleryEntry,
    Reference,
    Target,
    build_entry,
    load_embedder,
    read_reference,
)
from monitor.logos.gallery.detector import PROPOSALS_FROM
from monitor.logos.gallery.matching import Matcher
from training.data.pictures import AnnotatedPicture, LogoBox, Split, name_hash
from training.logos.average_precision import (
    IOU_NEEDED,
    Estimate,
    Found,
    Scored,
    average_precision,
    mean_average_precision,
)
from training.logos.calibration import alarm_rate
from training.logos.canvases import VMWARE_WORDMARK
from training.logos.held_out import DRAWN, home_folder, open_set_brands
from training.logos.operating_point import OperatingPoint, operating_point
from training.logos.scoring import WEAKEST, label_detector, score_pictures

REFERENCES: Final = 5
_LONG_SIDE, _SHORT_SIDE = 20, 5
"""px that the gallery asks of a reference."""


class OpenSetResult(msgspec.Struct, frozen=True, kw_only=True):
    """Ten brands, `REFERENCES` crops each."""

    detector: str
    embedder: str
    brands: dict[str, float]
    """AP50 of each, over the photographs that show one of the ten."""
    pictures: int
    boxes: int
    map50: Estimate
    distractors: int
    map50_among_all: float
    """The same with `distractors` added: all test photographs without any of the ten."""
    proposed: float
    """Share of the true boxes that a proposal meets at IoU .5: no naming can do better."""
    at_threshold: OperatingPoint
    negatives: int
    false_alarm_share: float


class LeftOutResult(msgspec.Struct, frozen=True, kw_only=True):
    """VMware's photographs, none of them seen in training."""

    groups: int
    pictures: int
    boxes: int
    gallery: Estimate
    """AP50 with the wordmark and crops of the other groups as references."""
    drawn: Estimate
    """AP50 of the detector's own label, learned from drawn wordmarks alone."""


class StrangerFinder:
    """The held-out detector and embedder, with proposals embedded once for any gallery."""

    def __init__(self, models: Path) -> None:
        """`models` holds the folders `logos` and `logos-embedder` of runs without the brands."""
        self.folder = models / "logos"
        dense = label_detector(self.folder, (), 0, WEAKEST)
        if not isinstance(dense, DenseDetector):
            raise SetupError(f"{self.folder} proposes no boxes; train it with --arch dense")
        self.dense = dense
        self.embedder: Embedder = load_embedder(models / "logos-embedder")
        self.seen = set(dense.manifest.labels) - {DRAWN} | set(
            load_manifest(models / "logos-embedder").labels
        )
        """Brands whose photographs one of the two was trained on; VMware's wordmark is drawn, too."""
        self._looked: dict[Path, tuple[NDArray[np.float32], NDArray[np.float32]]] = {}

    def look(self, picture: AnnotatedPicture) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Proposed boxes (N, 4) px and their embeddings (N, D), as the service would get them."""
        if picture.path not in self._looked:
            pixels = picture.load()
            boxes = self.dense.scan([pixels], MOST_PROPOSALS, PROPOSALS_FROM)[0].proposals.boxes
            self._looked[picture.path] = (
                boxes,
                self.embedder.embed(cut_crops(pixels, boxes, self.embedder.geometry)),
            )
        return self._looked[picture.path]

    def entry(self, brand: str, references: Sequence[Reference]) -> GalleryEntry:
        """As `brand-monitor brands add` makes it."""
        return build_entry(brand, references, self.embedder, Target(proposals=MOST_PROPOSALS))

    def find(self, picture: AnnotatedPicture, gallery: Gallery) -> Scored:
        """Every box under the brand it is most like, whatever the threshold: for precision-recall curves."""
        boxes, embeddings = self.look(picture)
        found: list[Found] = []
        if len(boxes):
            similarities = Matcher(gallery).similarities(embeddings)
            best, score = similarities.argmax(1), similarities.max(1)
            for number in suppress(boxes, score, self.dense.geometry.most_overlap).tolist():
                x1, y1, x2, y2 = boxes[number].tolist()
                brand = gallery.entries[int(best[number])].brand
                found.append(Found(brand, float(score[number]), (x1, y1, x2, y2)))
        return Scored(tuple(found), picture.boxes, picture.group)


def measure_open_set(
    finder: StrangerFinder, pictures: Sequence[AnnotatedPicture], draws: int
) -> OpenSetResult:
    """The ten brands of `held_out.open_set_brands`, references from train, everything else from test."""
    brands = open_set_brands(pictures)
    if known := sorted(set(brands) & finder.seen):
        raise SetupError(f"{finder.folder.parent} was trained on {', '.join(known)}; train with --without")
    homes = {brand: home_folder(pictures, brand) for brand in brands}
    entries = [finder.entry(brand, references(pictures, brand, homes[brand])) for brand in brands]
    gallery = Gallery(entries=tuple(entries))
    test = [p for p in pictures if p.split is Split.TEST and p.is_photograph and p.boxes]
    shown = [p for p in test if any(homes.get(box.label) == p.folder for box in p.targets)]
    scored = [
        _only(finder.find(picture, gallery), homes, picture.folder)
        for picture in tqdm(shown, desc="open set", unit="picture", mininterval=5)
    ]
    # A brand outside its home folder may mean another of its logos: neither right nor wrong.
    others = [p for p in test if not any(box.label in homes for box in p.boxes)]
    among = scored + [
        _only(finder.find(picture, gallery), homes, picture.folder)
        for picture in tqdm(others, desc="distractors", unit="picture", mininterval=5)
    ]
    with_logos = {picture.folder for picture in pictures if picture.boxes}
    silent = [p for p in pictures if p.split is Split.TEST and p.folder not in with_logos]
    thresholds = {entry.brand: entry.threshold for entry in entries}
    quiet = [finder.find(p, gallery) for p in tqdm(silent, desc="negatives", unit="picture", mininterval=5)]
    return OpenSetResult(
        detector=finder.dense.manifest.identity,
        embedder=finder.embedder.identity,
        brands={brand: round(average_precision(scored, brand), 3) for brand in brands},
        pictures=len(shown),
        boxes=sum(not box.ignore for picture in scored for box in picture.marked),
        map50=mean_average_precision(scored, draws),
        distractors=len(others),
        map50_among_all=mean_average_precision(among, 1).value,
        proposed=_share_proposed(finder, shown, homes),
        at_threshold=operating_point(scored, thresholds),
        negatives=len(quiet),
        false_alarm_share=alarm_rate(quiet, thresholds),
    )


def references(pictures: Sequence[AnnotatedPicture], brand: str, folder: str) -> list[Reference]:
    """The brand's first train photographs in the order of a hash of their names, one crop of each."""
    candidates = sorted(
        (p for p in pictures if p.split is Split.TRAIN and p.is_photograph and p.folder == folder),
        key=lambda picture: name_hash(picture.path.name),
    )
    chosen: dict[str, Reference] = {}
    for picture in candidates:
        boxes = [box for box in picture.targets if box.label == brand and _large_enough(box)]
        if boxes and picture.group not in chosen:
            chosen[picture.group] = _reference(picture, boxes[0])
        if len(chosen) == REFERENCES:
            break
    return list(chosen.values())


def _large_enough(box: LogoBox) -> bool:
    return max(box.width, box.height) >= _LONG_SIDE and min(box.width, box.height) >= _SHORT_SIDE


def _reference(picture: AnnotatedPicture, box: LogoBox) -> Reference:
    x1, y1, x2, y2 = (round(edge) for edge in box.corners)
    corners = max(x1, 0), max(y1, 0), min(x2, picture.width), min(y2, picture.height)
    return read_reference(picture.path, corners)


def _only(scored: Scored, homes: dict[str, str], folder: str) -> Scored:
    """Of the true boxes those of the ten brands, each in its home folder only."""
    marked = tuple(box for box in scored.marked if homes.get(box.label) == folder)
    return Scored(scored.found, marked, scored.group)


def _share_proposed(
    finder: StrangerFinder, pictures: Sequence[AnnotatedPicture], homes: dict[str, str]
) -> float:
    met = [
        bool((iou(finder.look(picture)[0], np.array([box.corners], np.float32)) >= IOU_NEEDED).any())
        for picture in pictures
        for box in picture.targets
        if homes.get(box.label) == picture.folder
    ]
    return float(np.mean(met))


def measure_left_out(
    finder: StrangerFinder, pictures: Sequence[AnnotatedPicture], draws: int
) -> LeftOutResult:
    """VMware over its own folder: each group looked at with references of the others alone."""
    own = [picture for picture in pictures if picture.folder == DRAWN]
    if DRAWN in finder.seen or not own:
        raise SetupError(f"{finder.folder.parent} was trained on {DRAWN}, or the data shows none of it")
    wordmark = read_reference(VMWARE_WORDMARK)
    scored = []
    for group in tqdm(sorted({picture.group for picture in own}), desc="groups left out", unit="group"):
        others = [picture for picture in own if picture.group != group]
        gallery = Gallery(entries=(finder.entry(DRAWN, [wordmark, *_crops(others)]),))
        scored += [finder.find(picture, gallery) for picture in own if picture.group == group]
    drawn = score_pictures(label_detector(finder.folder, (DRAWN,), 0, WEAKEST), own, "drawn wordmarks")
    return LeftOutResult(
        groups=len({picture.group for picture in own}),
        pictures=len(own),
        boxes=sum(len(picture.targets) for picture in own),
        gallery=mean_average_precision(scored, draws),
        drawn=mean_average_precision(drawn, draws),
    )


def _crops(pictures: Sequence[AnnotatedPicture]) -> list[Reference]:
    """With the wordmark `REFERENCES` in all: one of each picture, in the order of a hash of names."""
    shown = [
        (picture, box)
        for picture in sorted(pictures, key=lambda picture: name_hash(picture.path.name))
        for box in [box for box in picture.targets if _large_enough(box)][:1]
    ]
    return [_reference(picture, box) for picture, box in shown[: REFERENCES - 1]]
