"""What a model is asked about one text, and how often."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from monitor.messages import BrandMention, Sentiment
from monitor.sentiment import Asked, SentimentScorer
from monitor.stream.asking import Said, ask, first_places
from monitor.texts import read


@pytest.mark.parametrize(
    ("limit", "expected"), [(9, [0, 1, 2, 3, 4]), (3, [0, 2, 3]), (4, [0, 1, 2, 3]), (1, [0]), (0, [])]
)
def test_every_brand_is_asked_about_before_any_is_asked_twice(limit: int, expected: list[int]) -> None:
    assert first_places([place(brand, n, n + 1) for n, brand in enumerate("aabca")], limit) == expected


def place(brand: str, start: int, end: int) -> BrandMention:
    return BrandMention(brand=brand, matched=brand, start=start, end=end)


class Listener:
    """Answers with the number of the question."""

    manifest = SimpleNamespace(identity="listener@1")
    min_confidence = 0.0

    def __init__(self, *, takes_targets: bool = True) -> None:
        self.takes_targets = takes_targets
        self.asked: list[Asked] = []

    def speaks(self, language: str) -> bool:
        return language == "en"

    def answer(self, asked: Sequence[Asked]) -> list[list[Sentiment]]:
        self.asked += asked
        return [[opinion(number) for number in range(len(one.questions))] for one in asked]


def opinion(number: int) -> Sentiment:
    return Sentiment(label="neutral", p_negative=number / 100, p_neutral=1 - number / 100, p_positive=0.0)


def answers(scorer: Listener, *texts: Said, max_targets: int = 9) -> list[Any]:
    return ask(cast("SentimentScorer", scorer), texts, max_targets)


def test_a_text_is_read_once_for_all_its_places() -> None:
    named = (place("Nike", 0, 4), place("Puma", 10, 14), place("Nike", 20, 24))
    scorer = Listener()
    one, other = answers(
        scorer,
        Said(read("Nike hates Puma and Nike"), "en", named),
        Said(read("nobody"), "en", ()),
        max_targets=2,
    )
    first, second = scorer.asked
    assert first.questions == (None, (0, 4), (10, 14))
    assert sorted(first.names) == [(0, 4), (10, 14), (20, 24)]
    assert (second.questions, sorted(second.names)) == ((None,), [])
    assert one.sentiment == opinion(0)
    assert [mention.sentiment for mention in one.brands] == [opinion(1), opinion(2), None]
    assert (other.sentiment, other.brands, other.model_version) == (opinion(0), (), "listener@1")


def test_what_is_about_a_brand_as_a_whole_is_not_masked() -> None:
    text = "Our shop opens at nine"
    scorer = Listener()
    answers(scorer, Said(read(text), "en", (place("Nike", 0, len(text)), place("Shop", 4, 8))))
    (asked,) = scorer.asked
    assert asked.questions == (None, None, (4, 8))
    assert sorted(asked.names) == [(4, 8)]


def test_foreign_texts_and_models_without_targets_are_asked_less() -> None:
    scorer = Listener(takes_targets=False)
    named = (place("Nike", 0, 4),)
    german, english = answers(scorer, Said(read("Nike gut"), "de", named), Said(read("Nike ok"), "en", named))
    assert [(one.sentiment, one.brands) for one in (german, english)] == [(None, named), (opinion(0), named)]
    assert [one.questions for one in scorer.asked] == [(None,)]
