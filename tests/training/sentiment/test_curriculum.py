"""What the student learns: labels stay toward what they are toward, and the teacher answers the rest."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from monitor.messages import Sentiment
from monitor.sentiment.encoding import Encoder, Recipe
from monitor.sentiment.scorer import Asked
from monitor.sentiment.vocabulary import NAME, SPECIAL, Vocabulary
from training.data.corrections import CORRECTIONS
from training.data.texts import Corpora, Example
from training.sentiment.curriculum import (
    REVIEWS,
    SHORT,
    Exercise,
    ask,
    exercises,
    taught,
    two_sided,
    with_own_sentences,
)
from training.sentiment.recipe import StudentHyper

MANY = 60
WHOLE = [Example("semeval2017", f"The weather in London is fine {n}", n % 3) for n in range(MANY)]
TOWARD = [Example("mams", f"The soup was cold, number {n}", 0, (4, 8)) for n in range(MANY)]
TOWARD += [Example("mams", one.text, 2, (13, 17)) for one in TOWARD[: MANY // 2]]
SIDED = [Example("cr", f"The phone works well {n}", 2) for n in range(MANY)]
CORPORA = Corpora({"semeval2017": WHOLE, "mams": TOWARD, "cr": SIDED}, {}, {})
HYPER = StudentHyper(texts=MANY, reviews=MANY, short=MANY, sentences=MANY)


def made(corpora: Corpora, hyper: StudentHyper = HYPER, **unlabelled: Sequence[str]) -> list[Exercise]:
    return exercises(corpora, unlabelled, hyper)


def test_a_label_toward_something_is_never_one_of_the_whole() -> None:
    found = made(CORPORA.only(["mams"]))
    assert len(found) == MANY, "a text is one exercise, however many labels it has"
    told = {(one.text, one.target): one.label for one in TOWARD}
    labels = [dict(zip(one.questions, one.labels, strict=True)) for one in found]
    for one, by_span in zip(found, labels, strict=True):
        assert by_span.pop(None, None) is None
        assert by_span == {span: label for (text, span), label in told.items() if text == one.text}
    assert 0.3 * MANY < sum(None in one.questions for one in found) < 0.9 * MANY


def test_a_label_of_the_whole_is_never_one_toward_something() -> None:
    found = made(CORPORA.only(["semeval2017"]))
    told = {one.text: one.label for one in WHOLE}
    assert all(one.labels[0] == told[one.text] and one.questions[0] is None for one in found)
    further = [one for one in found if len(one.questions) > 1]
    assert 0.15 * MANY < len(further) < 0.7 * MANY
    for one in further:
        assert one.labels[1:] == (None,)
        assert one.questions[1] is not None
        # Of the words that could be a name those with a capital letter.
        assert one.text[slice(*one.questions[1])] == "London"


def test_of_every_set_so_many_texts_and_no_more() -> None:
    reviews = [f"This one is a sentence of a review, number {n}. Short. {'x' * 300}." for n in range(20)]
    sets = {
        name: [Example(name, f"{name} {n}", 2) for n in range(50)] for name in ("imdb", "sst_phrases", "cr")
    }
    hyper = StudentHyper(texts=7, reviews=3, short=5, sentences=11)
    found = made(
        Corpora(sets, {}, {}), hyper, **{SHORT: [f"A post {n}" for n in range(30)], REVIEWS: reviews}
    )
    kinds = [one.text.partition(" ")[0] for one in found]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "imdb": 3,
        "sst_phrases": 14,
        "cr": 7,
        "A": 5,
        "This": 11,
    }
    assert len({one.text for one in found}) == len(found)
    assert all(label is None for one in found[-16:] for label in one.labels)
    assert all(re.fullmatch(r"This one .* \d+\.", one.text) for one in found[-11:])
    assert found == made(
        Corpora(sets, {}, {}), hyper, **{SHORT: [f"A post {n}" for n in range(30)], REVIEWS: reviews}
    )


def test_own_sentences_are_one_more_set_with_labels_of_both_kinds() -> None:
    own = with_own_sentences(CORPORA, seed=1)
    assert list(own.train) == [*CORPORA.train, ""]
    assert {one.target is None for one in own.train[""]} == {True, False}
    assert not two_sided(own, "")


def test_who_has_no_neutral_and_who_did_not_use_it() -> None:
    praise = [Example("mine", "good", 2)]
    corpora = Corpora({"cr": SIDED, "mine": praise, CORRECTIONS: praise, "sst": SIDED}, {}, {})
    assert [two_sided(corpora, name) for name in corpora.train] == [True, True, False, False]


TEACHER = np.array([[0.2, 0.5, 0.3]], np.float32)
ENCODER = Encoder(Vocabulary([*SPECIAL, NAME, "good"]), Recipe("words", head=9, tail=9, questions=True))


@pytest.mark.parametrize(
    ("label", "sided", "expected"),
    [
        (2, False, [0.1, 0.25, 0.65]),
        (0, False, [0.6, 0.25, 0.15]),
        (2, True, [0.1, 0.5, 0.4]),  # how neutral it is only the teacher can say
        (None, False, [0.2, 0.5, 0.3]),
    ],
)
def test_a_label_is_half_of_the_truth(label: int | None, sided: bool, expected: list[float]) -> None:
    one = Exercise("good", (None,), (label,), (0.7,), sided)
    (lesson,) = taught(ENCODER, [one], TEACHER, 0.5)
    np.testing.assert_allclose(lesson.answers, [expected], atol=1e-6)
    np.testing.assert_allclose(lesson.weights, [0.7], atol=1e-6)
    assert TEACHER.tolist() == [pytest.approx([0.2, 0.5, 0.3])], "the teacher's answers stay as they are"


@dataclass
class Telling:
    """Answers with the number of characters asked about, in hundredths."""

    calls: int = 0

    def answer(self, asked: Sequence[Asked]) -> list[list[Sentiment]]:
        self.calls += 1
        return [
            [
                Sentiment(label="neutral", p_negative=share, p_neutral=1 - share, p_positive=0.0)
                for span in one.questions
                for share in [(span[1] - span[0] if span else len(str(one.text))) / 100]
            ]
            for one in asked
        ]


def test_every_question_gets_its_own_answer_from_the_teacher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.sentiment.curriculum._AT_A_TIME", 2)
    asked = [
        Exercise(
            "good " * n, (None, (0, n + 1)) if n % 2 else (None,), (None,) * (1 + n % 2), (1.0,) * (1 + n % 2)
        )
        for n in range(1, 6)
    ]
    teacher = Telling()
    found = ask(teacher, asked)  # type: ignore[arg-type]
    assert teacher.calls == 3
    assert found[:, 0].tolist() == pytest.approx([0.05, 0.02, 0.1, 0.15, 0.04, 0.2, 0.25, 0.06])
    rows = [lesson.answers[:, 0].tolist() for lesson in taught(ENCODER, asked, found, 0.5)]
    assert rows[0] == pytest.approx([0.05, 0.02])
    assert rows[1] == pytest.approx([0.1])
