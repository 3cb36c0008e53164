"""Kinds of text: their raters drew the line around neutral in different places, so each has its own verdict.

A gate says from the text alone which kind it looks like; the verdict is the kinds' verdicts, each counting by
that. Nothing at inference says where a text came from: a post about a brand nobody trained on gets a mixture.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

KINDS: Final[tuple[frozenset[str], ...]] = (
    frozenset({"imdb", "uci_sentences", "cr"}),
    frozenset({"sst", "sst_phrases"}),
    frozenset({"semeval2017"}),
    frozenset({"vader_groundtruth"}),
    frozenset({"airline"}),
    frozenset({"sxsw"}),
    frozenset({"twitter_target"}),
    frozenset({"semeval14_aspect"}),
    frozenset({"financial_phrasebank"}),
)
"""Sets whose raters were told the same. Sentences of our own and corrections are of no kind: they teach
every kind."""
NO_KIND: Final = -1
EXPERT_SETS: Final = (
    "semeval2017",
    "airline",
    "sxsw",
    "twitter_target",
    "semeval14_aspect",
    "financial_phrasebank",
)
"""Sets whose kind of text has linear experts of its own (`training.sentiment.wide`): their decision values
are the last of each table's."""
SIDES: Final = 2
"""Decision values of an expert on three classes, how negative and how positive: all three sum to 0."""


def kinds_of(corpora: Iterable[str]) -> NDArray[np.int64]:
    """The index in `KINDS` of each set's name, `NO_KIND` where it is in none."""
    index = {name: at for at, names in enumerate(KINDS) for name in names}
    return np.array([index.get(str(name), NO_KIND) for name in corpora], np.int64)


EXPERT_KINDS: Final = tuple(kinds_of(EXPERT_SETS).tolist())


class ByKind(nn.Module):
    """Features -> log-probabilities of each kind's verdict, and of the kinds.

    A kind's logits are the common ones and a correction that starts at 0, so that kinds of few texts learn
    from the others.
    """

    def __init__(self, features: int, labels: int) -> None:
        super().__init__()
        self.common = nn.Linear(features, labels)
        self.correction = nn.Linear(features, len(KINDS) * labels)
        self.gate = nn.Linear(features, len(KINDS))
        nn.init.zeros_(self.correction.weight)
        nn.init.zeros_(self.correction.bias)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, kinds, labels) and (batch, kinds)."""
        corrections = self.correction(features).unflatten(1, (len(KINDS), -1))
        verdicts = (self.common(features)[:, None] + corrections).log_softmax(2)
        return verdicts, self.gate(features).log_softmax(1)


def mixture(verdicts: Tensor, gate: Tensor) -> Tensor:
    """Log-probabilities (batch, labels): the kinds' verdicts, each counting by the gate."""
    return (verdicts + gate[:, :, None]).logsumexp(1)


def by_likeness(values: Tensor, gate: Tensor) -> Tensor:
    """(batch, general + `SIDES`) of decision values (batch, general + `SIDES` * kinds with experts).

    The general experts' as they are, and those of the kinds' experts, each counting by the gate.
    """
    general = values.shape[1] - SIDES * len(EXPERT_KINDS)
    likeness = gate[:, EXPERT_KINDS].exp()
    own = values[:, general:].reshape(-1, len(EXPERT_KINDS), SIDES)
    return torch.cat([values[:, :general], (own * likeness[:, :, None]).sum(1)], dim=1)


def own_verdict(verdicts: Tensor, kind: Tensor) -> Tensor:
    """(batch, labels): the verdict of each text's own kind; of texts of no kind the mean of all."""
    weight = nn.functional.one_hot(kind.clamp(min=0), len(KINDS)).to(verdicts.dtype)
    weight = torch.where((kind == NO_KIND)[:, None], 1.0 / len(KINDS), weight)
    return torch.einsum("bk,bkl->bl", weight, verdicts)


def gate_loss(gate: Tensor, kind: Tensor) -> Tensor:
    """Mean negative log-likelihood of the kinds; texts of no kind count nothing."""
    known = kind != NO_KIND
    picked = gate.gather(1, kind.clamp(min=0)[:, None])[:, 0]
    return -(picked * known).sum() / known.sum().clamp(min=1)
