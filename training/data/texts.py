"""Reads the labelled text corpora and keeps their splits honest.

One parquet file a set (columns text, label neg|neu|pos|none, split; `target` where the label is toward
something named in the text). Rules, applied the same way for every model:

* a text equal to a test text of *any* set never trains, and one equal to a dev text trains nothing either;
* a set without a dev split gives up a tenth of its training texts to one, chosen by a hash of the text;
* MR is not read at all (SST's test sentences are cut from it), nor are VADER's movie and Amazon snippets
  (cut from MR and CR).
"""

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import pyarrow.parquet as parquet

from monitor.errors import SetupError

Split = Literal["train", "dev", "test"]
Span = tuple[int, int]

LABELS: Final = {"neg": 0, "neu": 1, "pos": 2}
LABELLED: Final = (
    "imdb",
    "sst",
    "sst_phrases",
    "semeval2017",
    "airline",
    "sxsw",
    "twitter_target",
    "semeval14_aspect",
    "uci_sentences",
    "cr",
    "vader_groundtruth",
    "financial_phrasebank",
)
UNLABELLED: Final = "imdb_unsup"
TWO_CLASS: Final = frozenset({"imdb", "uci_sentences", "cr"})
"""Sets whose raters had no neutral to choose: they say nothing about it, in training and in evaluation."""

_EXCLUDED_SOURCES: Final = frozenset({"vader-movieReviewSnippets", "vader-amazonReviewSnippets"})
_DEV_SHARE: Final = 10
_SEMEVAL_YEAR: Final = re.compile(r"semeval-A-(\d{4})")
"""SemEval's tweets were collected for the task of a year, which names their source: "semeval-A-2013train"."""
_NOT_ALNUM: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text. `label`: 0 negative, 1 neutral, 2 positive; `target`: characters it is toward.

    `agreement`: the share of its raters who said so, 0..1, where the set tells; 1 where it does not.
    `year`: when it was collected, where the set tells.
    """

    corpus: str
    text: str
    label: int
    target: Span | None = None
    agreement: float = 1.0
    year: int | None = None

    @property
    def weight(self) -> float:
        """How much it counts in the network's training: its raters' agreement, squared.

        The linear experts have a power of their own. Measuring counts all texts alike.
        """
        return self.agreement**2


@dataclass(frozen=True)
class Corpora:
    """The sets, split: `train`, `dev` and `test` map a set's name to its examples."""

    train: dict[str, list[Example]]
    dev: dict[str, list[Example]]
    test: dict[str, list[Example]]

    def split(self, name: Split) -> dict[str, list[Example]]:
        """One of the three, by name."""
        return {"train": self.train, "dev": self.dev, "test": self.test}[name]


def normalise(text: str) -> str:
    """What makes two texts "equal" here: letters and digits, case folded, single spaces."""
    # Folded first: folding takes some letters apart, and a mark that comes off is no letter.
    return _NOT_ALNUM.sub(" ", text.casefold()).strip()


def load_corpora(folder: Path, names: Collection[str] = LABELLED) -> Corpora:
    """Read `names` from `folder` and split them by the rules above.

    Every labelled set found in `folder` counts for the exclusion, also those not in `names`.
    Raises `SetupError` for a missing file.
    """
    rows = {
        name: list(_read(folder, name)) for name in LABELLED if name in names or _file(folder, name).exists()
    }
    held_out: set[str] = set()
    kept: dict[Split, dict[str, list[Example]]] = {"test": {}, "dev": {}, "train": {}}
    for split in kept:  # in this order: what test holds is out of bounds for dev, what dev holds for train
        found = {
            name: [example for of, example in examples if of == split] for name, examples in rows.items()
        }
        if split != "test":
            found = {
                name: [example for example in examples if normalise(example.text) not in held_out]
                for name, examples in found.items()
            }
        kept[split] = {name: examples for name, examples in found.items() if examples and name in names}
        held_out |= {
            normalise(example.text) for examples in found.values() for example in examples if split != "train"
        }
    return Corpora(**kept)


def available(folder: Path) -> tuple[str, ...]:
    """The labelled sets that `folder` holds. Raises `SetupError` where it holds none."""
    found = tuple(name for name in LABELLED if _file(folder, name).exists())
    if not found:
        raise SetupError(
            f"{folder}: none of {', '.join(LABELLED)} (.parquet) is there; see `brand-train fetch`"
        )
    return found


def load_unlabelled(folder: Path, corpora: Corpora) -> list[str]:
    """Texts for word vectors: unlabelled reviews and every *training* text; no dev, no test text."""
    texts: list[str] = (
        parquet.read_table(_file(folder, UNLABELLED), columns=["text"]).column("text").to_pylist()
    )
    # Phrases repeat the sentences they are cut from and would count their words many times over.
    return texts + [
        example.text for name in corpora.train if name != "sst_phrases" for example in corpora.train[name]
    ]


def find_target(text: str, target: str) -> Span | None:
    """Where `target` is named: whole words first, else inside a word ("American" in "@AmericanAir")."""
    words = [re.escape(word) for word in target.split()]
    if not words:
        return None
    spelled = r"\s*".join(words)
    for pattern in (rf"(?<!\w){spelled}(?!\w)", spelled):
        found = re.search(pattern, text, re.IGNORECASE)
        if found:
            return found.span()
    return None


def data_files(folder: Path, names: Iterable[str]) -> tuple[str, ...]:
    """`file sha256` of each set that exists, for the manifest."""
    paths = [_file(folder, name) for name in names]
    return tuple(
        f"{path.name} sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in paths
        if path.exists()
    )


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.parquet"


def _read(folder: Path, name: str) -> Iterable[tuple[Split, Example]]:
    path = _file(folder, name)
    if not path.exists():
        raise SetupError(f"{path}: no such corpus; give --data the folder with the parquet files")
    table = parquet.read_table(path)
    has_dev = "dev" in table.column("split").unique().to_pylist()
    for row in table.to_pylist():
        if row["source"] in _EXCLUDED_SOURCES:
            continue
        target = row.get("target") or ""
        agreement, year = row.get("confidence"), _SEMEVAL_YEAR.match(row["source"])
        example = Example(
            name,
            row["text"],
            LABELS[row["label"]],
            find_target(row["text"], target),
            agreement=1.0 if agreement is None else float(agreement),
            year=int(year[1]) if year else None,
        )
        yield _split_of(row, has_dev=has_dev or name == "sst_phrases"), example


def _split_of(row: dict[str, str], *, has_dev: bool) -> Split:
    if row["split"] == "train" and not has_dev and _hash(row["text"]) % _DEV_SHARE == 0:
        return "dev"
    split: Split = row["split"]  # type: ignore[assignment]
    return split


def _hash(text: str) -> int:
    return int.from_bytes(
        hashlib.sha256(normalise(text).encode("utf-8", "surrogatepass")).digest()[:8], "big"
    )
