"""Thresholds keep the false alarms on the pictures that set them under the stated rate."""

import numpy as np
import pytest

from monitor.errors import SetupError
from training.data.pictures import LogoBox
from training.logos.average_precision import Found, Scored
from training.logos.calibration import (
    CalibrationTarget,
    alarm_rate,
    calibrate,
    highest_rate,
    without_look_alikes,
)

BOX = (0.0, 0.0, 10.0, 10.0)


def logo_free(count: int, seed: int, labels: tuple[str, ...]) -> list[Scored]:
    rng = np.random.default_rng(seed)
    return [
        Scored(
            tuple(Found(str(rng.choice(labels)), float(rng.beta(1, 6)), BOX) for _ in range(4)),
            (),
            str(number),
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.05])
def test_the_rate_on_logo_free_pictures_is_kept(rate: float) -> None:
    pictures = logo_free(400, 1, ("a", "b", "c"))
    thresholds = calibrate(
        ("a", "b", "c"), pictures, [], CalibrationTarget(any_brand=rate, confidence=0, each_brand=0.2)
    )
    assert alarm_rate(pictures, thresholds) <= rate
    looser = {label: value - 0.03 for label, value in thresholds.items()}
    assert alarm_rate(pictures, looser) > rate, "no stricter than needed"


def test_few_pictures_call_for_fewer_alarms() -> None:
    """1 of 235 shows less than 2% with 95% confidence, 2 of 235 do not (Clopper and Pearson 1934)."""
    assert highest_rate(1, 235, 0.95) < 0.0201 < highest_rate(2, 235, 0.95)
    assert highest_rate(5, 5, 0.95) == 1
    pictures = logo_free(300, 2, ("a", "b"))
    sure = calibrate(("a", "b"), pictures, [], CalibrationTarget(each_brand=0.2))
    observed = calibrate(("a", "b"), pictures, [], CalibrationTarget(each_brand=0.2, confidence=0))
    assert alarm_rate(pictures, sure) < alarm_rate(pictures, observed) <= 0.02


def test_too_few_pictures_are_named() -> None:
    with pytest.raises(SetupError, match="20 logo-free pictures"):
        calibrate(("a",), logo_free(20, 1, ("a",)), [], CalibrationTarget())


def test_a_brand_that_is_often_mistaken_gets_a_threshold_of_its_own() -> None:
    shows_a = [
        Scored((Found("b", 0.7, BOX), Found("a", 0.9, BOX)), (LogoBox("a", 0, 0, 10, 10),), str(n))
        for n in range(100)
    ]
    thresholds = calibrate(("a", "b"), [], shows_a, CalibrationTarget())
    assert thresholds["b"] > 0.7, "pictures of `a` set off `b`"
    assert thresholds["a"] == pytest.approx(CalibrationTarget().lowest), "its own logos are no false alarms"


def test_no_threshold_below_the_floor() -> None:
    assert calibrate(("a",), [], [], CalibrationTarget(lowest=0.3)) == {"a": pytest.approx(0.3)}


def test_pictures_chosen_for_being_like_a_brand_set_no_threshold() -> None:
    found = (Found("a", 0.9, BOX),)
    shows_a, shows_b = (Scored(found, (LogoBox(label, 0, 0, 10, 10),), label) for label in "ab")
    empty = Scored(found, (), "empty")
    assert without_look_alikes([shows_a, empty]) == [shows_a]
    assert without_look_alikes([shows_a, shows_b, empty]) == [shows_a, shows_b, empty]
    assert without_look_alikes([empty]) == [empty], "logo-free pictures of all kinds"
