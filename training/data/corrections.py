"""Corrections people made to labels, exported from the database, as training examples.

`brand-train corrections export --out FILE` writes such a file; its columns stand in docs/training-data.md.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from monitor.errors import SetupError
from training.data.tables import Row, place, read_label, read_rows
from training.data.texts import Corpora, Example, equality_keys, find_target

CORRECTIONS: Final = "corrections"
"""The name of the set the corrections make."""

_NEEDED: Final = ("kind", "source", "id", "text", "label", "corrected_at")


@dataclass(frozen=True)
class Corrections:
    """What a file held: examples to train on, and why rows made none."""

    examples: list[Example]
    superseded: int
    """Rows replaced by a later correction of the same mention and brand."""
    pictures: int
    """Rows about logos: no business of this model."""
    unplaced: int
    """Rows toward a brand that the text calls otherwise: nobody can say which words they are toward."""


def read_corrections(path: Path) -> Corrections:
    """Read an export; the latest correction of a mention (and brand) counts.

    Raises `SetupError` with the file, the line and the value that does not fit.
    """
    latest: dict[tuple[str, str, str], tuple[datetime, Example]] = {}
    superseded = pictures = unplaced = 0
    for number, row in read_rows(path, _NEEDED, ("brand",)):
        try:
            if _field(row, "kind") == "image":
                pictures += 1
                continue
            text, label = _field(row, "text"), read_label(_field(row, "label"))
            key = (_field(row, "source"), _field(row, "id"), str(row.get("brand") or "").strip())
            moment, known = _moment(row), latest.get(key)
        except ValueError as error:
            raise SetupError(f"{place(path, number)}: {error}") from error
        target = find_target(text, key[2])
        if key[2] and target is None:
            unplaced += 1
            continue
        superseded += known is not None
        if label is not None and (known is None or moment >= known[0]):
            latest[key] = (moment, Example(CORRECTIONS, text, label, target))
    return Corrections([example for _, example in latest.values()], superseded, pictures, unplaced)


def with_corrections(corpora: Corpora, corrections: Corrections) -> Corpora:
    """`corpora` with the corrections as one more training set.

    A text that stands in a dev or test split stays out: what measures must not train.
    """
    measured = {
        key
        for split in (corpora.dev, corpora.test)
        for examples in split.values()
        for example in examples
        for key in equality_keys(example.text)
    }
    kept = [one for one in corrections.examples if measured.isdisjoint(equality_keys(one.text))]
    return replace(corpora, train={**corpora.train, CORRECTIONS: kept}) if kept else corpora


def _field(row: Row, name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"`{name}` is {value!r}; want a text that is not blank")
    return value


def _moment(row: Row) -> datetime:
    value = _field(row, "corrected_at")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"`corrected_at` is {value!r}; want RFC 3339, e.g. 2026-03-01T09:30:00Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"`corrected_at` is {value!r}, without a zone; end it with Z or +00:00")
    return moment
