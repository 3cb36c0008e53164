"""How well crops are named: all brands and none, and the talk's own task, one brand against the rest."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.logos.crops import CropGeometry, cut_crops
from monitor.logos.gallery.embedder import Embedder
from training.data.pictures import AnnotatedPicture
from training.logos.average_precision import Estimate
from training.logos.crop_decision import CropDecision
from training.logos.crops import CropKind, CropPlan, plan_crops
from training.logos.talk_training import confusion

CROP_SETS: Final = ("fl27", "tl10")
"""Folders whose brands the crop figures are over."""
_SEED: Final = 3
NO_LOGO: Final = ""


@dataclass(frozen=True)
class LabelledCrops:
    """Embeddings (N, D) of true boxes and backgrounds; `labels` name the brand, "" means none."""

    embeddings: NDArray[np.float32]
    labels: list[str]
    folders: list[str]
    groups: list[str]


class TalkTask(msgspec.Struct, frozen=True):
    """One brand against the rest, as the talk measured: both classes count alike."""

    macro_precision: float
    macro_recall: float


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
    talk_mean: TalkTask
    """Mean over the folder's brands."""
    talk_brand: str
    talk_one: TalkTask
    """Of the brand that the talk's CNN is trained for here, or the folder's first."""


def collect_crops(
    pictures: Sequence[AnnotatedPicture], embedder: Embedder, geometry: CropGeometry
) -> LabelledCrops:
    """True boxes, none moved; one hard negative beside each logo and two backgrounds a picture."""
    crops = [
        crop
        for crop in plan_crops(pictures, CropPlan(moved=0, near=1, background=2), _SEED)
        if crop.kind is CropKind.LOGO or crop.label == "background"
    ]
    parts = []
    for picture, own in itertools.groupby(crops, key=lambda crop: crop.picture):
        boxes = np.array([crop.box for crop in own], np.float32)
        parts.append(embedder.embed(cut_crops(picture.load(), boxes, geometry)))
    return LabelledCrops(
        np.concatenate(parts),
        [crop.label if crop.kind is CropKind.LOGO else NO_LOGO for crop in crops],
        [crop.picture.folder for crop in crops],
        [crop.picture.group or crop.picture.path.name for crop in crops],
    )


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
                talk_mean=TalkTask(
                    float(np.mean([task.macro_precision for task in tasks.values()])),
                    float(np.mean([task.macro_recall for task in tasks.values()])),
                ),
                talk_brand=one,
                talk_one=tasks[one],
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


def one_against_the_rest(told: NDArray[np.str_], wanted: NDArray[np.str_]) -> dict[str, TalkTask]:
    """The talk's task for each brand of `wanted` (N,): is a crop `told` (N,) to be of it, or not?"""
    tasks = {}
    for brand in sorted(set(wanted.tolist()) - {NO_LOGO}):
        counts = confusion(told == brand, wanted == brand)
        tasks[brand] = TalkTask(float(counts["macro_precision"]), float(counts["macro_recall"]))
    return tasks


def share_with_interval(
    hits: NDArray[np.bool_], groups: NDArray[np.str_], draws: int, seed: int = 0
) -> Estimate:
    """Mean of `hits`; the 95% interval resamples groups of near-duplicates."""
    names, member = np.unique(groups, return_inverse=True)
    right, every = np.bincount(member, hits, len(names)), np.bincount(member, minlength=len(names))
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, len(names), (draws, len(names)))
    low, high = np.percentile(right[chosen].sum(1) / every[chosen].sum(1), [2.5, 97.5])
    return Estimate(float(hits.mean()), float(low), float(high))
