"""Measures shipped logo models on the test splits: boxes and seconds; each folder apart, with intervals.

    brand-train evaluate logos --data DIR

What counts for marketing, pictures found and pictures with a wrong brand, is measured in
`training.logos.picture_figures`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from monitor.inference import load_manifest
from training.data.logo_sets import read_logo_sets
from training.data.pictures import AnnotatedPicture, Split
from training.export import machine
from training.logos.average_precision import (
    Estimate,
    OperatingPoint,
    Scored,
    average_precision,
    mean_average_precision,
    operating_point,
)
from training.logos.calibration import alarm_rate
from training.logos.held_out import without_brands
from training.logos.picture_figures import PictureFigures
from training.logos.scoring import WEAKEST, label_detector, score_pictures
from training.logos.selection import folders_with_logos
from training.logos.timing import seconds_a_picture

MIN_BOXES: Final = 20
"""Folders with fewer test boxes give no figure worth printing."""
_TIMED: Final = 12
"""Pictures timed; the median counts."""


class FolderResult(msgspec.Struct, frozen=True, kw_only=True):
    """One folder's test split, or the photographs of it."""

    folder: str
    photographs_only: bool
    pictures: int
    boxes: int
    map50: Estimate
    map75: float
    """As `map50`, a hit from IoU .75 on: whether boxes end where the logo does."""
    at_threshold: OperatingPoint


class BaselineResult(msgspec.Struct, frozen=True, kw_only=True):
    """The talk's CNN over sliding windows on one folder, one brand, and the model beside it on the same
    pictures."""

    identity: str
    folder: str
    brand: str
    pictures: int
    boxes: int
    ap50: Estimate
    model_ap50: Estimate
    seconds: float


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything measured in one run; None and empty where there was no picture or no model for it."""

    identity: str
    machine: str
    folders: tuple[FolderResult, ...]
    brands: dict[str, dict[str, float]]
    negatives: int
    false_alarm_share: float | None
    timed: str
    """Folders of the pictures that were timed."""
    seconds: float | None
    baseline: BaselineResult | None = None
    shown: PictureFigures | None = None

    def write(self, folder: Path) -> None:
        """evaluation.json and evaluation.md."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "evaluation.json").write_bytes(
            msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"
        )
        (folder / "evaluation.md").write_text(self.markdown() + "\n", "utf-8")

    def markdown(self) -> str:
        """The tables for a card or a note."""
        lines = [
            f"`{self.identity}`, test splits, look alone, IoU .5; in brackets the 95% bootstrap interval.",
            "",
            "| folder | pictures | boxes | mAP50 | mAP75 | at the shipped thresholds: precision | recall |",
            "|---|---|---|---|---|---|---|",
        ]
        for row in self.folders:
            name = f"{row.folder}, photographs" if row.photographs_only else f"{row.folder}, all"
            point = row.at_threshold
            lines.append(
                f"| {name} | {row.pictures} | {row.boxes} | {row.map50} | {row.map75:.3f} "
                f"| {point.precision:.3f} | {point.recall:.3f} |"
            )
        lines.append("")
        if self.false_alarm_share is not None:
            share = f"{self.false_alarm_share:.1%} of {self.negatives} pictures without logos"
            lines.append(f"False alarms: {share}.")
        if self.seconds is not None:
            lines.append(
                f"Time: {self.seconds * 1000:.0f} ms from JPEG bytes to boxes, 640 x 480, one CPU thread "
                f"({self.machine})."
            )
        if self.baseline:
            base = self.baseline
            lines += [
                "",
                f"Beside the talk's CNN over sliding windows (`{base.identity}`), "
                f"{base.brand} on {base.folder} test ({base.pictures} pictures, {base.boxes} boxes):",
                "",
                "| | AP50 | seconds per 640 x 480 picture |",
                "|---|---|---|",
                f"| the talk's CNN | {base.ap50} | {base.seconds:.2f} |",
                f"| this model | {base.model_ap50} | {self.seconds:.2f} |",
            ]
        if self.shown:
            lines += ["", self.shown.markdown()]
        return "\n".join(lines)


def evaluate_models(
    model: Path,
    data: Path,
    draws: int,
    *,
    baseline: Path | None = None,
    without: Sequence[str] = (),
) -> Evaluation:
    """Measure `model` on every folder with enough test boxes, and `baseline` on its brand's, in one run.

    Pictures of the brands in `without` are left out: those that the model was never shown. So are pictures in
    which a logo may have no box.
    """
    pictures = without_brands(read_logo_sets(data), without)
    test = [picture for picture in pictures if picture.split is Split.TEST and picture.boxed]
    manifest = load_manifest(model)
    detector = label_detector(
        model, manifest.labels, 0, WEAKEST
    )  # all cores here; time is taken on one below
    known = set(manifest.labels)
    folders, brands, scored_by_folder = [], {}, {}
    for folder in sorted({picture.folder for picture in test if picture.boxes}):
        own = [picture for picture in test if picture.folder == folder]
        if sum(box.label in known for picture in own for box in picture.targets) < MIN_BOXES:
            continue
        scored = score_pictures(detector, own, folder)
        scored_by_folder[folder] = own, scored
        for photographs in (True, False):
            kept = [s for p, s in zip(own, scored, strict=True) if p.is_photograph or not photographs]
            if any(picture.marked for picture in kept):
                folders.append(_folder_result(folder, photographs, kept, manifest.thresholds, draws))
        labels = sorted({box.label for picture in own for box in picture.targets})
        brands[folder] = {label: round(average_precision(scored, label), 3) for label in labels}
    with_logos = folders_with_logos(pictures)
    negatives = [picture for picture in test if picture.folder not in with_logos]
    silent = score_pictures(detector, negatives, "negatives")
    timed = ([picture for picture in test if picture.folder in scored_by_folder] or test)[:_TIMED]
    return Evaluation(
        identity=manifest.identity,
        machine=machine(),
        folders=tuple(folders),
        brands=brands,
        negatives=len(negatives),
        false_alarm_share=alarm_rate(silent, manifest.thresholds) if silent else None,
        timed=", ".join(sorted({picture.folder for picture in timed})),
        seconds=seconds_a_picture(label_detector(model, manifest.labels, 1, None), timed) if timed else None,
        baseline=_measure_baseline(baseline, scored_by_folder, timed, draws) if baseline else None,
    )


def _folder_result(
    folder: str, photographs: bool, scored: Sequence[Scored], thresholds: dict[str, float], draws: int
) -> FolderResult:
    return FolderResult(
        folder=folder,
        photographs_only=photographs,
        pictures=len(scored),
        boxes=sum(not box.ignore for picture in scored for box in picture.marked),
        map50=mean_average_precision(scored, draws),
        map75=mean_average_precision(scored, 10, needed=0.75).value,
        at_threshold=operating_point(scored, thresholds),
    )


def _measure_baseline(
    baseline: Path,
    scored: dict[str, tuple[list[AnnotatedPicture], list[Scored]]],
    timed: Sequence[AnnotatedPicture],
    draws: int,
) -> BaselineResult | None:
    """On the first folder (by name) that marks its brand; all pictures of the folder, so that others can
    mislead it. None where no folder marks it."""
    manifest = load_manifest(baseline)
    (brand,) = manifest.labels
    folders = (
        name for name, (own, _) in scored.items() if any(b.label == brand for p in own for b in p.targets)
    )
    folder = next(folders, None)
    if folder is None:
        return None
    own, beside = scored[folder]
    found = score_pictures(label_detector(baseline, manifest.labels, 0, WEAKEST), own, manifest.name)
    return BaselineResult(
        identity=manifest.identity,
        folder=folder,
        brand=brand,
        pictures=len(own),
        boxes=sum(box.label == brand for picture in own for box in picture.targets),
        ap50=mean_average_precision(only_label(found, brand), draws),
        model_ap50=mean_average_precision(only_label(beside, brand), draws),
        seconds=seconds_a_picture(label_detector(baseline, manifest.labels, 1, None), timed[:3]),
    )


def only_label(scored: Sequence[Scored], label: str) -> list[Scored]:
    """The same pictures with the boxes of one label."""
    return [
        Scored(
            tuple(found for found in picture.found if found.label == label),
            tuple(box for box in picture.marked if box.label == label),
            picture.group,
        )
        for picture in scored
    ]
