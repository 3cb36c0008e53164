"""The lexicon's words and emoji, in this project's tokens."""

import numpy as np

from training.sentiment.lexicon import emoji_names, load_lexicon, with_names
from training.sentiment.vectors import WordVectors


def test_valences_of_words_emoticons_and_acronyms() -> None:
    lexicon = load_lexicon()
    valence = dict(zip(lexicon.words, lexicon.matrix[:, 0].tolist(), strict=True))
    assert valence["superb"] > 2
    assert valence["horrible"] < -2
    assert valence[":)"] > 0 > valence[":("]
    assert len(valence) == len(lexicon.words) > 7000
    assert np.abs(lexicon.matrix).max() <= 4


def test_emoji_that_show_a_feeling_have_names_and_things_have_none() -> None:
    names = emoji_names()
    assert names["😀"] == ["grinning", "face"]
    assert "heart" in names["💔"]
    assert "🚀" not in names


def test_what_has_no_vector_gets_the_mean_of_its_name() -> None:
    source = WordVectors(
        ["grinning", "face", "🙂"], np.array([[1.0, 0], [0, 1], [5, 5]], np.float32), [3, 3, 3]
    )
    names = {"😀": ["grinning", "face"], "🙂": ["face"], "🦉": ["owl"]}
    found = with_names(source, names)
    assert found.words == ["grinning", "face", "🙂", "😀"]
    np.testing.assert_allclose(found.matrix[2:], [[5, 5], [0.5, 0.5]])
    assert found.counts == [3, 3, 3, 0]
