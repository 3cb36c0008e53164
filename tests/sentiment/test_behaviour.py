"""What the shipped model must be able to do, in sentences of our own; see behaviour.toml."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import SetupError
from monitor.sentiment.scorer import load_scorer
from monitor.settings import Device, packaged
from tests.sentiment.trainable import trainable
from training.sentiment.behaviour import (
    Kind,
    PassRate,
    Suite,
    behaviour_table,
    load_suite,
    overall,
    run_suite,
)
from training.sentiment.raters import ModelRater, VaderRater, ratings_from

SUITE = Path(__file__).parent / "behaviour.toml"

OVERALL = 0.82
"""Share of all cases that the shipped model passes at least."""
EACH = 0.7
"""The same of each capability."""
FLOORS = {"talk": 1.0, "comparison": 0.65, "prices": 0.55, "sarcasm": 0.25, "target": 0.63, "thanks": 0.6}
"""Capabilities of which more is promised, and known limits: what was measured, less a case."""


@pytest.fixture(scope="module")
def suite() -> Suite:
    return load_suite(SUITE)


def test_is_large_enough_to_tell_something(suite: Suite) -> None:
    assert len(suite.cases) >= 400
    cases = Counter(case.capability for case in suite.cases)
    assert min(cases.values()) >= 10, cases
    assert {case.kind for case in suite.cases} == set(Kind)


def test_says_what_each_capability_is(suite: Suite) -> None:
    assert all(suite.about[case.capability] for case in suite.cases)


def test_tests_nothing_twice(suite: Suite) -> None:
    seen = Counter((case.kind, case.texts, case.targets) for case in suite.cases)
    assert [case for case, times in seen.items() if times > 1] == []


def test_asks_for_each_label_often(suite: Suite) -> None:
    wanted = Counter(next(iter(case.accepted)) for case in suite.cases if len(case.accepted) == 1)
    assert min(wanted[label] for label in ("negative", "neutral", "positive")) >= 20, wanted


def test_no_sentence_of_it_can_be_trained_on(suite: Suite) -> None:
    assert trainable(text for case in suite.cases for text in case.texts) == {}


@pytest.fixture(scope="module")
def shipped() -> ModelRater:
    return ModelRater(load_scorer(packaged("onnx_models") / "sentiment", Device.CPU, threads=1))


@pytest.fixture(scope="module")
def rates(suite: Suite, shipped: ModelRater) -> list[PassRate]:
    return run_suite(suite, shipped)


def test_the_shipped_model_can_do_each_thing(rates: list[PassRate]) -> None:
    assert set(FLOORS) <= {rate.capability for rate in rates}
    below = {
        (rate.capability, round(rate.value, 2)): [f"{case.texts} -> {found}" for case, found in rate.failed]
        for rate in rates
        if rate.value < FLOORS.get(rate.capability, EACH)
    }
    assert below == {}


def test_the_shipped_model_passes_most_and_more_than_a_lexicon(suite: Suite, rates: list[PassRate]) -> None:
    assert overall(rates) >= OVERALL
    assert overall(rates) > overall(run_suite(suite, VaderRater()))


class Fixed:
    """Gives each text the probabilities it was told."""

    name = "fixed"

    def __init__(self, known: dict[str, tuple[float, float, float]]) -> None:
        self.known = known

    def rate(self, texts, targets=None):
        return ratings_from(np.array([self.known[text] for text in texts]))


def load(folder: Path, text: str) -> Suite:
    path = folder / "suite.toml"
    path.write_text(text, "utf-8")
    return load_suite(path)


def test_each_kind_of_case_passes_and_fails_as_it_should(tmp_path: Path) -> None:
    suite = load(
        tmp_path,
        """
        filler = "much more"
        [sides]
        about = "which side"
        positive = ["good", "fine"]
        not_negative = ["fine {filler}", "bad"]
        same = [["good", "fine"], ["good", "great"]]
        rises = [["bad", "fine", "good"], ["good", "great"]]
        toward = [{ text = "good but bad", negative = "bad", positive = ["good", "but"] }]
        """,
    )
    good, fine, bad = (0.0, 0.1, 0.9), (0.3, 0.4, 0.3), (0.9, 0.1, 0.0)
    known = {"good": good, "great": (0.0, 0.08, 0.92), "fine": fine, "bad": bad}
    (rate,) = run_suite(suite, Fixed(known | {"fine much more": fine, "good but bad": bad}))
    assert rate.cases == 11
    assert [case.texts for case, _ in rate.failed] == [
        ("fine",),
        ("bad",),
        ("good", "fine"),
        ("good", "great"),
        ("good but bad",),
        ("good but bad",),
    ]
    assert [case.targets for case, _ in rate.failed][-2:] == [((0, 4),), ((5, 8),)]
    assert [case.kind for case, _ in rate.failed][-3] is Kind.DIRECTION
    assert rate.failed[0][1] == "neutral +0.00"
    assert rate.value == pytest.approx(5 / 11)
    assert "| sides: which side | 11 | 0.45 |" in behaviour_table(suite, [("fixed", [rate])])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("[a]\npozitive = ['x']", r"\[a\] pozitive: 'x': no such kind of case"),
        ("[a]\nsame = [['x']]", "wants two texts or more"),
        ("[a]\ntoward = [{ text = 'x', neutral = 'y' }]", "`y` must stand in `text`"),
        ("[a]\ntoward = [{ text = 'x', good = 'x' }]", "`good` is none of negative, neutral, positive"),
        ("[a]\ntoward = [{ text = 'x' }]", "wants something that the text is"),
        ("[a]\npositive = [3]", r"\[a\] positive: 3"),
        ("[a", "suite.toml"),
    ],
)
def test_says_what_does_not_fit_in_a_suite(tmp_path: Path, table: str, message: str) -> None:
    with pytest.raises(SetupError, match=message):
        load(tmp_path, table)
