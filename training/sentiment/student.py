"""The student, which ships: word vectors into one bidirectional LSTM, and an attention a question.

It reads a text once. A question looks at the same states from the place of the name it is about (about the
whole text: from a learned place): attention over them, weighted by how far each word stands from the place.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from monitor.sentiment.encoding import Encoder, Recipe
from monitor.sentiment.scorer import SentimentScorer
from monitor.sentiment.vocabulary import UNKNOWN
from training.data.texts import Corpora
from training.sentiment.curriculum import ask, exercises, taught, with_own_sentences
from training.sentiment.loop import Learned, Run, half_precision, limit_norm
from training.sentiment.questions import Pool, dev_pool, loss, measured
from training.sentiment.recipe import StudentHyper
from training.sentiment.vectors import WordVectors, shipped_words, word_table
from training.sentiment.work import kept

_DEV_TEXTS: Final = 200
REACH: Final = 12
"""Tokens to each side that distances are told apart for; all further ones are as far."""


class Student(nn.Module):
    """See `training.sentiment.questions` for what goes in and comes out."""

    def __init__(self, vectors: Tensor, hidden: int, heads: int, answer: int, dropout: float) -> None:
        """`vectors` (words, dims); `hidden` units a direction, `answer` in the last but one layer."""
        super().__init__()
        width = 2 * hidden
        self.words = nn.Embedding(len(vectors), vectors.shape[1], sparse=True, _weight=vectors)
        self.forwards = nn.LSTM(vectors.shape[1], hidden, batch_first=True)
        self.backwards = nn.LSTM(vectors.shape[1], hidden, batch_first=True)
        self.key = nn.Linear(width, width)
        self.query = nn.Linear(width, width)
        self.everything = nn.Parameter(torch.zeros(width))
        self.distance = nn.Parameter(torch.zeros(heads, 2 * REACH + 1))
        self.heads = heads
        self.dropout = dropout
        self.toward, self.whole = (
            nn.Sequential(nn.Linear(2 * width, answer), nn.ReLU(), nn.Dropout(dropout), nn.Linear(answer, 3))
            for _ in range(2)
        )
        for layer in (self.forwards, self.backwards):
            with torch.no_grad():  # forget gates open
                layer.get_parameter("bias_hh_l0")[hidden : 2 * hidden] = 1.0

    def forward(self, tokens: Tensor, lengths: Tensor, questions: Tensor) -> Tensor:
        """Logits; padding has no effect."""
        vectors = self.noisy(self.words(tokens))
        order = mirror(lengths, tokens.shape[1])
        ahead, _ = self.forwards(vectors)
        behind, _ = self.backwards(reorder(vectors, order))
        states = self.noisy(torch.cat([ahead, reorder(behind, order)], 2))
        at, first, last = questions.unbind(1)
        whole = (last == 0)[:, None]
        seen = states[at]
        places = torch.arange(tokens.shape[1])
        real = places < lengths[at][:, None]
        inside = (places >= first[:, None]) & (places < last[:, None])
        place = (seen * inside[:, :, None]).sum(1) / (last - first).clamp(min=1)[:, None]
        query = torch.where(whole, self.everything, self.query(place))
        rows, length, width = seen.shape
        by_head = self.key(states)[at].view(rows, length, self.heads, width // self.heads)
        scores = torch.einsum("rhd,rlhd->rhl", query.view(rows, self.heads, -1), by_head)
        scores = scores / (width // self.heads) ** 0.5
        steps = (places - first[:, None]).clamp(-REACH, REACH) + REACH
        scores = scores + torch.where(whole[:, :, None], 0.0, self.distance[:, steps].transpose(0, 1))
        weights = scores.masked_fill(~real[:, None, :], -1e9).softmax(2)
        found = torch.einsum("rhl,rlhd->rhd", weights, seen.view(rows, length, self.heads, -1))
        found = found.reshape(rows, width)
        strongest = seen.masked_fill(~real[:, :, None], -1e9).amax(1)
        return torch.where(
            whole,
            self.whole(torch.cat([strongest, found], 1)),
            self.toward(torch.cat([place, found], 1)),
        )

    def noisy(self, vectors: Tensor) -> Tensor:
        """In training, one dropout mask for all time steps of a text: per-step noise averages out
        (Gal & Ghahramani 2016)."""
        if not self.training:
            return vectors
        keep = torch.full((len(vectors), 1, vectors.shape[2]), 1.0 - self.dropout)
        return vectors * (torch.bernoulli(keep) / (1.0 - self.dropout))


def train_student(
    corpora: Corpora,
    unlabelled: Mapping[str, Sequence[str]],
    seen: WordVectors,
    teacher: SentimentScorer,
    work: Path,
    hyper: StudentHyper,
) -> Learned[Student]:
    """Learn from the train split, from texts without labels (set -> texts), and from the teacher's answers to
    all of them; `seen` are the words it may know. Goes on from a checkpoint in `work`, which is made."""
    asked = exercises(with_own_sentences(corpora, hyper.seed), unlabelled, hyper)
    answers = kept(work / "answers.npz", lambda: {"answers": ask(teacher, asked)})["answers"]
    vocabulary, table = word_table(seen, hyper.words, teacher, shipped_words())
    encoder = Encoder(vocabulary, Recipe("words", hyper.head, hyper.tail, questions=True))
    pool = Pool(taught(encoder, asked, answers, hyper.label))
    dev = dev_pool(encoder, corpora, _DEV_TEXTS)
    torch.manual_seed(hyper.seed)
    network = Student(torch.from_numpy(table), hyper.hidden, hyper.heads, hyper.answer, hyper.dropout)
    name_row, unknown_row = vocabulary.rows([vocabulary.name, UNKNOWN])

    def loss_of(rows: NDArray[np.int64]) -> Tensor:
        batch = pool.batch(rows)
        hidden = (torch.rand(batch.tokens.shape) < hyper.words_hidden) & (batch.tokens != name_row)
        with half_precision():
            logits = network(batch.tokens.masked_fill(hidden, unknown_row), batch.lengths, batch.questions)
        return loss(logits.float(), batch, 0.0)

    dense = [weight for weight in network.parameters() if weight is not network.words.weight]
    progress = Run[NDArray[np.int64]](
        network=network,
        optimizers=[
            torch.optim.Adam(dense, hyper.rate),
            torch.optim.SparseAdam([network.words.weight], hyper.word_rate),
        ],
        plan=lambda epoch: pool.plan(hyper.tokens, [hyper.seed, epoch]),
        loss=loss_of,
        limit_gradients=lambda: limit_norm(dense, hyper.clip),
        measure=lambda: measured(network, dev),
        rate=lambda share: min(share / 0.03, 1.0) * (1 - share) + 0.01,
        epochs=hyper.epochs,
        checkpoint=work / "student.pt",
    ).train()
    network.eval()
    return Learned(network, encoder, progress)


def mirror(lengths: Tensor, width: int) -> Tensor:
    """(batch, width): the position each swaps with when a text is read backwards; padding stays."""
    position = torch.arange(width)[None, :]
    swapped = lengths[:, None] - 1 - position
    return torch.where(swapped >= 0, swapped, position)


def reorder(values: Tensor, order: Tensor) -> Tensor:
    """(batch, length, n) with the positions of each text in `order` (batch, length)."""
    return values.gather(1, order[:, :, None].expand(-1, -1, values.shape[2]))
