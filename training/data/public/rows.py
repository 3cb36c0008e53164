"""What all converters share: the row, how texts are tidied, splits for sets without, the parquet file."""

import hashlib
import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa
import pyarrow.parquet as parquet

from training.data.texts import normalise

Label = Literal["neg", "neu", "pos", "none"]
Row = dict[str, str | int | float]
"""text, label, split, source, and what a set has: target, score, score5, rating, confidence, agree."""

# One text in five is held out for testing; the remainder says which.
_TEST_SHARE: Final = 5
_ADDRESS: Final = re.compile(r"https?://\S+")
_HANDLE: Final = re.compile(r"@\w+")
_NOT_ALNUM: Final = re.compile(r"[^a-z0-9]+")


def tidy(text: str) -> str:
    """HTML entities undone, every run of white space one blank, none at the ends."""
    return " ".join(html.unescape(text).split())


def hash_split(text: str) -> Literal["train", "test"]:
    """The split of a set that has none: MD5 of its letters and digits, addresses and handles left out.

    The same text lands in the same split in every set and every run; retweets with other links do too.
    """
    plain = _HANDLE.sub(" ", _ADDRESS.sub(" ", text)).lower()
    key = " ".join(_NOT_ALNUM.sub(" ", plain).split())
    digest = hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()
    return "test" if int(digest, 16) % _TEST_SHARE == 0 else "train"


def without_conflicts(rows: Iterable[Row]) -> Iterator[Row]:
    """Each text once; none of those that stand there with different labels."""
    kept: dict[str, Row] = {}
    conflicting: set[str] = set()
    for row in rows:
        text = str(row["text"])
        first = kept.setdefault(text, row)
        if first["label"] != row["label"]:
            conflicting.add(text)
    return (row for text, row in kept.items() if text not in conflicting)


def write_rows(rows: Iterable[Row], path: Path) -> Counter[tuple[str, str]]:
    """Write a parquet file (zstd) and return its rows by (split, label); `ValueError` for no row at all."""
    table = pa.Table.from_pylist(list(rows))
    if not table.num_rows:
        raise ValueError(f"nothing to write to {path}")
    _write(table, path)
    return count_rows(path)


def count_rows(path: Path) -> Counter[tuple[str, str]]:
    """Rows of a corpus by (split, label)."""
    table = parquet.read_table(path, columns=["split", "label"])
    return Counter(zip(table.column("split").to_pylist(), table.column("label").to_pylist(), strict=True))


def drop_test_texts(paths: Iterable[Path]) -> dict[Path, int]:
    """Take out of every train part the texts that equal a test text of any set; rows dropped per file.

    Films, tweets and reviews are shared between sets: what one tests on, another would train on. Official dev
    parts stay as published.
    """
    paths = list(paths)
    tested: set[str] = set()
    for path in paths:
        table = parquet.read_table(path, columns=["text", "split"])
        rows = zip(table.column("text").to_pylist(), table.column("split").to_pylist(), strict=True)
        tested.update(normalise(text) for text, split in rows if split == "test")
    dropped = {}
    for path in paths:
        table = parquet.read_table(path)
        rows = zip(table.column("text").to_pylist(), table.column("split").to_pylist(), strict=True)
        keep = [split in ("test", "dev") or normalise(text) not in tested for text, split in rows]
        dropped[path] = keep.count(False)
        if dropped[path]:
            _write(table.filter(pa.array(keep)), path)
    return dropped


def _write(table: pa.Table, path: Path) -> None:
    partial = path.with_suffix(".partial")
    parquet.write_table(table, partial, compression="zstd")
    partial.replace(path)
