"""Student and teacher: what may and may not change an answer, and files that equal them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from monitor.inference.session import SEVEN_BITS
from monitor.sentiment.encoding import Encoder, Recipe, collate
from monitor.sentiment.vocabulary import NAME, SPECIAL, Vocabulary
from training.sentiment.graph import (
    eight_bit,
    round_to_eight_bit,
    write_student,
    write_talk,
    write_teacher,
)
from training.sentiment.pretrained import MiniLM
from training.sentiment.student import Student, mirror, reorder
from training.sentiment.talk import TalkNetwork
from training.sentiment.teacher import Teacher

WORDS = 30
LENGTHS = torch.tensor([1, 9, 5, 9, 2])
QUESTIONS = torch.tensor(
    [
        (0, 0, 0),
        (1, 0, 0),
        (1, 2, 3),
        (1, 7, 9),
        (2, 4, 5),
        (3, 0, 1),
        (3, 0, 0),
        (4, 1, 2),
        (0, 0, 1),
        (4, 0, 0),
    ]
)
"""Window, first token, past the last: of the whole and of places, several a window and in any order."""


def tokens_of(seed: int) -> Tensor:
    drawn = torch.randint(1, WORDS, (5, 9), generator=torch.Generator().manual_seed(seed))
    return drawn * (torch.arange(9) < LENGTHS[:, None])


TOKENS = tokens_of(3)


def make_student() -> Student:
    torch.manual_seed(0)
    network = Student(torch.randn(WORDS, 12), hidden=8, heads=2, answer=6, dropout=0.5)
    nn.init.normal_(network.everything)
    nn.init.normal_(network.distance)
    return network.eval()


def make_teacher() -> Teacher:
    torch.manual_seed(0)
    return Teacher(MiniLM(WORDS), sets=4, dropout=0.1).eval()


@pytest.fixture(scope="module", params=[make_student, make_teacher], ids=["student", "teacher"])
def network(request: pytest.FixtureRequest) -> nn.Module:
    make: Callable[[], nn.Module] = request.param
    return make()


@torch.inference_mode()
def test_padding_changes_nothing(network: nn.Module) -> None:
    together = network(TOKENS, LENGTHS, QUESTIONS)
    assert together.std(0).min() > 1e-3, "all answers alike: the comparison shows nothing"
    for row, (at, first, last) in enumerate(QUESTIONS.tolist()):
        length = int(LENGTHS[at])
        alone = network(TOKENS[at : at + 1, :length], LENGTHS[at : at + 1], torch.tensor([(0, first, last)]))
        torch.testing.assert_close(alone[0], together[row], atol=1e-5, rtol=0)


@torch.inference_mode()
def test_a_question_reads_its_own_window_alone(network: nn.Module) -> None:
    before = network(TOKENS, LENGTHS, QUESTIONS)
    others = tokens_of(4)
    for window in range(len(TOKENS)):
        changed = torch.where(torch.arange(5)[:, None] == window, TOKENS, others)
        differs = (network(changed, LENGTHS, QUESTIONS) - before).abs().amax(1) > 1e-4
        assert differs.tolist() == [at != window for at in QUESTIONS[:, 0].tolist()]


@torch.inference_mode()
def test_the_place_decides_what_is_answered(network: nn.Module) -> None:
    places = torch.tensor([(1, at, at + 1) for at in range(9)] + [(1, 0, 0)])
    found = network(TOKENS, LENGTHS, places)
    assert torch.pdist(found).min() > 1e-4


@torch.inference_mode()
def test_two_names_in_the_same_place_are_one_to_the_network() -> None:
    words = Vocabulary([*SPECIAL, NAME, "acme", "zentro", "beats", "is", "good"])
    encoder = Encoder(words, Recipe("words", head=20, tail=20, questions=True))
    network = make_student()

    def asked(text: str, *, masked: bool) -> Tensor:
        span = (0, text.index(" "))
        other = (text.rindex(" ") + 1, len(text))
        feed = collate(encoder.encode(text, [span, None] if masked else [None], [other] if masked else []))
        tokens, lengths, questions = (torch.from_numpy(feed[name]).long() for name in feed)
        return network(tokens, lengths, questions)

    first, second = "acme beats zentro", "zentro beats acme"
    assert torch.equal(asked(first, masked=True), asked(second, masked=True))
    assert not torch.allclose(asked(first, masked=False), asked(second, masked=False), atol=1e-4)


def answers(path: Path, **feed: Tensor) -> np.ndarray:
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {name: value.int().numpy() for name, value in feed.items()})
    return found


def probabilities(network: nn.Module, *feed: Tensor) -> np.ndarray:
    with torch.inference_mode():
        return network(*feed).softmax(1).numpy()


def test_the_student_s_file_equals_torch(tmp_path: Path) -> None:
    student = make_student()
    round_to_eight_bit(student.words)
    write_student(student, tmp_path / "model.onnx")
    found = answers(tmp_path / "model.onnx", tokens=TOKENS, lengths=LENGTHS, questions=QUESTIONS)
    np.testing.assert_allclose(found, probabilities(student, TOKENS, LENGTHS, QUESTIONS), atol=1e-5)
    long = torch.randint(1, WORDS, (1, 60)), torch.tensor([60]), torch.tensor([(0, 30, 32), (0, 59, 60)])
    found = answers(
        tmp_path / "model.onnx", **dict(zip(("tokens", "lengths", "questions"), long, strict=True))
    )
    np.testing.assert_allclose(found, probabilities(student, *long), atol=1e-5)


def test_the_teacher_s_file_equals_torch_and_its_rounded_one_nearly(tmp_path: Path) -> None:
    teacher = make_teacher()
    round_to_eight_bit(teacher.reader.words)
    write_teacher(teacher, tmp_path / "exact.onnx", rounded=False)
    write_teacher(teacher, tmp_path / "model.onnx")
    feed = {"tokens": TOKENS, "lengths": LENGTHS, "questions": QUESTIONS}
    exact, rounded = answers(tmp_path / "exact.onnx", **feed), answers(tmp_path / "model.onnx", **feed)
    np.testing.assert_allclose(exact, probabilities(teacher, TOKENS, LENGTHS, QUESTIONS), atol=1e-5)
    np.testing.assert_allclose(rounded, exact, atol=0.05)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exact.onnx", "model.onnx"]
    assert SEVEN_BITS.encode() in (tmp_path / "model.onnx").read_bytes()
    assert (tmp_path / "model.onnx").stat().st_size < 0.3 * (tmp_path / "exact.onnx").stat().st_size


def test_the_talk_s_file_equals_torch(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = TalkNetwork(torch.randn(WORDS, 12), hidden=8)
    round_to_eight_bit(network.words)
    write_talk(network.words, network.lstm, network.out, tmp_path / "model.onnx")
    found = answers(tmp_path / "model.onnx", tokens=TOKENS, lengths=LENGTHS)
    np.testing.assert_allclose(found, probabilities(network, TOKENS, LENGTHS), atol=1e-5)
    three = network.answer(TOKENS, LENGTHS, QUESTIONS).softmax(1).detach().numpy()
    np.testing.assert_allclose(three[:, [0, 2]], found[QUESTIONS[:, 0]], atol=1e-5)
    assert (three[:, 1] == 0).all()


@given(st.lists(st.lists(st.floats(-10, 10, width=32), min_size=3, max_size=3), min_size=1, max_size=8))
def test_eight_bits_are_within_half_a_step_and_stay_where_they_are(table: list[list[float]]) -> None:
    values = torch.tensor(table)
    rows, scales = eight_bit(values)
    assert (np.abs(rows * scales - values.numpy()) <= scales * 0.501 + 1e-6).all()
    embedding = nn.Embedding(*values.shape, _weight=values.clone())
    round_to_eight_bit(embedding)
    np.testing.assert_allclose(embedding.weight.detach().numpy(), rows * scales, rtol=1e-6)


def test_a_text_read_backwards_keeps_its_padding() -> None:
    values = torch.arange(8).view(2, 4, 1)
    order = mirror(torch.tensor([3, 4]), 4)
    assert reorder(values, order).flatten().tolist() == [2, 1, 0, 3, 7, 6, 5, 4]


@torch.inference_mode()
def test_the_mean_of_the_raters_is_what_any_text_gets() -> None:
    teacher = make_teacher()
    nn.init.normal_(teacher.heads.bias.weight)
    bias = teacher.heads.bias.weight.clone()
    before = teacher(TOKENS, LENGTHS, QUESTIONS)
    teacher.settle(toward=[1, 2], whole=[3])
    moved = teacher(TOKENS, LENGTHS, QUESTIONS) - before
    whole = QUESTIONS[:, 2] == 0
    torch.testing.assert_close(moved[~whole], bias[[1, 2]].mean(0).expand(int((~whole).sum()), 3))
    torch.testing.assert_close(moved[whole], bias[3].expand(int(whole.sum()), 3))
    assert (teacher.heads.bias.weight == 0).all()
