"""Kinds of text: whose verdict counts how much, and what teaches whom."""

import numpy as np
import torch

from training.data.own_sentences import OWN
from training.data.texts import LABELLED
from training.sentiment.kinds import (
    KINDS,
    NO_KIND,
    ByKind,
    gate_loss,
    kinds_of,
    mixture,
    own_verdict,
)


def test_every_public_set_is_of_one_kind_and_our_own_sentences_are_of_none() -> None:
    assert (kinds_of(LABELLED) != NO_KIND).all()
    assert sum(len(names) for names in KINDS) == len(LABELLED)
    assert kinds_of([OWN, "corrections"]).tolist() == [NO_KIND, NO_KIND]


def test_a_mixture_is_a_distribution_between_the_verdicts() -> None:
    torch.manual_seed(0)
    layers = ByKind(6, 3)
    torch.nn.init.normal_(layers.correction.weight)
    verdicts, gate = layers(torch.randn(4, 6))
    mixed = mixture(verdicts, gate).exp()
    expected = (verdicts.exp() * gate.exp()[:, :, None]).sum(1)
    torch.testing.assert_close(mixed, expected)
    torch.testing.assert_close(mixed.sum(1), torch.ones(4))


def test_all_kinds_begin_with_one_verdict() -> None:
    verdicts, _ = ByKind(6, 3)(torch.randn(2, 6))
    torch.testing.assert_close(verdicts, verdicts[:, :1].expand_as(verdicts))


def test_a_text_teaches_its_own_kind_and_one_of_none_teaches_all() -> None:
    verdicts = torch.randn(2, len(KINDS), 3, requires_grad=True)
    judged = own_verdict(verdicts, torch.tensor([4, NO_KIND]))
    torch.testing.assert_close(judged[0], verdicts[0, 4])
    torch.testing.assert_close(judged[1], verdicts[1].mean(0))
    judged.sum().backward()
    assert verdicts.grad is not None
    taught = verdicts.grad.abs().sum(2) > 0
    assert taught[0].nonzero().flatten().tolist() == [4]
    assert taught[1].all()


def test_texts_of_no_kind_teach_the_gate_nothing() -> None:
    gate = torch.randn(3, len(KINDS)).log_softmax(1)
    known = gate_loss(gate[:2], torch.tensor([0, 5]))
    assert known == gate_loss(gate, torch.tensor([0, 5, NO_KIND]))
    assert known == -(gate[0, 0] + gate[1, 5]) / 2
    assert gate_loss(gate, torch.full((3,), NO_KIND)) == 0
    assert np.isfinite(known.item())
