"""Joins the two halves on dev: whom to believe when, in probabilities that can be taken at their word."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training.sentiment.batches import Pool
from training.sentiment.calibration import best_temperature
from training.sentiment.deep import read
from training.sentiment.kinds import KINDS, NO_KIND, kinds_of
from training.sentiment.network import Experts, Fused, Network, evidence, likelihood
from training.sentiment.recipe import Hyper
from training.sentiment.wide import Wide

_STEPS: Final = 250
_RATE: Final = 0.02
_FOLDS: Final = 5
_EVENED: Final = {"semeval2017": 1.0, "airline": 0.5}
"""Sets whose classes do not count by how many texts they have: 1 alike, as in the training of the big tweet
set; half-way to alike where two thirds are complaints. Five folds over dev, five times: airline .759 to .763
(macro-F1), the mean of the six .771 to .772."""


def fuse(network: Network, wide: Wide, dev: Pool, hyper: Hyper, newer: Mapping[str, float]) -> Fused:
    """Train the fusion on the dev texts, which neither half has seen; the halves stay as they are.

    It is the mean of `hyper.fusions` small networks that begin elsewhere: one alone also fits what is chance
    in the few thousand texts, their mean less so. A mean of logits is one layer of all their hidden units.

    Fitting log-likelihood on held-out texts calibrates it to texts of just these sets, on average. What
    people send is of none of them, and some kinds are harder than others: its logits are then divided by a
    temperature for each kind of text, chosen on texts it was not fitted on. `newer`: of sets by name, how
    much more caution texts ask for that are newer than those (`training.sentiment.newer`).
    """
    words, subwords = (
        Experts(torch.from_numpy(part.table).float(), torch.from_numpy(part.bias))
        for part in (wide.words, wide.subwords)
    )
    fused = Fused(network, words, subwords, hyper.fusion * hyper.fusions)
    texts = _Texts(*dev_evidence(fused, dev), _weights(dev))
    temperatures = _temperatures(fused, texts, dev.corpus, hyper, newer)
    loss = _fit(fused, texts, hyper)
    fused.temperatures.copy_(torch.tensor(temperatures))
    print(f"fusion: negative log-likelihood {loss:.4f} on {len(texts.labels):,} dev texts", flush=True)
    return fused.eval()


@dataclass(frozen=True)
class _Texts:
    """Evidence (n, columns), labels, two-class marks and weights, (n,) each."""

    found: Tensor
    labels: Tensor
    two_class: Tensor
    weight: Tensor

    def where(self, mask: Tensor) -> "_Texts":
        return _Texts(self.found[mask], self.labels[mask], self.two_class[mask], self.weight[mask])

    def loss(self, logits: Tensor) -> Tensor:
        return (self.weight * likelihood(logits, self.labels, self.two_class)).sum() / self.weight.sum()


def _fit(fused: Fused, texts: _Texts, hyper: Hyper) -> float:
    """Train the fusion's two layers from scratch; returns the loss at the end."""
    mean, spread = texts.found.mean(0), texts.found.std(0).clamp(min=1e-3)
    scaled = dataclasses.replace(texts, found=(texts.found - mean) / spread)
    members = [_fitted(scaled, fused.decide.out_features, hyper, number) for number in range(hyper.fusions)]
    with torch.no_grad():
        weights = torch.cat([weigh.weight for weigh, _ in members]) / spread
        fused.weigh.weight.copy_(weights)
        fused.weigh.bias.copy_(torch.cat([weigh.bias for weigh, _ in members]) - weights @ mean)
        fused.decide.weight.copy_(torch.cat([decide.weight for _, decide in members], 1) / len(members))
        fused.decide.bias.copy_(torch.stack([decide.bias for _, decide in members]).mean(0))
        return float(texts.loss(fused.fuse(texts.found)))


def _fitted(texts: _Texts, labels: int, hyper: Hyper, number: int) -> tuple[nn.Linear, nn.Linear]:
    """One member of the mean: its layers `weigh` and `decide`."""
    torch.manual_seed(hyper.seed + number)
    weigh, decide = nn.Linear(texts.found.shape[1], hyper.fusion), nn.Linear(hyper.fusion, labels)
    weights = [*weigh.parameters(), *decide.parameters()]
    optimizer = torch.optim.Adam(weights, _RATE, weight_decay=hyper.fusion_decay)
    for step in range(_STEPS):
        for group in optimizer.param_groups:
            group["lr"] = _RATE * (1 - step / _STEPS)
        optimizer.zero_grad()
        texts.loss(decide(torch.tanh(weigh(texts.found)))).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return weigh, decide


def _temperatures(
    fused: Fused, texts: _Texts, corpus: NDArray[np.str_], hyper: Hyper, newer: Mapping[str, float]
) -> list[float]:
    """Of each kind the temperature (Guo et al. 2017, arXiv:1706.04599) that its held-out dev texts ask for.

    Held out in two ways: a fifth of all texts at a time (texts like those of the sets), and the whole set
    (texts of another source). The higher of the two counts: who is told 0.9 minds being wrong more than being
    cautious. Kinds whose raters knew no neutral, or of which there is no set, take the geometric mean of the
    others. At last comes what `newer` asks for, since what will be read is newer than any of these.
    """
    fold = np.random.default_rng(hyper.seed).permutation(len(corpus)) % _FOLDS
    neutral_known = ~texts.two_class.numpy()
    kind_of = {str(name): int(kinds_of([name])[0]) for name in np.unique(corpus[neutral_known])}
    named = [name for name, kind in kind_of.items() if kind != NO_KIND and (corpus != name).any()]
    held_out = [
        _held_out(fused, texts, part, names, hyper)
        for part, names in ((fold, list(range(_FOLDS))), (corpus, named))
    ]
    found: dict[int, float] = {}
    for name in named:
        mine = neutral_known & (corpus == name)
        asked = max(best_temperature(logits[mine], texts.labels[mine]) for logits in held_out)
        found[kind_of[name]] = max(asked, found.get(kind_of[name], 0.0))
    usual = float(np.exp(np.mean(np.log(list(found.values()))))) if found else 1.0
    for name in named:
        found[kind_of[name]] *= newer.get(name, 1.0)
    chosen = [found.get(kind, usual) for kind in range(len(KINDS))]
    print("fusion: temperatures of the kinds", " ".join(f"{one:.2f}" for one in chosen), flush=True)
    return chosen


def _held_out(fused: Fused, texts: _Texts, part: NDArray[Any], names: Sequence[Any], hyper: Hyper) -> Tensor:
    """Logits (n, labels) of each named part by a fusion fitted to all other texts; 0 for the rest."""
    logits = torch.zeros(len(texts.labels), fused.decide.out_features)
    for name in names:
        mine = torch.from_numpy(part == name)
        _fit(fused, texts.where(~mine), hyper)
        with torch.no_grad():
            logits[mine] = fused.fuse(texts.found[mine])
    return logits


def dev_evidence(fused: Fused, pool: Pool) -> tuple[Tensor, Tensor, Tensor]:
    """Evidence (texts, columns), labels and two-class marks of a pool."""
    logits, gate = (torch.from_numpy(found) for found in read(fused.deep, pool))
    rows = []
    with torch.inference_mode():
        for index, one in enumerate(pool.encoded):
            experts = [
                fused.words(torch.from_numpy(one.ngrams).long()[None]),
                fused.subwords(torch.from_numpy(one.subwords).long()[None]),
            ]
            relation = torch.from_numpy(one.relation).long()[None]
            length = torch.tensor([len(one.rows)])
            rows.append(evidence(logits[index][None], gate[index][None], experts, relation, length))
    return torch.cat(rows).clone(), torch.from_numpy(pool.labels), torch.from_numpy(pool.two_class)


def _weights(dev: Pool) -> Tensor:
    """How much each text counts, by its set and class: `_EVENED`."""
    weight = torch.ones(len(dev.labels))
    for name, power in _EVENED.items():
        own = dev.corpus == name
        for label in range(3):
            mine = torch.from_numpy(own & (dev.labels == label))
            weight[mine] = (own.sum() / (3.0 * mine.sum().clamp(min=1))) ** power
    return weight
