"""Joins the two halves on dev: whom to believe when, in probabilities that can be taken at their word."""

import torch
from torch import Tensor

from training.sentiment.batches import Pool
from training.sentiment.deep import predict
from training.sentiment.network import Fused, Network, evidence, likelihood
from training.sentiment.recipe import Hyper
from training.sentiment.wide import Wide

_STEPS = 400
_RATE = 0.02


def fuse(network: Network, wide: Wide, dev: Pool, hyper: Hyper) -> Fused:
    """Train the fusion on the dev texts, which neither half has seen; the halves stay as they are.

    Fitting log-likelihood on held-out texts calibrates as temperature scaling does, with a few more degrees
    of freedom.
    """
    torch.manual_seed(hyper.seed)
    table, bias = torch.from_numpy(wide.table).float(), torch.from_numpy(wide.bias)
    fused = Fused(network, table, bias, hyper.fusion)
    found, labels, two_class = dev_evidence(fused, dev)
    weight = _weights(dev)
    layers = [*fused.weigh.parameters(), *fused.decide.parameters()]
    optimizer = torch.optim.Adam(layers, _RATE, weight_decay=hyper.fusion_decay)
    for step in range(_STEPS):
        for group in optimizer.param_groups:
            group["lr"] = _RATE * (1 - step / _STEPS)
        optimizer.zero_grad()
        loss = (weight * likelihood(fused.fuse(found), labels, two_class)).sum() / weight.sum()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    print(f"fusion: negative log-likelihood {loss.item():.4f} on {len(labels):,} dev texts", flush=True)
    return fused.eval()


def dev_evidence(fused: Fused, pool: Pool) -> tuple[Tensor, Tensor, Tensor]:
    """Evidence (texts, columns), labels and two-class marks of a pool."""
    logits = torch.from_numpy(predict(fused.deep, pool))
    rows = []
    with torch.inference_mode():
        for index, one in enumerate(pool.encoded):
            experts = fused.experts(torch.from_numpy(one.ngrams).long()[None])
            relation = torch.from_numpy(one.relation).long()[None]
            rows.append(evidence(logits[index][None], experts, relation, torch.tensor([len(one.rows)])))
    return torch.cat(rows).clone(), torch.from_numpy(pool.labels), torch.from_numpy(pool.two_class)


def _weights(dev: Pool) -> Tensor:
    """Classes of the big tweet set count here as they did in training, where each gave as many tweets."""
    weight = torch.ones(len(dev.labels))
    tweets = dev.corpus == "semeval2017"
    for label in range(3):
        mine = torch.from_numpy(tweets & (dev.labels == label))
        weight[mine] = tweets.sum() / (3.0 * mine.sum().clamp(min=1))
    return weight
