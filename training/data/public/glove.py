"""Converter of GloVe's word vectors: keeps the words our corpora use, at half precision."""

import io
import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as parquet

from monitor.errors import SetupError
from monitor.sentiment.tokenizer import tokenize

DIMENSIONS: Final = 100
# GloVe lists words by frequency: the first 40,000 are kept, seen or not, for the texts to come.
COMMON: Final = 40_000
# A word seen once or twice is mostly a slip or a name.
SEEN: Final = 3


def write_glove(archive: Path, corpora: Iterable[Path], path: Path) -> int:
    """Write `words` (n,) and `vectors` (n, 100) float16 to `path` (.npz) and return n.

    `archive` is glove.6B.zip. Raises `SetupError` where the archive lacks the 100-dimensional file.
    """
    seen = _word_counts(corpora)
    words: list[str] = []
    vectors: list[np.ndarray[tuple[int, ...], np.dtype[np.float16]]] = []
    name = f"glove.6B.{DIMENSIONS}d.txt"
    with zipfile.ZipFile(archive) as file:
        if name not in file.namelist():
            raise SetupError(f"{archive}: no {name} in it; want the file glove.6B.zip")
        with file.open(name) as stream:
            for rank, line in enumerate(io.TextIOWrapper(stream, "utf-8", newline="\n")):
                word, _, values = line.rstrip("\n").partition(" ")
                if rank < COMMON or seen[word] >= SEEN:
                    words.append(word)
                    vectors.append(np.array(values.split(" "), dtype=np.float16))
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, words=np.array(words), vectors=np.stack(vectors))
    return len(words)


def _word_counts(corpora: Iterable[Path]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for corpus in corpora:
        for text in parquet.read_table(corpus, columns=["text"]).column("text").to_pylist():
            counts.update(token.text for token in tokenize(text))
    return counts
