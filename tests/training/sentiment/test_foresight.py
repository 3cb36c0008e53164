"""Language-model pre-training: what is cut, what is foreseen, and what is left alone."""

from pathlib import Path

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from monitor.sentiment.vocabulary import SPECIAL, Vocabulary
from training.sentiment.foresight import Foresight, cut_pieces, pieces_of, pretrain
from training.sentiment.network import Network
from training.sentiment.recipe import Hyper

WORDS = ("the", "cat", "sat", "on", "a", "mat")
VOCABULARY = Vocabulary([*SPECIAL, *WORDS])


def network() -> Network:
    torch.manual_seed(0)
    vectors = torch.nn.functional.normalize(torch.randn(len(VOCABULARY), 12), dim=1)
    return Network(vectors, hidden=16, relation_dims=2, head_dims=4, filters=4, dropout=0.1)


@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=30), min_size=1), st.integers(2, 9))
def test_pieces_are_the_texts_in_order_but_for_single_words(texts: list[list[str]], longest: int) -> None:
    whole = [VOCABULARY.rows(text) for text in texts if len(text) > 1]
    if not whole:
        return
    pieces = cut_pieces(texts, VOCABULARY, longest)
    lengths = np.diff(pieces.ends)
    assert ((lengths >= 2) & (lengths <= longest)).all()
    expected = [row for text in whole for row in (text[:-1] if len(text) % longest == 1 else text)]
    assert pieces.rows.tolist() == expected


def test_padding_changes_nothing() -> None:
    model = Foresight(network(), np.ones(len(VOCABULARY), np.int64)).eval()
    pieces = cut_pieces([["the", "cat", "sat"]], VOCABULARY, 9)
    tokens, lengths = pieces.batch(np.array([0]))
    padded = torch.nn.functional.pad(tokens, (0, 5))
    torch.manual_seed(1)
    alone = model(tokens, lengths)
    torch.manual_seed(1)
    torch.testing.assert_close(model(padded, lengths), alone)


def test_all_short_texts_and_some_long_ones_are_read() -> None:
    texts = ["the cat sat"] * 5 + ["the cat sat on a mat " * 20] * 10
    pieces = pieces_of(texts, VOCABULARY, Hyper(foresight_reviews=2, foresight_tokens=40))
    assert np.diff(pieces.ends).tolist() == [3] * 5 + [40] * 6


def test_the_next_word_is_foreseen_and_vectors_stay(tmp_path: Path) -> None:
    trained = network()
    before = {name: weight.clone() for name, weight in trained.state_dict().items()}
    pieces = cut_pieces([list(WORDS)] * 8_000, VOCABULARY, 40)
    model = Foresight(trained, np.bincount(pieces.rows, minlength=len(VOCABULARY))).eval()
    batch = pieces.batch(np.arange(50))
    with torch.inference_mode():
        untaught = float(model(*batch))
    pretrain(trained, pieces, len(VOCABULARY), tmp_path, Hyper(foresight_rate=0.02))
    stored = torch.load(tmp_path / "foresight.pt", weights_only=True)
    assert stored["progress"]["history"][-1]["foresight"] < 0.3 * untaught
    after = trained.state_dict()
    changed = {name.split(".")[0] for name in after if not torch.equal(after[name], before[name])}
    assert changed == {"by_kind", "for_all"}
    assert all("wards" in name for name in after if not torch.equal(after[name], before[name]))

    again = network()
    pretrain(again, pieces, len(VOCABULARY), tmp_path, Hyper(foresight_rate=0.02))
    for name, weight in again.state_dict().items():
        assert torch.equal(weight, after[name]), "a finished run is not run again"
