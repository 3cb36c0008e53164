import numpy as np
import pytest

from monitor.errors import SetupError
from training.data.texts import Corpora, Example
from training.sentiment.baselines import LogisticRater, fit_for_set, fit_jointly, measure_baselines, rate_talk
from training.sentiment.raters import NEGATIVE, NEUTRAL, POSITIVE, VaderRater, measure, ratings_from

PRAISE = ["wonderful", "great stuff", "i love it", "so good", "best ever"]
BLAME = ["awful", "bad stuff", "i hate it", "so poor", "worst ever"]
FACTS = ["on tuesday", "the meeting", "at ten", "in london", "page two"]


def examples(corpus: str, *, three: bool) -> list[Example]:
    found = [Example(corpus, f"{words} number {n}", POSITIVE) for n in range(3) for words in PRAISE]
    found += [Example(corpus, f"{words} number {n}", NEGATIVE) for n in range(3) for words in BLAME]
    found += [Example(corpus, f"{words} number {n}", NEUTRAL) for n in range(3) for words in FACTS if three]
    return found


CORPORA = Corpora(
    train={name: examples(name, three=name != "imdb") for name in ("imdb", "sst", "airline")},
    dev={},
    test={name: examples(name, three=name != "imdb") for name in ("imdb", "sst", "airline")},
)


def test_vader_s_labels_are_its_authors() -> None:
    ratings = VaderRater().rate(["This is great!", "This is awful.", "The meeting is at ten.", ""])
    assert ratings.labels.tolist() == [POSITIVE, NEGATIVE, NEUTRAL, NEUTRAL]
    assert ratings.polarity[0] > 0.5
    assert ratings.polarity[1] < -0.4
    assert not ratings.calibratable


def test_vader_takes_a_side_where_a_set_has_no_neutral() -> None:
    """A compound of 0.04 is neutral by the thresholds, and still on the positive side."""
    scores = VaderRater().rate(["I like it and I hate it a bit less"]).scores
    assert np.sign(scores[0, POSITIVE] - scores[0, NEGATIVE]) == np.sign(scores[0, POSITIVE])


def test_vader_gets_three_of_the_talk_s_sentences_wrong() -> None:
    assert rate_talk(VaderRater()) == (False, True, False, False)


def test_logistic_regression_learns_its_set() -> None:
    rater = fit_for_set(CORPORA, "airline")
    ratings = rater.rate(["great stuff", "worst ever", "in london"])
    assert ratings.labels.tolist() == [POSITIVE, NEGATIVE, NEUTRAL]
    assert np.allclose(ratings.scores.sum(1), 1)
    assert ratings.calibratable


def test_a_two_sided_set_has_no_neutral_to_learn() -> None:
    for name in ("imdb", "sst"):
        rater = fit_for_set(CORPORA, name)
        assert rater.pipeline.classes_.tolist() == [NEGATIVE, POSITIVE]
        assert (rater.rate(["in london", "great"]).scores[:, NEUTRAL] == 0).all()


def test_the_same_data_gives_the_same_model() -> None:
    texts = ["great stuff at ten", "so poor", "page"]
    first, second = (fit_jointly(CORPORA).rate(texts).scores for _ in range(2))
    assert np.array_equal(first, second)


def test_measures_every_loaded_set_by_both() -> None:
    results = measure_baselines(CORPORA)
    assert set(results) == {LogisticRater.name, VaderRater.name}
    for rater, sets in results.items():
        assert set(sets) == {"imdb", "sst", "airline"}, rater
    assert results["LR"]["airline"]["macro_f1"] == 1.0  # it saw these very texts
    assert results["LR"]["sst"]["accuracy_two_class"] == 1.0
    assert results["VADER"]["imdb"]["accuracy"] > 0.7
    assert "ece" in results["LR"]["airline"]
    assert all("ece" not in found for found in results["VADER"].values())


def test_measures_any_rater_with_the_examples_targets() -> None:
    seen = []

    class Watching:
        name = "watching"

        def rate(self, texts, targets=None):
            seen.extend(zip(texts, targets, strict=True))
            return ratings_from(np.tile([0.2, 0.3, 0.5], (len(texts), 1)))

    aimed = [Example("airline", "late @delta", POSITIVE, (6, 11)), Example("airline", "late", NEGATIVE)]
    results = measure(Watching(), {"airline": aimed})
    assert seen == [("late @delta", (6, 11)), ("late", None)]
    assert results["airline"]["accuracy"] == 0.5


def test_nothing_loaded_is_said() -> None:
    with pytest.raises(SetupError, match="nothing to train a baseline on"):
        fit_jointly(Corpora(train={}, dev={}, test={}))
