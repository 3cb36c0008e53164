"""Labelled texts as lessons: each text once, batches within their limit, and what a label may teach."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from monitor.sentiment.encoding import Encoder, Recipe, Window
from monitor.sentiment.vocabulary import NAME, SPECIAL, Vocabulary
from training.data.texts import Corpora, Example
from training.sentiment.questions import Lesson, Pool, batch, dev_pool, lessons, loss, measured

WORDS = Vocabulary([*SPECIAL, NAME, "good", "bad", "and", "the"])
ENCODER = Encoder(WORDS, Recipe("words", head=6, tail=6, questions=True))


def test_what_is_asked_about_one_text_is_one_lesson() -> None:
    text = "Acme good and Zentro bad"
    examples = [
        Example("mams", text, 2, (0, 4)),
        Example("mams", "Acme bad", 0, (0, 4), agreement=0.5),
        Example("mams", text, 0, (14, 20)),
    ]
    first, second = lessons(ENCODER, examples, 7)
    assert first.answers.tolist() == [[0, 0, 1], [1, 0, 0]]
    rows = first.window.rows.tolist()
    assert rows == WORDS.rows([NAME, "good", "and", NAME, "bad"])
    assert [(one.first, one.last) for one in first.window.asked] == [(0, 1), (3, 4)]
    assert (second.answers.tolist(), second.weights.tolist(), second.rated) == ([[1, 0, 0]], [0.25], 7)


def test_a_long_text_is_several_windows_and_each_answer_goes_with_its_question() -> None:
    text = " ".join(["the"] * 20 + ["Acme"] + ["and"] * 20)
    start = text.index("Acme")
    asked = [Example("imdb", text, 0), Example("imdb", text, 2, (start, start + 4))]
    ends, middle = lessons(ENCODER, asked)
    assert (ends.answers.tolist(), middle.answers.tolist()) == ([[1, 0, 0]], [[0, 0, 1]])
    assert ends.window.asked[0].last == 0
    place = middle.window.asked[0]
    assert middle.window.rows[place.first] == WORDS.rows([NAME])[0]


def lesson(length: int) -> Lesson:
    window = Window(np.ones(length, np.int32), ())
    return Lesson(window, np.zeros((0, 3), np.float32), np.zeros(0, np.float32), 0, False)


@given(st.lists(st.integers(1, 60), max_size=40), st.integers(1, 50))
def test_batches_hold_every_lesson_once_and_only_a_long_one_alone_breaks_the_limit(
    lengths: list[int], tokens: int
) -> None:
    plan = Pool(map(lesson, lengths)).plan(tokens, [1, 2])
    assert sorted(row for rows in plan for row in rows.tolist()) == list(range(len(lengths)))
    for rows in plan:
        assert len(rows) == 1 or max(lengths[row] for row in rows) * len(rows) <= tokens


def test_a_plan_depends_on_its_seed_alone_and_takes_what_is_chosen() -> None:
    pool = Pool(map(lesson, [3, 4, 5, 6] * 20))
    plans = [[rows.tolist() for rows in pool.plan(20, seed)] for seed in ([1, 0], [1, 0], [1, 1])]
    assert plans[0] == plans[1] != plans[2]
    chosen = np.arange(0, 80, 3)
    assert sorted(np.concatenate(pool.plan(20, [1], chosen)).tolist()) == chosen.tolist()
    # Alike lengths stand together: hardly a token is padding.
    padded = sum(
        max(pool.lessons[row].window.rows.size for row in rows) * len(rows) for rows in pool.plan(60, [1])
    )
    assert padded < 1.15 * sum(len(one.window.rows) for one in pool.lessons)


def test_a_batch_pads_and_repeats_what_holds_for_a_window() -> None:
    one = lessons(ENCODER, [Example("", "Acme good", 2, (0, 4)), Example("", "Acme good", 1)], 3)
    two = lessons(ENCODER, [Example("", "good and bad", 0)], 5, two_sided=True)
    found = batch([*one, *two])
    assert found.tokens.shape == (2, 3)
    assert (found.tokens[0, 2].item(), found.lengths.tolist()) == (0, [2, 3])
    assert found.questions.tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
    assert found.rated.tolist() == [3, 3, 5]
    assert found.two_sided.tolist() == [False, False, True]
    assert found.answers.argmax(1).tolist() == [2, 1, 0]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_raters_without_neutral_say_nothing_about_it(smoothing: float) -> None:
    asked = batch(list(lessons(ENCODER, [Example("cr", "good", 2)], two_sided=True)))
    likely, unlikely = (torch.tensor([[1.0, neutral, 2.0]], requires_grad=True) for neutral in (9.0, -9.0))
    found = [loss(logits, asked, smoothing) for logits in (likely, unlikely)]
    assert found[0].item() == pytest.approx(found[1].item())
    found[0].backward()
    assert likely.grad is not None
    assert likely.grad[0, 1] == 0
    assert likely.grad[0, 2] < 0


def test_the_loss_is_a_mean_by_weight() -> None:
    sure, half = Example("", "good", 2), Example("", "bad", 0, agreement=0.5)
    logits = torch.tensor([[0.0, 0.0, 3.0], [0.0, 0.0, 3.0]])
    asked = batch([*lessons(ENCODER, [sure]), *lessons(ENCODER, [half])])
    each = -logits.log_softmax(1)
    expected = (each[0, 2] + 0.25 * each[1, 0]) / 1.25
    torch.testing.assert_close(loss(logits, asked, 0.0), expected)


def test_the_look_while_it_learns_is_at_labels_toward_something_where_there_are_any() -> None:
    whole = [Example("imdb", f"good {n}", 2) for n in range(5)]
    toward = [Example("mams", f"Acme bad {n}", 0, (0, 4)) for n in range(5)]
    corpora = Corpora({}, {"imdb": whole, "mams": toward}, {})
    assert len(dev_pool(ENCODER, corpora, 3)) == 3
    assert all(one.window.asked[0].last for one in dev_pool(ENCODER, corpora, 3).lessons)
    assert len(dev_pool(ENCODER, corpora.only(["imdb"]), 4)) == 4


def test_a_network_is_measured_by_its_likeliest_answers() -> None:
    examples = [Example("", "good", 2), Example("", "bad", 0), Example("", "and", 1), Example("", "the", 1)]
    pool = Pool(lessons(ENCODER, examples))
    right = {WORDS.rows([one.text])[0]: one.label for one in examples}

    def network(tokens: torch.Tensor, _lengths: torch.Tensor, questions: torch.Tensor) -> torch.Tensor:
        found = [right[token] for token in tokens[questions[:, 0], 0].tolist()]
        return torch.nn.functional.one_hot(torch.tensor(found), 3).float()

    assert measured(network, pool) == {"macro_f1": 1.0}
    right[WORDS.rows(["the"])[0]] = 2
    assert measured(network, pool)["macro_f1"] == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)
    assert measured(network, Pool([])) == {}
