"""Sets the score from which each brand is reported, from pictures that do not show it.

Two rules together. A brand's own: on pictures without it (logo-free ones, and val pictures of other brands)
it is wrongly reported on at most a stated share. And one floor under all brands, raised until at most a
stated share of the logo-free pictures has any detection at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from monitor.errors import SetupError
from training.logos.average_precision import Scored, labels_marked


@dataclass(frozen=True)
class CalibrationTarget:
    """False-alarm rates to stay under, as shares of pictures."""

    any_brand: float = 0.02
    confidence: float = (
        0.9  # that the true rate is under `any_brand`; 0 takes the observed rate as the true one
    )
    each_brand: float = 0.003
    lowest: float = 0.45
    """No brand is reported below, however clean its record: from .35 to .5 the F1 of the val pictures is
    level (.670), and the higher of these invent less."""


def calibrate(
    labels: Sequence[str],
    logo_free: Sequence[Scored],
    others: Sequence[Scored],
    target: CalibrationTarget,
) -> dict[str, float]:
    """Label -> threshold, rounded up to three digits. `others` show logos; each counts for the brands it
    lacks."""
    check_enough(len(logo_free), target)
    own = {label: _own_threshold(label, [*logo_free, *others], target.each_brand) for label in labels}
    floor = target.lowest
    while _alarms_too_often(logo_free, {label: max(own[label], floor) for label in labels}, target):
        floor += 0.005
    return {label: float(np.ceil(max(own[label], floor) * 1000) / 1000) for label in labels}


def check_enough(logo_free: int, target: CalibrationTarget) -> None:
    """Before hours of training: can so many pictures show that false alarms are rare?

    None may: then nothing is said of false alarms. Raises `SetupError` where there are some, but too few.
    """
    if not logo_free or highest_rate(0, logo_free, target.confidence) <= target.any_brand:
        return
    needed = logo_free
    while highest_rate(0, needed, target.confidence) > target.any_brand:
        needed += 1
    raise SetupError(
        f"{logo_free} logo-free pictures set aside for the thresholds cannot show a false-alarm rate of "
        f"{target.any_brand:.1%} with {target.confidence:.0%} confidence, not even without any alarm: that "
        f"takes {needed}, about a third of all train pictures without logos; add more, or leave them out"
    )


def without_look_alikes(folder: Sequence[Scored]) -> list[Scored]:
    """The pictures of a folder that may set thresholds.

    Where a folder shows one brand, its pictures without a logo were chosen for being like that brand: they
    say with what it is confused, not how often that happens in what people send.
    """
    one_brand = len(labels_marked(folder)) == 1
    return [picture for picture in folder if picture.marked or not one_brand]


def _own_threshold(label: str, pictures: Sequence[Scored], share: float) -> float:
    """Just above the score that more than `share` of the pictures without the brand reach."""
    without = [p for p in pictures if not any(box.label == label for box in p.marked)]
    strongest = sorted(
        (max((f.score for f in p.found if f.label == label), default=0.0) for p in without), reverse=True
    )
    allowed = int(share * len(without))
    return strongest[allowed] + 1e-3 if len(strongest) > allowed else 0.0


def _alarms_too_often(
    logo_free: Sequence[Scored], thresholds: Mapping[str, float], target: CalibrationTarget
) -> bool:
    alarmed = round(alarm_rate(logo_free, thresholds) * len(logo_free))
    return bool(logo_free) and highest_rate(alarmed, len(logo_free), target.confidence) > target.any_brand


def highest_rate(alarmed: int, pictures: int, confidence: float) -> float:
    """One-sided Clopper-Pearson bound: `alarmed` of `pictures` speak for a rate under it with that
    confidence."""
    if confidence == 0:
        return alarmed / pictures
    return float(beta.ppf(confidence, alarmed + 1, pictures - alarmed)) if alarmed < pictures else 1.0


def alarm_rate(logo_free: Sequence[Scored], thresholds: Mapping[str, float]) -> float:
    """Share of pictures with at least one detection at or above its label's threshold; 0 of no pictures."""
    alarmed = sum(any(f.score >= thresholds[f.label] for f in picture.found) for picture in logo_free)
    return alarmed / max(len(logo_free), 1)
