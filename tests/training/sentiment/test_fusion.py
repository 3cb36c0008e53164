"""The fusion: a mean of small networks in one layer, fitted on dev texts of real sets."""

from pathlib import Path

import pytest
import torch

from monitor.sentiment.encoding import Encoder, Recipe
from monitor.sentiment.tokenizer import tokenize
from monitor.sentiment.vocabulary import SPECIAL, Vocabulary
from training.data.texts import available, load_corpora
from training.sentiment.batches import Pool, make_pool
from training.sentiment.fusion import dev_evidence, fuse
from training.sentiment.kinds import KINDS, kinds_of
from training.sentiment.network import Fused, Network, likelihood
from training.sentiment.recipe import Hyper
from training.sentiment.wide import Wide, train_wide


@pytest.fixture(scope="module")
def parts(small_data: Path) -> tuple[Wide, Pool, int]:
    corpora = load_corpora(small_data, available(small_data))
    wide = train_wide([one for rows in corpora.train.values() for one in rows], seed=1)
    words = {token.text for rows in corpora.train.values() for one in rows for token in tokenize(one.text)}
    vocabulary = Vocabulary([*SPECIAL, *sorted(words - set(SPECIAL))])
    recipe = Recipe(head=10, tail=20, ngrams=True, subwords=True, targets=True)
    encoder = Encoder(vocabulary, recipe, wide.words.ngrams, wide.subwords.ngrams)
    return wide, make_pool(corpora.dev, encoder), len(vocabulary)


def untrained(words: int) -> Network:
    torch.manual_seed(0)
    return Network(
        torch.randn(words, 8), hidden=4, relation_dims=2, head_dims=4, filters=4, dropout=0.3
    ).eval()


def loss(fused: Fused, pool: Pool) -> float:
    found, labels, two_class = dev_evidence(fused, pool)
    with torch.inference_mode():
        return float(likelihood(fused.fuse(found), labels, two_class).mean())


@pytest.mark.training
def test_the_fusion_finds_whom_to_believe(parts: tuple[Wide, Pool, int]) -> None:
    wide, dev, words = parts
    fused = fuse(untrained(words), wide, dev, Hyper(), {})
    assert loss(fused, dev) < 0.5, "the experts know these texts, the network knows nothing"


def test_the_first_of_several_is_the_one_alone(parts: tuple[Wide, Pool, int]) -> None:
    wide, dev, words = parts
    network = untrained(words)
    together = fuse(network, wide, dev, Hyper(fusion=4, fusions=2), {})
    alone = fuse(network, wide, dev, Hyper(fusion=4, fusions=1), {})
    assert together.weigh.out_features == 8
    torch.testing.assert_close(together.weigh.weight[:4], alone.weigh.weight)


@pytest.mark.training
def test_a_kind_of_text_is_as_sure_as_its_temperature_allows(parts: tuple[Wide, Pool, int]) -> None:
    wide, dev, words = parts
    fused = fuse(untrained(words), wide, dev, Hyper(), {})
    logits, kind = torch.tensor([[3.0, 0.0, -3.0]]), 4
    fused.temperatures[kind] = 2.0
    only = torch.full((1, len(KINDS)), 1e-12)
    only[0, kind] = 1.0
    torch.testing.assert_close(fused.calibrated(logits, only.log()), logits / 2)


def test_texts_newer_than_a_set_are_judged_with_more_caution(parts: tuple[Wide, Pool, int]) -> None:
    wide, dev, words = parts
    network, hyper = untrained(words), Hyper(fusions=1)
    usual = fuse(network, wide, dev, hyper, {}).temperatures
    careful = fuse(network, wide, dev, hyper, {"semeval2017": 1.3}).temperatures
    expected = usual.clone()
    expected[int(kinds_of(["semeval2017"])[0])] *= 1.3
    torch.testing.assert_close(careful, expected)
