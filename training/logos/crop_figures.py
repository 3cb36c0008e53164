"""How well crops are named: all brands and none, and the talk's own task, one brand against the rest."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.logos.crops import cut_crops
from monitor.logos.gallery.embedder import Embedder
from training.data.pictures import AnnotatedPicture
from training.logos.average_precision import Estimate
from training.logos.crop_decision import CropDecision
from training.logos.crops import CropKind, CropPlan, plan_crops
from training.logos.resampling import resampled
from training.logos.talk_task import NO_LOGO, mean_with_intervals

CROP_SETS: Final = ("fl27", "tl10")
"""Folders whose brands the crop figures are over."""
THE_TALKS: Final = (0.966, 0.883)
"""Macro precision and recall on the talk's slides; its own crops of VMware."""
_SEED: Final = 3


@dataclass(frozen=True)
class LabelledCrops:
    """Embeddings (N, D) of true boxes and backgrounds; `labels` name the brand, "" means none."""

    embeddings: NDArray[np.float32]
    labels: list[str]
    folders: list[str]
    groups: list[str]


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
    talk_precision: Estimate
    talk_recall: Estimate
    """Macro precision and recall of the talk's task, mean over the folder's brands."""


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
    )


def crop_results(crops: LabelledCrops, decision: CropDecision, draws: int) -> tuple[CropResult, ...]:
    """Figures of each folder of `crops`; the decision is among the brands of all of them and none."""
    among = brands_of(crops)
    named, told = named_crops(decision, crops, among), told_crops(decision, crops)
    labels, folders, groups = (np.array(part) for part in (crops.labels, crops.folders, crops.groups))
    results = []
    for folder in sorted(set(crops.folders)):
        own = folders == folder
        logo = own & (labels != NO_LOGO)
        precision, recall = mean_with_intervals(told[own], labels[own], groups[own], draws)
        results.append(
            CropResult(
                folder=folder,
                brands=len(among),
                logos=int(logo.sum()),
                top1=share_with_interval((named == labels)[logo], groups[logo], draws),
                backgrounds=int((own & ~logo).sum()),
                none_right=float((named == labels)[own & ~logo].mean()),
                talk_precision=precision,
                talk_recall=recall,
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
        "| folder | logos | top-1 | backgrounds | called none | macro precision / recall, mean over brands |",
        "|---|---|---|---|---|---|",
    ]
    rows += [
        f"| {row.folder} | {row.logos} | {row.top1} | {row.backgrounds} | {row.none_right:.3f} "
        f"| {row.talk_precision} / {row.talk_recall} |"
        for row in crops
    ]
    return "\n".join(rows)
