"""Labelled texts as what a network learns from: each text once, with all that is asked about it.

Networks here are called with `tokens` (windows, length), `lengths` (windows,) and `questions` (rows, 3) of
window, first token and the one past the last, int64, and give logits (rows, 3).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from torch import Tensor

from monitor.sentiment.encoding import Encoder, Window, collate
from training.data.texts import Corpora, Example

NO_SET: Final = 0
"""The number of what comes from no set: our own sentences, and what a teacher answered."""
_TOKENS_AT_ONCE: Final = 8192


@dataclass(frozen=True, slots=True)
class Lesson:
    """One window and, a row for each of its questions: `answers` (questions, 3) probabilities, `weights`
    (questions,). `rated` is the number of the set whose raters answered; `two_sided` where they had no
    neutral to choose."""

    window: Window
    answers: NDArray[np.float32]
    weights: NDArray[np.float32]
    rated: int
    two_sided: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of some lessons: `tokens` (windows, length), `lengths` (windows,), `questions` (rows, 3), all
    int64; `answers` (rows, 3), `weights` (rows,), `rated` (rows,) and `two_sided` (rows,)."""

    tokens: Tensor
    lengths: Tensor
    questions: Tensor
    answers: Tensor
    weights: Tensor
    rated: Tensor
    two_sided: Tensor


def lessons(
    encoder: Encoder, examples: Sequence[Example], rated: int = NO_SET, *, two_sided: bool = False
) -> Iterator[Lesson]:
    """The examples of one set, each text once."""
    for asked in by_text(examples):
        answers = np.eye(3, dtype=np.float32)[[example.label for example in asked]]
        weights = np.array([example.agreement**2 for example in asked], np.float32)
        questions = [example.target for example in asked]
        yield from answered(encoder, asked[0].text, questions, answers, weights, rated, two_sided)


def by_text(examples: Iterable[Example]) -> list[list[Example]]:
    """Those about the same text together, in the order of their first."""
    found: dict[str, list[Example]] = {}
    for example in examples:
        found.setdefault(example.text, []).append(example)
    return list(found.values())


def answered(
    encoder: Encoder,
    text: str,
    questions: Sequence[tuple[int, int] | None],
    answers: NDArray[np.float32],
    weights: NDArray[np.float32],
    rated: int = NO_SET,
    two_sided: bool = False,
) -> Iterator[Lesson]:
    """One text's lessons, of questions that have answers."""
    for window in encoder.encode(text, questions):
        at = [one.question for one in window.asked]
        yield Lesson(window, answers[at], weights[at], rated, two_sided)


def batch(chosen: Sequence[Lesson]) -> Batch:
    """Padded tensors."""
    feed = collate([lesson.window for lesson in chosen])
    counts = [len(lesson.answers) for lesson in chosen]
    return Batch(
        torch.from_numpy(feed["tokens"]).long(),
        torch.from_numpy(feed["lengths"]).long(),
        torch.from_numpy(feed["questions"]).long(),
        torch.from_numpy(np.concatenate([lesson.answers for lesson in chosen])),
        torch.from_numpy(np.concatenate([lesson.weights for lesson in chosen])),
        torch.from_numpy(np.repeat([lesson.rated for lesson in chosen], counts)),
        torch.from_numpy(np.repeat([lesson.two_sided for lesson in chosen], counts)),
    )


class Pool:
    """Lessons, drawn in batches of alike lengths."""

    def __init__(self, lessons: Iterable[Lesson]) -> None:
        self.lessons = list(lessons)
        self._lengths = np.array([len(lesson.window.rows) for lesson in self.lessons])

    def __len__(self) -> int:
        return len(self.lessons)

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """The lessons with these numbers."""
        return batch([self.lessons[row] for row in rows])

    def plan(
        self, tokens: int, seed: Sequence[int], chosen: NDArray[np.int64] | None = None
    ) -> list[NDArray[np.int64]]:
        """Numbers of `chosen` lessons (default: all) in batches of at most `tokens` padded tokens, in random
        order."""
        random = np.random.default_rng(seed)
        chosen = np.arange(len(self.lessons)) if chosen is None else chosen
        order = chosen[
            np.argsort(self._lengths[chosen] * random.uniform(0.9, 1.1, len(chosen)), kind="stable")
        ]
        batches: list[list[int]] = []
        longest = 0
        for row in order.tolist():
            longest = max(longest, int(self._lengths[row]))
            if not batches or longest * (len(batches[-1]) + 1) > tokens:
                batches.append([])
                longest = int(self._lengths[row])
            batches[-1].append(row)
        random.shuffle(batches)
        return [np.array(one) for one in batches]


def loss(logits: Tensor, asked: Batch, smoothing: float) -> Tensor:
    """Cross-entropy (a scalar, mean by weight) with the answers, between the sides alone where raters had no
    neutral."""
    answers = asked.answers * (1 - smoothing) + smoothing / 3
    three = -(answers * logits.log_softmax(1)).sum(1)
    sides = answers[:, [0, 2]] / answers[:, [0, 2]].sum(1, keepdim=True)
    two = -(sides * logits[:, [0, 2]].log_softmax(1)).sum(1)
    each = torch.where(asked.two_sided, two, three)
    return (each * asked.weights).sum() / asked.weights.sum()


def dev_pool(encoder: Encoder, corpora: Corpora, each: int) -> Pool:
    """For a look while a network learns: `each` examples of the dev sets with targets, of all if none has."""
    toward = {name for name, examples in corpora.dev.items() if any(one.target for one in examples)}
    return Pool(
        lesson
        for name, examples in corpora.dev.items()
        if name in toward or not toward
        for lesson in lessons(encoder, examples[:each])
    )


def measured(network: Callable[[Tensor, Tensor, Tensor], Tensor], pool: Pool) -> dict[str, float]:
    """Macro-F1 of the likeliest answers."""
    found, truth = [], []
    with torch.inference_mode():
        for rows in pool.plan(_TOKENS_AT_ONCE, [0]):
            asked = pool.batch(rows)
            found.append(network(asked.tokens, asked.lengths, asked.questions).argmax(1).numpy())
            truth.append(asked.answers.argmax(1).numpy())
    if not found:
        return {}
    return {"macro_f1": float(f1_score(np.concatenate(truth), np.concatenate(found), average="macro"))}
