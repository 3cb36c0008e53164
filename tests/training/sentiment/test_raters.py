"""The rivals: VADER and logistic regression, and how a model and they are rated."""

import numpy as np
import pytest

from training.data.texts import Corpora, Example
from training.sentiment.figures import decide, evaluate, figures, headline_table, talk_right, talk_sentences
from training.sentiment.raters import (
    NEGATIVE,
    NEUTRAL,
    POSITIVE,
    ModelRater,
    VaderRater,
    fit_logistic,
    rate,
    ratings_from,
)


def test_vader_s_labels_are_its_authors() -> None:
    ratings = VaderRater().rate(["This is great!", "This is awful.", "The meeting is at ten.", ""])
    assert ratings.labels.tolist() == [POSITIVE, NEGATIVE, NEUTRAL, NEUTRAL]
    assert ratings.polarity[0] > 0.5
    assert ratings.polarity[1] < -0.4
    assert not ratings.calibratable


def test_vader_takes_a_side_where_a_set_has_no_neutral() -> None:
    """A compound of 0.03 is neutral by the thresholds, and still on the positive side."""
    ratings = VaderRater().rate(["nice and problem"])
    assert ratings.labels.tolist() == [NEUTRAL]
    assert decide(ratings, two_class=True).tolist() == [POSITIVE]


def test_vader_gets_one_of_the_talk_s_sentences_right() -> None:
    assert talk_right(VaderRater()) == 1


def test_logistic_regression_learns_and_knows_no_target(few: Corpora) -> None:
    rater = fit_logistic(few)
    ratings = rater.rate(["great stuff", "worst ever", "in london"])
    assert ratings.labels.tolist() == [POSITIVE, NEGATIVE, NEUTRAL]
    assert np.allclose(ratings.scores.sum(1), 1)
    toward = rater.rate(["great stuff"], [(0, 5)])
    assert np.array_equal(toward.scores, ratings.scores[:1])


def test_two_classes_leave_no_neutral_to_learn(few: Corpora) -> None:
    rater = fit_logistic(few.only(["imdb"]))
    assert (rater.rate(["in london", "great"]).scores[:, NEUTRAL] == 0).all()


def test_the_same_data_give_the_same_model(few: Corpora) -> None:
    texts = ["great stuff at ten", "so poor", "page"]
    first, second = (fit_logistic(few).rate(texts).scores for _ in range(2))
    assert np.array_equal(first, second)


def test_no_set_gives_more_than_its_share(few: Corpora, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr("training.sentiment.raters._LOGISTIC_TEXTS", 6)
    monkeypatch.setattr(
        "training.sentiment.raters.Pipeline.fit", lambda _self, texts, _labels: seen.extend(texts)
    )
    fit_logistic(few)
    assert seen == [one.text for part in few.train.values() for one in part[:6]]


class Fixed:
    """A model that says the same of every text, and remembers what it was asked."""

    def __init__(self, *row: float) -> None:
        self.row, self.asked = row, []

    def probabilities(self, texts, targets=None):
        self.asked += zip(texts, targets or [None] * len(texts), strict=True)
        return np.tile(self.row, (len(texts), 1))


def test_a_model_is_asked_toward_the_examples_targets() -> None:
    model = Fixed(0.2, 0.3, 0.5)
    aimed = [Example("airline", "late @delta", POSITIVE, (6, 11)), Example("airline", "late", NEGATIVE)]
    ratings = rate(ModelRater(model), aimed)
    assert model.asked == [("late @delta", (6, 11)), ("late", None)]
    assert ratings.polarity.tolist() == [0.3, 0.3]


def test_every_set_is_measured_and_told(few: Corpora, capsys: pytest.CaptureFixture[str]) -> None:
    found = {rater.name: evaluate(rater, few.train) for rater in (VaderRater(), fit_logistic(few))}
    assert found["LR"]["airline"]["macro_f1"] == 1.0  # it saw these very texts
    assert found["LR"]["imdb"]["accuracy"] == 1.0
    assert "ece" in found["LR"]["airline"]
    assert all("ece" not in of for of in found["VADER"].values())
    assert "VADER, semeval2017: accuracy" in capsys.readouterr().out
    table = headline_table(found)
    assert "| airline | macro_f1 |" in table
    assert "| sst |" not in table


def test_figures_by_hand() -> None:
    ratings = ratings_from(np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.5, 0.2], [0.1, 0.3, 0.6]]))
    found = figures("semeval2017", np.array([0, 1, 0, 2]), ratings)
    assert found["accuracy"] == 0.75
    assert found["macro_recall"] == np.mean([0.5, 1, 1])
    # 1/4 of each |1 - confidence|, but the third is wrong
    assert np.isclose(found["ece"], np.mean([0.3, 0.2, 0.5, 0.4]))
    sided = figures("cr", np.array([0, 2, 0, 2]), ratings)
    assert sided["accuracy"] == 0.75  # of two equal sides the negative one
    assert "ece" not in sided
    assert figures("sst", np.array([0, 1, 0, 2]), ratings)["accuracy_two_class"] == 1.0


def test_one_s_own_set_without_neutral_is_measured_by_its_sides() -> None:
    ratings = ratings_from(np.array([[0.3, 0.6, 0.1], [0.1, 0.6, 0.3]]))
    assert figures("mybrand", np.array([0, 2]), ratings)["accuracy"] == 1.0
    assert figures("mybrand", np.array([0, 1]), ratings)["accuracy"] == 0.5


def test_the_talk_s_sentences_by_the_side_they_are_on() -> None:
    found = talk_sentences(ModelRater(Fixed(0.2, 0.3, 0.5)))
    assert [one.right for one in found] == [0.5, 0.2, 0.2, 0.5]
    assert [one.found for one in found] == [0.5] * 4
    assert talk_right(ModelRater(Fixed(0.2, 0.3, 0.5))) == 2
