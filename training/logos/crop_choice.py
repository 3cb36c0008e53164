"""How crops are named by a trained embedder; chosen on crops of pictures that it did not learn from.

The `weight` of the nearest reference beside the learned vectors, and how much "no logo" is `lowered`: what
makes the right names of the crops the likeliest, logos and backgrounds counting alike, since how many
backgrounds there are is our choice. Likelihood and not the share of right names: of two hundred logos that
share moves in steps of half a percent. Where that names too few logos of a folder, "no logo" is lowered
further until as many of each are named as is wanted: over a wide range, what logos gain backgrounds lose.
Telling one brand from the rest is asked to be right when it says yes: `told_lowered` is where precision and
recall of each folder stand farthest above what is wanted.

Of one run there are few such crops. Runs that each held back another fold are looked at together: each names
its own fold's crops, and one choice serves all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.inference.manifest import Metric
from training.logos.crop_decision import CropDecision
from training.logos.crop_figures import CROP_SETS, LabelledCrops, brands_of, named_crops, told_crops
from training.logos.talk_task import NO_LOGO, TalkTask, mean_of, one_against_the_rest

WEIGHTS: Final = (0.0, 0.5, 1.0, 2.0)
LOWERED: Final = tuple(np.arange(-5.0, 5.5, 0.5).tolist())
_LEAST_CHANCE: Final = 1e-6
"""Under it a logarithm would let one crop decide."""
WANTED_NAMED: Final = 0.93
"""Share of each folder's logos that get their brand, out of all brands and none."""
WANTED_PRECISION: Final = 0.98
WANTED_RECALL: Final = 0.95
"""Macro precision and recall of one brand against the rest, mean over a folder's brands."""


@dataclass(frozen=True)
class CropChoice:
    """The fields of `CropDecision` that are chosen, not learned."""

    weight: float
    lowered: float
    told_lowered: float

    def applied(self, decision: CropDecision) -> CropDecision:
        """`decision` with this choice."""
        return replace(decision, weight=self.weight, lowered=self.lowered, told_lowered=self.told_lowered)


@dataclass(frozen=True)
class HeldBack:
    """Crops of pictures that an embedder did not learn from, and how it names them, choices aside."""

    split: str
    """As `fold_name` has it."""
    decision: CropDecision
    crops: LabelledCrops


class _Together:
    """All folds, with the labels and folders of their crops one behind the other."""

    def __init__(self, held: Sequence[HeldBack]) -> None:
        self.held = held
        self.among = sorted({brand for one in held for brand in brands_of(one.crops)})
        self.labels = np.array([label for one in held for label in one.crops.labels])
        self.folders = np.array([folder for one in held for folder in one.crops.folders])
        self.logos = self.labels != NO_LOGO

    def likelihood(self, choice: CropChoice) -> float:
        """Mean log-likelihood of the right names, over logos and over backgrounds, added up."""
        chances = np.concatenate(
            [
                choice.applied(one.decision).probabilities(one.crops.embeddings, self.among)
                for one in self.held
            ]
        )
        names = [*self.among, NO_LOGO]
        right = chances[np.arange(len(chances)), [names.index(label) for label in self.labels.tolist()]]
        logs = np.log(right.clip(min=_LEAST_CHANCE))
        return float(logs[self.logos].mean() + logs[~self.logos].mean())

    def right(self, choice: CropChoice) -> NDArray[np.bool_]:
        """Which crops get their brand, or none where they show none, (N,)."""
        named = [named_crops(choice.applied(one.decision), one.crops, self.among) for one in self.held]
        return np.asarray(np.concatenate(named) == self.labels, np.bool_)

    def named(self, right: NDArray[np.bool_]) -> dict[str, float]:
        """Share of each folder's logos that get their brand; `right` (N,) as above."""
        right, folders = right[self.logos], self.folders[self.logos]
        return {folder: float(right[folders == folder].mean()) for folder in sorted(set(folders.tolist()))}

    def told(self, choice: CropChoice) -> dict[str, TalkTask]:
        """The talk's task of each folder, mean over its brands."""
        told = np.concatenate([told_crops(choice.applied(one.decision), one.crops) for one in self.held])
        tasks = {}
        for folder in sorted(set(self.folders.tolist())):
            own = self.folders == folder
            tasks[folder] = mean_of(one_against_the_rest(told[own], self.labels[own]))
        return tasks


def choose(held: Sequence[HeldBack]) -> tuple[CropChoice, list[Metric]]:
    """What is best over all folds together, and the figures: of each weight at its best, and of the talk's
    task."""
    together = _Together(held)
    finalists = []
    for weight in WEIGHTS:
        tried = [CropChoice(weight, lowered, 0.0) for lowered in LOWERED]
        finalists.append(max(((together.likelihood(one), one) for one in tried), key=itemgetter(0)))
    _, likeliest = max(finalists, key=itemgetter(0))
    naming = _naming_enough(together, likeliest)
    choices = [replace(naming, told_lowered=lowered) for lowered in LOWERED]
    best = max(choices, key=lambda choice: _rooms(together, choice))
    split = " and ".join(one.split for one in held)
    compared = [choice for _, choice in finalists] + ([] if naming == likeliest else [naming])
    named = [_named_metric(together, choice, split) for choice in compared]
    return best, [*named, *_told_metrics(together, best, split)]


def _naming_enough(together: _Together, likeliest: CropChoice) -> CropChoice:
    """`likeliest`, with "no logo" lowered further until enough of each folder are named, if ever they are."""
    further = [replace(likeliest, lowered=lowered) for lowered in LOWERED if lowered >= likeliest.lowered]
    for one in further:
        if min(together.named(together.right(one)).values(), default=1.0) >= WANTED_NAMED:
            return one
    return likeliest


def _rooms(together: _Together, choice: CropChoice) -> list[float]:
    """How far precision and recall of each folder stand above what is wanted, the least first."""
    tasks = together.told(choice).values()
    precisions = [task.macro_precision - WANTED_PRECISION for task in tasks]
    return sorted([*precisions, *(task.macro_recall - WANTED_RECALL for task in tasks)])


def _named_metric(together: _Together, choice: CropChoice, split: str) -> Metric:
    right = together.right(choice)
    logos = together.labels[together.logos]
    apart = ", ".join(f"{folder} {share:.3f}" for folder, share in together.named(right).items())
    return Metric(
        name="crop top-1",
        value=round(float(right[together.logos].mean()), 4),
        dataset="+".join(CROP_SETS),
        split=split,
        note=f"{len(logos)} true crops over {len(set(logos.tolist()))} brands and none ({apart}); "
        f"weight of the nearest reference {choice.weight}, no logo lowered by {choice.lowered}; "
        f"backgrounds right {right[~together.logos].mean():.3f}, "
        f"log-likelihoods of both, added up, {together.likelihood(choice):.3f}",
    )


def _told_metrics(together: _Together, choice: CropChoice, split: str) -> list[Metric]:
    return [
        Metric(
            name="one brand against the rest, macro precision",
            value=round(task.macro_precision, 4),
            dataset=folder,
            split=split,
            note=f"macro recall {task.macro_recall:.4f}; no logo lowered by {choice.told_lowered}",
        )
        for folder, task in together.told(choice).items()
    ]
