"""Word vectors from where they come."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from monitor.sentiment.vocabulary import NAME, SPECIAL
from training.sentiment.vectors import (
    WordVectors,
    minilm_vectors,
    side_by_side,
    train_word2vec,
    word_table,
)


def test_vectors_stand_side_by_side_at_one_scale() -> None:
    first = WordVectors(["a", "b"], np.array([[3.0, 4.0], [0.0, 5.0]], np.float32))
    second = WordVectors(["b"], np.array([[0.5]], np.float32))
    found = side_by_side(["a", "b", "c"], [first, second])
    np.testing.assert_allclose(found, [[0.6, 0.8, 0], [0, 1, 1], [0, 0, 0]], atol=1e-6)


def test_word2vec_is_trained_once_and_by_the_seed(tmp_path: Path) -> None:
    texts = ["the soup is hot", "the soup is cold", "a rare word"] * 20

    def train(name: str, seed: int) -> WordVectors:
        options = {"dims": 8, "epochs": 1, "least_seen": 30, "skip_gram": True, "threads": 1}
        return train_word2vec(texts, tmp_path / name, seed=seed, **options)  # type: ignore[arg-type]

    found = train("one.npz", 1)
    assert set(found.words) == {"the", "soup", "is"}
    assert found.matrix.shape == (3, 8)
    assert np.array_equal(train("one.npz", 2).matrix, found.matrix), "kept"
    assert np.array_equal(train("two.npz", 1).matrix, found.matrix)
    assert not np.array_equal(train("three.npz", 2).matrix, found.matrix)


def test_minilm_knows_what_words_mean_alone() -> None:
    words = ["great", "excellent", "awful", "terrible", "monday", "tuesday", "bread", "cheese"]
    found = minilm_vectors(words, 4)
    assert found.matrix.shape == (8, 4)
    np.testing.assert_allclose(found.matrix.mean(0), 0, atol=1e-5)
    unit = found.matrix / np.linalg.norm(found.matrix, axis=1, keepdims=True)
    alike = unit @ unit.T - 2 * np.eye(8)
    assert [words[at] for at in alike.argmax(1)[4:]] == ["tuesday", "monday", "cheese", "bread"]


class Teacher:
    """Knows one word."""

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([[0.1, 0.1, 0.8] if text == "good" else [0.3, 0.4, 0.3] for text in texts])


def test_the_table_begins_with_what_others_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "training.sentiment.vectors.minilm_vectors",
        lambda words, dims: WordVectors(list(words), np.ones((len(words), dims), np.float32)),
    )
    seen = WordVectors([NAME, "good", "@acme", SPECIAL[0], "bad", "rare"], np.ones((6, 100), np.float32))
    vocabulary, table = word_table(seen, len(SPECIAL) + 3, Teacher())  # type: ignore[arg-type]
    assert vocabulary.words == (*SPECIAL, NAME, "good", "bad")
    longer, _ = word_table(seen, len(SPECIAL) + 5, Teacher(), (*SPECIAL, "bad", "fine"))  # type: ignore[arg-type]
    assert longer.words == (*SPECIAL, NAME, "good", "bad", "rare", "fine")
    assert table.shape == (len(vocabulary), 300)
    mini, own, said = table[:, :197], table[:, 197:297], table[:, 297:]
    assert (own[1] == 0).all(), "of a word that nobody saw"
    assert (mini != 0).all()
    np.testing.assert_allclose(np.linalg.norm(own[-1]), 0.5, atol=1e-6)
    good, bad = (said[vocabulary.words.index(word)] for word in ("good", "bad"))
    assert good[2] > 0 > good[1]
    assert bad[2] < 0 < bad[1]
