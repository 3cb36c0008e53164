"""VADER's lexicon as one more dimension of the word vectors, and its names of emoji as where theirs begin.

Rare words of praise and blame are judged right from the start, and tuned with the rest. Only training reads
the lexicon (Hutto & Gilbert 2014, MIT licence, in the package vaderSentiment); the model keeps numbers alone.
"""

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Final

import numpy as np

from monitor.sentiment.tokenizer import tokenize
from training.sentiment.vectors import WordVectors

_PACKAGE: Final = "vaderSentiment"
# Names of things (a fire, a rocket) say little about what people mean by them; faces, hearts and hands do.
_FEELING: Final = frozenset({"face", "heart", "hearts", "hand", "hands", "thumbs", "cat"})


def load_lexicon() -> WordVectors:
    """Valence of words, emoticons and acronyms, -4 to 4, one dimension; without entries of several tokens."""
    valences: dict[str, float] = {}
    for line in _lines("vader_lexicon.txt"):
        entry, valence, *_ = line.split("\t")
        tokens = tokenize(entry)
        if len(tokens) == 1:
            # Several emoticons are one token here: the first, most usual spelling counts.
            valences.setdefault(tokens[0].text, float(valence))
    return WordVectors(
        list(valences), np.array(list(valences.values()), np.float32)[:, None], [0] * len(valences)
    )


def emoji_names() -> dict[str, list[str]]:
    """Emoji that show a feeling -> the words of their names ("grinning", "face")."""
    names: dict[str, list[str]] = {}
    for line in _lines("emoji_utf8_lexicon.txt"):
        emoji, _, name = line.partition("\t")
        tokens, words = tokenize(emoji), [token.text for token in tokenize(name)]
        if len(tokens) == 1 and _FEELING & set(words):
            names.setdefault(tokens[0].text, words)
    return names


def with_names(source: WordVectors, names: Mapping[str, Sequence[str]]) -> WordVectors:
    """`source`, and for what it has no vector of the mean vector of the words of its name."""
    row_of = {word: row for row, word in enumerate(source.words)}
    named = {
        symbol: rows
        for symbol, words in names.items()
        if symbol not in row_of and (rows := [row_of[word] for word in words if word in row_of])
    }
    means = [source.matrix[rows].mean(0) for rows in named.values()]
    return WordVectors(
        [*source.words, *named],
        np.vstack([source.matrix, *means]),
        [*source.counts, *([0] * len(named))],
    )


def _lines(name: str) -> list[str]:
    return (resources.files(_PACKAGE) / name).read_text("utf-8").splitlines()
