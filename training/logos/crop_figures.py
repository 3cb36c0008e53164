"""How well crops are named: all brands and none, and the talk's own task, one brand against the rest."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.logos.boxes import covered
from monitor.logos.crops import cut_crops
from monitor.logos.gallery.embedder import Embedder
from training.data.pictures import AnnotatedPicture
from training.logos.average_precision import Estimate
from training.logos.crop_decision import CropDecision
from training.logos.crops import Crop, CropKind, CropPlan, plan_crops
from training.logos.resampling import resampled
from training.logos.talk_task import NO_LOGO, TalkTask, mean_of, mean_with_intervals, one_against_the_rest

CROP_SETS: Final = ("fl27", "tl10")
"""Folders whose brands the crop figures are over."""
THE_TALKS: Final = (0.966, 0.883)
"""Macro precision and recall on the talk's slides; its own crops of VMware."""
_SEED: Final = 3
_SHOWS: Final = 0.25
"""Share of a logo's area from which a background is said to show it. Its IoU with the logo is as small, but a
large crop may hold a small logo whole, and one beside a logo a good part of it."""


@dataclass(frozen=True)
class LabelledCrops:
    """Embeddings (N, D) of true boxes and backgrounds; `labels` name the brand, "" means none.

    `showing` (N,): backgrounds that show a logo, though it is not what they were cut for.
    """

    embeddings: NDArray[np.float32]
    labels: list[str]
    folders: list[str]
    groups: list[str]
    showing: NDArray[np.bool_]


class CropResult(msgspec.Struct, frozen=True, kw_only=True):
    """Test crops of one folder."""

    folder: str
    brands: int
    logos: int
    top1: Estimate
    """Share of true crops given their brand, out of all brands of `CROP_SETS` and none."""
    backgrounds: int
    none_right: float
    """Share of background crops given none."""
    overall: float
    """Top-1 of logos and backgrounds together."""
    talk_precision: Estimate
    talk_recall: Estimate
    """Macro precision and recall of the talk's task, mean over the folder's brands."""
    talk_brand: str
    talk_one: TalkTask
    """Of the brand that the talk's CNN is trained for here, or the folder's first."""
    showing: int
    """Backgrounds that show more than a quarter of a logo's area."""
    talk_without: TalkTask
    """Mean over the folder's brands without these backgrounds."""


def of_crop_sets(pictures: Sequence[AnnotatedPicture]) -> list[AnnotatedPicture]:
    """Those of `pictures` that the crop figures are over."""
    return [picture for picture in pictures if picture.folder in CROP_SETS]


def collect_crops(pictures: Sequence[AnnotatedPicture], embedder: Embedder) -> LabelledCrops:
    """True boxes, none moved; one hard negative beside each logo and two backgrounds a picture."""
    crops = [
        crop
        for crop in plan_crops(pictures, CropPlan(moved=0, near=1, background=2), _SEED)
        if crop.kind is CropKind.LOGO or crop.label == "background"
    ]
    parts = []
    for picture, own in itertools.groupby(crops, key=lambda crop: crop.picture):
        boxes = np.array([crop.box for crop in own], np.float32)
        parts.append(embedder.embed(cut_crops(picture.load(), boxes, embedder.geometry)))
    return LabelledCrops(
        np.concatenate(parts),
        [crop.label if crop.kind is CropKind.LOGO else NO_LOGO for crop in crops],
        [crop.picture.folder for crop in crops],
        [crop.picture.group or crop.picture.path.name for crop in crops],
        np.array([crop.kind is not CropKind.LOGO and _shows_a_logo(crop) for crop in crops]),
    )


def _shows_a_logo(crop: Crop) -> bool:
    marked = np.array([box.corners for box in crop.picture.boxes], np.float32).reshape(-1, 4)
    return bool(covered(np.array([crop.box], np.float32), marked).max(initial=0) > _SHOWS)


def crop_results(
    crops: LabelledCrops, decision: CropDecision, talk_brand: str, draws: int
) -> tuple[CropResult, ...]:
    """Figures of each folder of `crops`; the decision is among the brands of all of them and none."""
    among = brands_of(crops)
    named, told = named_crops(decision, crops, among), told_crops(decision, crops)
    labels, folders, groups = (np.array(part) for part in (crops.labels, crops.folders, crops.groups))
    results = []
    for folder in sorted(set(crops.folders)):
        own = folders == folder
        logo = own & (labels != NO_LOGO)
        tasks = one_against_the_rest(told[own], labels[own])
        precision, recall = mean_with_intervals(told[own], labels[own], groups[own], draws)
        without = own & ~crops.showing
        one = talk_brand if talk_brand in tasks else min(tasks)
        results.append(
            CropResult(
                folder=folder,
                brands=len(among),
                logos=int(logo.sum()),
                top1=share_with_interval((named == labels)[logo], groups[logo], draws),
                backgrounds=int((own & ~logo).sum()),
                none_right=float((named == labels)[own & ~logo].mean()),
                overall=float((named == labels)[own].mean()),
                talk_precision=precision,
                talk_recall=recall,
                talk_brand=one,
                talk_one=tasks[one],
                showing=int((own & crops.showing).sum()),
                talk_without=mean_of(one_against_the_rest(told[without], labels[without])),
            )
        )
    return tuple(results)


def brands_of(crops: LabelledCrops) -> list[str]:
    """All brands that the crops show, in alphabetical order."""
    return sorted(set(crops.labels) - {NO_LOGO})


def named_crops(decision: CropDecision, crops: LabelledCrops, among: Sequence[str]) -> NDArray[np.str_]:
    """The most probable of `among` and none for each crop, (N,)."""
    names = np.array([*among, NO_LOGO])
    return np.asarray(names[decision.probabilities(crops.embeddings, among).argmax(1)], np.str_)


def told_crops(decision: CropDecision, crops: LabelledCrops) -> NDArray[np.str_]:
    """The one brand that each crop is said to show, of all that were trained, or none, (N,)."""
    names = np.array([*decision.labels, NO_LOGO])
    return np.asarray(names[decision.told(crops.embeddings)], np.str_)


def share_with_interval(
    hits: NDArray[np.bool_], groups: NDArray[np.str_], draws: int, seed: int = 0
) -> Estimate:
    """Mean of `hits`; the 95% interval resamples groups of near-duplicates."""
    member, times = resampled(groups, draws, seed)
    low, high = np.percentile(
        (times @ np.bincount(member, hits)) / (times @ np.bincount(member)), [2.5, 97.5]
    )
    return Estimate(float(hits.mean()), float(low), float(high))


def crops_table(embedder: str, crops: Sequence[CropResult]) -> str:
    """A line for each folder; `embedder` is its identity."""
    rows = [
        f"Test crops (`{embedder}`), over {crops[0].brands} brands and none; the talk's task is one brand "
        f"against the rest (its own figures, VMware: {THE_TALKS[0]} / {THE_TALKS[1]}):",
        "",
        "| folder | logos | top-1 | backgrounds | called none | all crops right "
        "| macro precision / recall, mean over brands | without backgrounds that show a logo | one brand |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in crops:
        without, one = row.talk_without, row.talk_one
        rows.append(
            f"| {row.folder} | {row.logos} | {row.top1} | {row.backgrounds} "
            f"| {row.none_right:.3f} | {row.overall:.3f} | {row.talk_precision} / {row.talk_recall} "
            f"| {row.showing}: {without.macro_precision:.3f} / {without.macro_recall:.3f} "
            f"| {row.talk_brand} {one.macro_precision:.3f} / {one.macro_recall:.3f} |"
        )
    return "\n".join(rows)
