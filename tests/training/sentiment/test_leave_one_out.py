"""The yardstick: nothing of what is left out is learned, and every rater answers about all of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.data.sets import FAMILIES
from training.data.texts import Corpora, Example, equality_keys
from training.sentiment import leave_one_out as module
from training.sentiment.leave_one_out import WHOLE, leave_one_out
from training.sentiment.vectors import WordVectors
from training.sentiment.yardstick import Figure, Yardstick, load_yardstick

LINK = " https://t.co/{}"


def rows(name: str, count: int, *, target: bool = True) -> list[Example]:
    return [
        Example(
            name,
            f"Acme sold {name} number {n} to nobody at all",
            (1, 1, 0, 2)[n % 4],
            (0, 4) if target else None,
        )
        for n in range(count)
    ]


def corpora() -> Corpora:
    """Sets that share texts: in other splits, with other links, as labels of the whole."""
    airline, mams, sentfin = rows("airline", 12), rows("mams", 12), rows("sentfin", 9)
    shared = [Example("semeval2017", f"RT {one.text}{LINK.format(n)}", 1) for n, one in enumerate(airline)]
    twice = [Example("hcr", airline[-1].text, 2, (0, 4)), *rows("hcr", 6)]
    return Corpora(
        train={"airline": airline[:6], "mams": mams, "sentfin": sentfin, "hcr": twice}
        | {"semeval2017": [*shared[:8], *rows("semeval2017", 5, target=False)]},
        dev={"airline": airline[6:9], "semeval2017": shared[8:]},
        test={"airline": airline[9:]},
    )


class Sure:
    """Stands for both models: the same answer to every text."""

    def probabilities(self, texts: Sequence[str], targets: Sequence[Any] | None = None) -> np.ndarray:
        return np.tile([0.2, 0.6, 0.2] if targets and targets[0] else [0.5, 0.2, 0.3], (len(texts), 1))


@pytest.fixture
def taught(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Corpora]]:
    """What each training was given; nothing is trained."""
    given: list[tuple[str, Corpora]] = []
    monkeypatch.setattr(module, "train_teacher", lambda rest, work, hyper: given.append(("teacher", rest)))
    monkeypatch.setattr(module, "train_student", lambda rest, *others: given.append(("student", rest)))
    fit = module.fit_logistic
    monkeypatch.setattr(module, "fit_logistic", lambda rest: (given.append(("LR", rest)), fit(rest))[1])
    for name in ("large_product", "student_product", "write_product"):
        monkeypatch.setattr(module, name, lambda *_: None)
    monkeypatch.setattr(module, "load_scorer", lambda *_, **__: Sure())
    vectors = WordVectors(["a"], np.ones((1, 1), np.float32))
    monkeypatch.setattr(
        module, "own_vectors", lambda texts, *_: (given.append(("words", list(texts))), vectors)[1]
    )
    return given


def test_nothing_of_a_set_left_out_nor_a_text_equal_to_one_is_learned(taught: list, tmp_path: Path) -> None:
    everything = corpora()
    leave_one_out(everything, {"short_unlabelled": ["a post"]}, tmp_path)
    (_, words), *trainings = taught
    assert words == ["a post", *(one.text for one in everything.train["semeval2017"])]
    families = ("brand tweets", "aspects", "news")  # those that are there
    assert [kind for kind, _ in trainings] == ["teacher", "student", "LR"] * len(families)
    for at, (_, rest) in enumerate(trainings):
        left = FAMILIES[families[at // 3]]
        gone = {key for name in left for one in everything.of(name) for key in equality_keys(one.text)}
        learned = [one for split in (rest.train, rest.dev) for part in split.values() for one in part]
        assert not [
            one for one in learned if one.corpus in left or not gone.isdisjoint(equality_keys(one.text))
        ]
        assert rest.train, "the rest is there"
    brands = trainings[0][1]
    assert len(brands.train["hcr"]) == 6
    assert len(brands.train["semeval2017"]) == 5
    assert "semeval2017" not in brands.dev


def test_every_rater_answers_about_every_row_left_out(taught: list, tmp_path: Path) -> None:
    yardstick, priors = leave_one_out(corpora(), {}, tmp_path)
    assert set(yardstick.figures) == {"VADER", "LR", WHOLE, "student", "teacher"}
    assert all(set(sets) == {"airline", "mams", "sentfin"} for sets in yardstick.figures.values())
    # Always neutral: half of the rows, of which F1 is two thirds; by the mean of three.
    assert yardstick.figures["student"]["airline"].macro_f1 == pytest.approx(2 / 9)
    assert yardstick.figures["student"]["airline"].neutral_recall == 1
    assert yardstick.figures[WHOLE]["airline"].neutral_recall == 0
    assert np.isnan(yardstick.figures["VADER"]["airline"].error)
    assert set(priors) == {"teacher", "student"}
    assert (
        0.5 <= priors["student"].apply(np.array([[0.2, 0.6, 0.2]]))[0, 1] <= 0.56
    )  # as often as it is right
    with np.load(tmp_path / "brand-tweets" / "student.npz") as kept:
        assert kept["airline"].tolist() == [[0.2, 0.6, 0.2]] * 12
    count = len(taught)
    again, _ = leave_one_out(corpora(), {}, tmp_path)
    assert again.to_json() == yardstick.to_json()
    assert "LR" not in [kind for kind, _ in taught[count:]], "what was answered is kept"


FIGURES = Yardstick(
    {
        "VADER": {"airline": Figure(0.5, 0.25, float("nan")), "mams": Figure(0.4, 0.75, float("nan"))},
        "student": {"airline": Figure(0.65432, 0.5, 0.02), "mams": Figure(0.7, 0.7, 0.04)},
    }
)


def test_a_table_with_a_row_a_set_and_the_means() -> None:
    assert FIGURES.mean("student") == pytest.approx((0.67716, 0.6, 0.03))
    assert FIGURES.table().splitlines() == [
        "| left out | VADER | student |",
        "|---|---:|---:|",
        "| airline | 0.500 / 0.25 | 0.654 / 0.50 / 0.020 |",
        "| mams | 0.400 / 0.75 | 0.700 / 0.70 / 0.040 |",
        "| mean | 0.450 / 0.50 | 0.677 / 0.60 / 0.030 |",
    ]


def test_json_and_back() -> None:
    text = FIGURES.to_json()
    assert "NaN" not in text
    again = Yardstick.from_json(text)
    assert again.figures["student"]["airline"] == Figure(0.6543, 0.5, 0.02)
    assert again.table() == FIGURES.table()
    assert again.to_json() == text
    assert load_yardstick().table().startswith("| left out |")
