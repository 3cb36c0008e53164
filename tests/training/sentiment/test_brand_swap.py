"""The name shall not decide: what is asked, and what the figures say of models that hear it."""

import re
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from monitor.messages import Sentiment
from monitor.sentiment.scorer import Asked
from tests.sentiment.trainable import trainable
from training.data.own_sentences import load_patterns
from training.sentiment.brand_swap import BRAND, brand_swap, load_swap


class Told:
    """P(positive) as a function of the text and the name asked about."""

    def __init__(self, rule: Callable[[str, str], float]) -> None:
        self.rule = rule
        self.asked: list[tuple[str, str]] = []

    def answer(self, asked: Sequence[Asked]) -> list[list[Sentiment]]:
        self.asked = []
        for one in asked:
            (place,) = one.questions
            assert place is not None
            assert isinstance(one.text, str)
            name = one.text[slice(*place)]
            assert {one.text[slice(*span)] for span in one.names} == {name}
            assert len(one.names) == one.text.count(name)
            self.asked.append((one.text, name))
        rates = [self.rule(text, name) for text, name in self.asked]
        return [
            [Sentiment(label="neutral", p_negative=0.0, p_neutral=1 - rate, p_positive=rate)]
            for rate in rates
        ]


def test_forty_sentences_are_asked_toward_each_of_thirty_names() -> None:
    sentences, names = load_swap()
    assert (len(set(sentences)), len(set(names))) == (40, 30)
    scorer = Told(lambda _text, _name: 0.5)
    brand_swap(scorer)
    assert scorer.asked == [(sentence.replace(BRAND, name), name) for sentence in sentences for name in names]


def test_names_and_places_are_of_all_kinds() -> None:
    sentences, names = load_swap()
    for kind in (r"^@", r"^#", r"\d", r" ", r"^[a-z]", r"^\w+$", "&", "[^\x00-\x7f]"):
        assert any(re.search(kind, name) for name in names), kind
    for place in (
        r"^\{brand\}",
        r"\{brand\}\W*$",
        r"\w \{brand\} \w",
        r"\{brand\}'s",
        r"\{brand\}.*\{brand\}",
    ):
        assert any(re.search(place, sentence) for sentence in sentences), place


def test_a_model_that_hears_no_name_has_no_spread() -> None:
    swap = brand_swap(Told(lambda text, name: len(text.replace(name, "")) % 7 / 7))
    assert swap.mean_spread == pytest.approx(0)
    assert swap.mean_deviation == pytest.approx(0)


def test_a_model_that_likes_one_name_is_told_by_how_much_and_where() -> None:
    sentences, names = load_swap()
    favourite = sentences[17].replace(BRAND, names[4])
    swap = brand_swap(Told(lambda text, name: 0.9 if text == favourite else 0.6 if name == names[2] else 0.2))
    expected = np.full(40, 0.4)
    expected[17] = 0.7
    np.testing.assert_allclose(swap.spread, expected)
    assert swap.mean_spread == pytest.approx(expected.mean())
    assert swap.mean_deviation == pytest.approx(swap.positive.std(axis=1).mean())
    assert 0 < swap.mean_deviation < swap.mean_spread / 3
    worst = swap.table(worst=1).splitlines()[-1]
    assert worst.endswith(f"| {names[0]} 0.20 | {names[4]} 0.90 |")


def test_neither_sentences_nor_unknown_names_are_trained_on() -> None:
    sentences, names = load_swap()
    assert trainable(sentence.replace(BRAND, "Acme") for sentence in sentences) == {}
    assert "Zyphora is terrible" in trainable(["Zyphora is terrible!"]), "or nothing would be"
    trained = {name.casefold() for name in load_patterns()["names"]}
    assert [name for name in names[10:] if name.casefold() in trained] == []
