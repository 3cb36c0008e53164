"""The teacher: MiniLM-L6, fine-tuned on every labelled text at once.

It reads a text once, names masked, and answers each question from the state at the name's place and the mean
of all. Each set has a bias of its own while it learns, because raters drew the line around neutral in
different places; a text from nowhere gets the mean of them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from monitor.sentiment.encoding import Encoder, Recipe
from monitor.sentiment.pieces import Pieces
from training.data.sets import SETS
from training.data.texts import Corpora
from training.sentiment.curriculum import two_sided, with_own_sentences
from training.sentiment.loop import Learned, Run, half_precision, limit_norm
from training.sentiment.pretrained import WIDTH, MiniLM, load_pretrained
from training.sentiment.questions import NO_SET, Pool, dev_pool, lessons, loss, measured
from training.sentiment.recipe import SHARES, TeacherHyper

RECIPE: Final = Recipe(tokenizer="pieces", head=64, tail=64, questions=True)

_DEV_TEXTS: Final = 100
"""Of each set: enough to see whether it learns."""


class Heads(nn.Module):
    """Answers from states: toward a place, and of the whole; `bias` (sets + 1, 3) of each set's raters."""

    def __init__(self, width: int, sets: int, dropout: float) -> None:
        super().__init__()
        self.toward, self.whole = (
            nn.Sequential(nn.Linear(features, width), nn.Tanh(), nn.Dropout(dropout), nn.Linear(width, 3))
            for features in (2 * width, width)
        )
        self.bias = nn.Embedding(sets + 1, 3)
        nn.init.zeros_(self.bias.weight)


class Teacher(nn.Module):
    """See `training.sentiment.questions` for what goes in and comes out."""

    def __init__(self, reader: MiniLM, sets: int, dropout: float) -> None:
        super().__init__()
        self.reader = reader
        self.heads = Heads(WIDTH, sets, dropout)

    def forward(self, tokens: Tensor, lengths: Tensor, questions: Tensor) -> Tensor:
        """Logits, without any set's bias."""
        states = self.reader(tokens, lengths).float()
        real = (torch.arange(tokens.shape[1]) < lengths[:, None])[:, :, None]
        mean = (states * real).sum(1) / lengths[:, None]
        at, first, last = questions.unbind(1)
        # The sum of a span's states is a difference of running sums.
        running = nn.functional.pad(states.cumsum(1), (0, 0, 1, 0))
        place = (running[at, last] - running[at, first]) / (last - first).clamp(min=1)[:, None]
        toward = self.heads.toward(torch.cat([place, mean[at]], 1))
        return torch.where((last > 0)[:, None], toward, self.heads.whole(mean[at]))

    def settle(self, toward: Sequence[int], whole: Sequence[int]) -> None:
        """Make the mean bias of the sets with these numbers that of any text."""
        with torch.no_grad():
            for head, sets in ((self.heads.toward, toward), (self.heads.whole, whole)):
                last = head[-1]
                assert isinstance(last, nn.Linear)
                if sets:
                    last.bias.add_(self.heads.bias.weight[list(sets)].mean(0))
            self.heads.bias.weight.zero_()


def train_teacher(corpora: Corpora, work: Path, hyper: TeacherHyper) -> Learned[Teacher]:
    """Fine-tune on the train split; goes on from a checkpoint in `work`, which is made.

    A set that no one published (corrections, a file of one's own) shares the bias of our own sentences.
    """
    torch.manual_seed(hyper.seed)
    pieces, reader = load_pretrained()
    encoder = Encoder(Pieces(pieces), RECIPE)
    number = {name: at for at, name in enumerate(SETS, 1)}
    network = Teacher(reader, len(SETS), hyper.dropout)
    given = with_own_sentences(corpora, hyper.seed)
    parts = {
        name: list(lessons(encoder, part, number.get(name, NO_SET), two_sided=two_sided(given, name)))
        for name, part in given.train.items()
    }
    borders = np.cumsum([0, *(len(part) for part in parts.values())])
    pool = Pool(lesson for part in parts.values() for lesson in part)
    dev = dev_pool(encoder, corpora, _DEV_TEXTS)

    def plan(epoch: int) -> list[NDArray[np.int64]]:
        random = np.random.default_rng([hyper.seed, epoch])
        drawn = [
            start + random.permutation(end - start)[: int(hyper.texts * SHARES.get(name, 1.0))]
            for name, start, end in zip(parts, borders[:-1], borders[1:], strict=True)
        ]
        return pool.plan(hyper.tokens, [hyper.seed, epoch], np.concatenate(drawn))

    def loss_of(rows: NDArray[np.int64]) -> Tensor:
        asked = pool.batch(rows)
        with half_precision():
            logits = network(asked.tokens, asked.lengths, asked.questions)
        return loss(logits.float() + network.heads.bias(asked.rated), asked, hyper.smoothing)

    bias = network.heads.bias.weight
    learned = [weight for weight in network.parameters() if weight.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [weight for weight in learned if weight is not bias]},
        # Three numbers a set, each in a twentieth of the batches: at the others' rate they would not move.
        {"params": [bias], "lr": 100 * hyper.rate, "weight_decay": 0.0},
    ]
    work.mkdir(parents=True, exist_ok=True)
    progress = Run[NDArray[np.int64]](
        network=network,
        optimizers=[torch.optim.AdamW(groups, hyper.rate, weight_decay=hyper.decay, fused=True)],
        plan=plan,
        loss=loss_of,
        limit_gradients=lambda: limit_norm(learned, hyper.clip),
        measure=lambda: measured(network, dev),
        rate=lambda share: min(share / hyper.warm_up, 1.0) * (1 - share),
        epochs=hyper.epochs,
        checkpoint=work / "teacher.pt",
    ).train()
    network.eval()
    three = [name for name in corpora.train if name in SETS and SETS[name].classes == 3]
    network.settle(
        [number[name] for name in three if SETS[name].toward == "target"],
        [number[name] for name in three if SETS[name].toward == "whole"],
    )
    return Learned(network, encoder, progress)
