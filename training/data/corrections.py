"""Corrections people made to labels, exported from the database, as training examples.

A file has the columns kind, source, id, text, label, corrected_by and corrected_at; `brand` where the label
is toward a brand. CSV with a head line, or JSON lines with the same names.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from monitor.errors import SetupError
from training.data.texts import Corpora, Example, find_target, normalise

CORRECTIONS: Final = "corrections"
"""The name of the set the corrections make."""

_LABELS: Final = {"negative": 0, "neutral": 1, "positive": 2}
# A text may have a megabyte; csv stops at 128 KiB unless told.
_LARGEST_FIELD: Final = 1 << 24


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
    """Read a .csv, .jsonl or .ndjson export; the latest correction of a mention (and brand) counts.

    Raises `SetupError` with the file, the line and the value that does not fit.
    """
    latest: dict[tuple[str, str, str], tuple[datetime, Example]] = {}
    superseded = pictures = unplaced = 0
    for where, row in _rows(path):
        if _field(row, "kind", where) == "image":
            pictures += 1
            continue
        text, label = _field(row, "text", where), _label(row, where)
        brand = str(row.get("brand") or "").strip()
        target = find_target(text, brand)
        if brand and target is None:
            unplaced += 1
            continue
        key = (_field(row, "source", where), _field(row, "id", where), brand)
        moment, known = _moment(row, where), latest.get(key)
        superseded += known is not None
        if known is None or moment >= known[0]:
            latest[key] = (moment, Example(CORRECTIONS, text, label, target))
    return Corrections([example for _, example in latest.values()], superseded, pictures, unplaced)


def with_corrections(corpora: Corpora, corrections: Corrections) -> Corpora:
    """`corpora` with the corrections as one more training set.

    A text that stands in a dev or test split stays out: what measures must not train.
    """
    measured = {
        normalise(example.text)
        for split in (corpora.dev, corpora.test)
        for examples in split.values()
        for example in examples
    }
    kept = [one for one in corrections.examples if normalise(one.text) not in measured]
    return replace(corpora, train={**corpora.train, CORRECTIONS: kept}) if kept else corpora


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(file and line, row) of a CSV or JSON-lines file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix == ".csv":
                csv.field_size_limit(_LARGEST_FIELD)
                reader = csv.DictReader(file)
                for row in reader:
                    yield f"{path}, line {reader.line_num}", row
            elif path.suffix in (".jsonl", ".ndjson"):
                for number, line in enumerate(file, 1):
                    if line.strip():
                        yield f"{path}, line {number}", _object(line, f"{path}, line {number}")
            else:
                raise SetupError(f"{path}: corrections are read from .csv, .jsonl or .ndjson")
    except (OSError, UnicodeError, csv.Error) as error:
        raise SetupError(f"{path}: {error}; export the corrections again") from error


def _object(line: str, where: str) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise SetupError(f"{where}: {error}") from error
    if not isinstance(row, dict):
        raise SetupError(f"{where}: want a JSON object, found {type(row).__name__}")
    return row


def _field(row: Mapping[str, Any], name: str, where: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise SetupError(f"{where}: `{name}` is {value!r}; want a text that is not blank")
    return value


def _label(row: Mapping[str, Any], where: str) -> int:
    label = _field(row, "label", where)
    if label not in _LABELS:
        raise SetupError(f"{where}: `label` is {label!r}; want {', '.join(_LABELS)}")
    return _LABELS[label]


def _moment(row: Mapping[str, Any], where: str) -> datetime:
    value = _field(row, "corrected_at", where)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise SetupError(
            f"{where}: `corrected_at` is {value!r}; want RFC 3339, e.g. 2026-03-01T09:30:00Z"
        ) from error
    if moment.tzinfo is None:
        raise SetupError(f"{where}: `corrected_at` is {value!r}, without a zone; end it with Z or +00:00")
    return moment
