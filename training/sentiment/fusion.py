"""Joins the two halves on dev: whom to believe when, in probabilities that can be taken at their word."""

import dataclasses
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training.sentiment.batches import Pool
from training.sentiment.deep import predict
from training.sentiment.network import Experts, Fused, Network, evidence, likelihood
from training.sentiment.recipe import Hyper
from training.sentiment.wide import Wide

_STEPS: Final = 250
_RATE: Final = 0.02
_TEMPERATURES: Final = np.geomspace(0.7, 2.0, 61)


def fuse(network: Network, wide: Wide, dev: Pool, hyper: Hyper) -> Fused:
    """Train the fusion on the dev texts, which neither half has seen; the halves stay as they are.

    It is the mean of `hyper.fusions` small networks that begin elsewhere: one alone also fits what is chance
    in the few thousand texts, their mean less so. A mean of logits is one layer of all their hidden units.

    Fitting log-likelihood on held-out texts calibrates it to texts of just these sets. What people send is of
    none of them, so its logits are then divided by a temperature that is fitted to sets it was not fitted on.
    """
    words, subwords = (
        Experts(torch.from_numpy(part.table).float(), torch.from_numpy(part.bias))
        for part in (wide.words, wide.subwords)
    )
    fused = Fused(network, words, subwords, hyper.fusion * hyper.fusions)
    texts = _Texts(*dev_evidence(fused, dev), _weights(dev))
    warmth = _transfer_temperature(fused, texts, dev.corpus, hyper)
    loss = _fit(fused, texts, hyper)
    with torch.no_grad():
        for values in fused.decide.parameters():
            values.div_(warmth)
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

    def balanced(self) -> "_Texts":
        """The same texts, every class weighing as much."""
        counts = torch.bincount(self.labels, minlength=3)
        return dataclasses.replace(self, weight=1.0 / counts[self.labels])

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


def _transfer_temperature(fused: Fused, texts: _Texts, corpus: NDArray[np.str_], hyper: Hyper) -> float:
    """The geometric mean, over the sets, of the temperature that suits a set the fusion was not fitted on.

    Temperature scaling is that of Guo et al. 2017 (arXiv:1706.04599), with one set after the other left out.
    Its classes count alike: how often people praise or blame changes from month to month and brand to brand,
    and a temperature that leans on a set's usual class is too low where that class is rarer.
    """
    best = []
    for name in np.unique(corpus):
        mine = torch.from_numpy(corpus == name)
        if bool(mine.all()):
            return 1.0
        _fit(fused, texts.where(~mine), hyper)
        left_out = texts.where(mine).balanced()
        with torch.inference_mode():
            logits = fused.fuse(left_out.found)
            losses = [float(left_out.loss(logits / warmth)) for warmth in _TEMPERATURES]
        best.append(float(_TEMPERATURES[int(np.argmin(losses))]))
        print(f"fusion: temperature {best[-1]:.2f} for {name} when it is left out", flush=True)
    return float(np.exp(np.mean(np.log(best))))


def dev_evidence(fused: Fused, pool: Pool) -> tuple[Tensor, Tensor, Tensor]:
    """Evidence (texts, columns), labels and two-class marks of a pool."""
    logits = torch.from_numpy(predict(fused.deep, pool))
    rows = []
    with torch.inference_mode():
        for index, one in enumerate(pool.encoded):
            experts = torch.cat(
                [
                    fused.words(torch.from_numpy(one.ngrams).long()[None]),
                    fused.subwords(torch.from_numpy(one.subwords).long()[None]),
                ],
                dim=1,
            )
            relation = torch.from_numpy(one.relation).long()[None]
            length = torch.tensor([len(one.rows)])
            rows.append(evidence(logits[index][None], experts, relation, length))
    return torch.cat(rows).clone(), torch.from_numpy(pool.labels), torch.from_numpy(pool.two_class)


def _weights(dev: Pool) -> Tensor:
    """Classes of the big tweet set count here as they did in training, where each gave as many tweets."""
    weight = torch.ones(len(dev.labels))
    tweets = dev.corpus == "semeval2017"
    for label in range(3):
        mine = torch.from_numpy(tweets & (dev.labels == label))
        weight[mine] = tweets.sum() / (3.0 * mine.sum().clamp(min=1))
    return weight
