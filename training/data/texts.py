"""Reads the labelled text sets and keeps their splits honest.

One parquet file a set (columns text, label neg|neu|pos, split; `target`, and where it stands, where the label
is toward something named in the text). What is particular to a set stands in `training.data.sets`. Rules for
all, applied the same way for every model:

* texts are equal when their letters and digits are, whatever the case; and when they are without links, the
  leading RT and @names, where enough is left to tell;
* a text equal to a test text of *any* set never trains, and one equal to a dev text trains nothing either;
* a set made for targets has no row without one: a row whose target is not in its text is left out;
* a set without a dev split gives up a tenth of its training rows to one: whole targets or topics where the
  labels are toward them (what is measured shall be new to the model), else texts, chosen by a hash;
* MR is not read at all (SST's test sentences are cut from it), nor are VADER's movie and Amazon snippets
  (cut from MR and CR).
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from monitor.errors import SetupError
from training.data.sets import SETS, LicenceClass, TextSet

Split = Literal["train", "dev", "test"]
Span = tuple[int, int]

LABELS: Final = {"neg": 0, "neu": 1, "pos": 2}
LABELLED: Final = tuple(SETS)
UNLABELLED: Final = "imdb_unsup"
TWO_CLASS: Final = frozenset(name for name, one in SETS.items() if one.classes == 2)
"""Sets whose raters had no neutral to choose: they say nothing about it, in training and in evaluation."""

_DEV_SHARE: Final = 10
_ALNUM: Final = re.compile(r"[^\W_]+")
# Some sets have "http" for every link, some tore links apart.
_LINK: Final = re.compile(
    r"\bhttps?(?:://\S*|\s*:[\s/]*t\s*\.\s*co\b[\s/]*\w*|\s*:)?|\bwww\.\S+", re.IGNORECASE
)
_NAME: Final = re.compile(r"@\s?\w+")
_RETWEET: Final = re.compile(r"^\W*rt\b", re.IGNORECASE)
_DISGUISE: Final = re.compile(r"@|http|www|^\W*rt\b", re.IGNORECASE)
"""Without one of these a text has nothing to be stripped of."""
_TELLING: Final = 20
"""Characters that must be left of a text without links and names for it to be told by them."""
_COLUMNS: Final = ("text", "label", "split", "source", "target", "target_start", "target_end", "confidence")


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text. `label`: 0 negative, 1 neutral, 2 positive; `target`: characters it is toward.

    `agreement`: the share of its raters who said so, 0..1, where the set tells; 1 where it does not.
    """

    corpus: str
    text: str
    label: int
    target: Span | None = None
    agreement: float = 1.0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows of a set that were not taken, all for one reason; `first` is the number of the first, from 1."""

    corpus: str
    reason: str
    rows: int
    first: int


@dataclass(frozen=True)
class Corpora:
    """The sets, split: `train`, `dev` and `test` map a set's name to its examples."""

    train: dict[str, list[Example]]
    dev: dict[str, list[Example]]
    test: dict[str, list[Example]]
    left_out: tuple[LeftOut, ...] = field(default=(), compare=False)

    def split(self, name: Split) -> dict[str, list[Example]]:
        """One of the three, by name."""
        return {"train": self.train, "dev": self.dev, "test": self.test}[name]

    def of(self, name: str) -> list[Example]:
        """All examples of one set, whatever their split."""
        return [example for split in (self.train, self.dev, self.test) for example in split.get(name, ())]

    def only(self, names: Collection[str]) -> "Corpora":
        """These sets alone."""
        return self._with(lambda split: {name: rows for name, rows in split.items() if name in names})

    def without(self, names: Collection[str]) -> "Corpora":
        """The other sets, of their train and dev only what stands in none of `names`, whatever its split."""
        gone = {key for name in names for example in self.of(name) for key in equality_keys(example.text)}
        rest = self.only({*self.train, *self.dev, *self.test} - set(names))
        return replace(rest, train=_apart(rest.train, gone), dev=_apart(rest.dev, gone))

    def _with(self, change: Callable[[dict[str, list[Example]]], dict[str, list[Example]]]) -> "Corpora":
        return replace(self, train=change(self.train), dev=change(self.dev), test=change(self.test))


def normalise(text: str) -> str:
    """Letters and digits, case folded, single spaces."""
    # Folded first: folding takes some letters apart, and a mark that comes off is no letter.
    return " ".join(_ALNUM.findall(text.casefold()))


@cache
def equality_keys(text: str) -> frozenset[int]:
    """Texts are equal that share a key: the same tweet has other links and masked names in another set.

    Keys are hashes that hold for this process only.
    """
    whole = _letters(text) or text.strip()
    if not _DISGUISE.search(text):
        return frozenset({hash(whole)})
    bare = _letters(_RETWEET.sub(" ", _NAME.sub(" ", _LINK.sub(" ", text))))
    return frozenset({hash(whole), hash(bare)} if len(bare) >= _TELLING else {hash(whole)})


def _letters(text: str) -> str:
    return "".join(_ALNUM.findall(text.casefold()))


def load_corpora(
    folder: Path, names: Collection[str] | None = None, licence: LicenceClass | str | None = None
) -> Corpora:
    """Read `names` (default: all that are there) from `folder` and split them by the rules above.

    `licence` takes only the sets of that class. Every labelled set found in `folder` counts for the
    exclusion, also those not taken. Raises `SetupError` for a missing file or a row that does not fit.
    """
    wanted = [
        name
        for name in (available(folder) if names is None else names)
        if licence is None or SETS[name].licence == licence
    ]
    left_out: list[LeftOut] = []
    rows: dict[str, list[tuple[Split, Example]]] = {}
    for name in SETS:
        if name in wanted or _file(folder, name).exists():
            rows[name], dropped = _read(folder, SETS[name])
            left_out += dropped if name in wanted else ()
    held_out: set[int] = set()
    kept: dict[Split, dict[str, list[Example]]] = {"test": {}, "dev": {}, "train": {}}
    for split in kept:  # in this order: what test holds is out of bounds for dev, what dev holds for train
        found = {name: [each for of, each in examples if of == split] for name, examples in rows.items()}
        if split != "test":
            found = _apart(found, held_out)
        kept[split] = {name: examples for name, examples in found.items() if examples and name in wanted}
        if split != "train":
            held_out |= {key for part in found.values() for each in part for key in equality_keys(each.text)}
    return Corpora(**kept, left_out=tuple(left_out))


def available(folder: Path) -> tuple[str, ...]:
    """The labelled sets that `folder` holds. Raises `SetupError` where it holds none."""
    found = tuple(name for name in SETS if _file(folder, name).exists())
    if not found:
        raise SetupError(f"{folder}: none of {', '.join(SETS)} (.parquet) is there; see `brand-train fetch`")
    return found


def held_out(corpora: Corpora, name: str, limit: int = 2000) -> list[Example]:
    """At most `limit` rows of a set left out of training, of all its splits: always the same ones."""
    return sorted(corpora.of(name), key=lambda each: _hash(f"{each.text}\n{each.target}"))[:limit]


def load_unlabelled(folder: Path, names: Iterable[str], apart: Iterable[Example] = ()) -> list[str]:
    """Texts of the sets without labels, none twice and none that equals a text of `apart`.

    Raises `SetupError` for a missing file.
    """
    seen = {key for each in apart for key in equality_keys(each.text)}
    kept = []
    for name in names:
        for _, row in _rows(folder, name):
            keys = equality_keys(row["text"])
            if seen.isdisjoint(keys):
                seen |= keys
                kept.append(row["text"])
    return kept


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


def _apart(split: dict[str, list[Example]], keys: set[int]) -> dict[str, list[Example]]:
    kept = {
        name: [each for each in examples if equality_keys(each.text).isdisjoint(keys)]
        for name, examples in split.items()
    }
    return {name: examples for name, examples in kept.items() if examples}


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.parquet"


def _rows(
    folder: Path, name: str, columns: Collection[str] = ("text",)
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number from 1, row) with those of `columns` that the file has."""
    import pyarrow.parquet as parquet

    path = _file(folder, name)
    if not path.exists():
        raise SetupError(f"{path}: no such corpus; give --data the folder with the parquet files")
    there = set(parquet.read_schema(path).names)
    table = parquet.read_table(path, columns=[column for column in columns if column in there])
    return enumerate(table.to_pylist(), 1)


def _read(folder: Path, of: TextSet) -> tuple[list[tuple[Split, Example]], list[LeftOut]]:
    """The rows of a set with their split, and how many were left out why."""
    by = of.dev_by if of.dev_by not in (None, "text", "target") else "target"
    columns = {*_COLUMNS, *(column for column, _ in of.rows), by}
    taken: list[tuple[Split, str, Example]] = []
    reasons: Counter[str] = Counter()
    first: dict[str, int] = {}
    for number, row in _rows(folder, of.name, columns):
        if row["label"] not in LABELS:
            where = f"{_file(folder, of.name)}, row {number}"
            raise SetupError(f"{where}: `label` is {row['label']!r}; want {', '.join(LABELS)}")
        found = _example(row, of)
        if isinstance(found, str):
            reasons[found] += 1
            first.setdefault(found, number)
        else:
            taken.append((row["split"], row.get(by) or "", found))
    left_out = [LeftOut(of.name, reason, rows, first[reason]) for reason, rows in reasons.items()]
    dev = _dev(taken, of)
    parted: list[tuple[Split, Example]] = [
        ("dev" if split == "train" and dev(key, one) else split, one) for split, key, one in taken
    ]
    return parted, left_out


def _example(row: dict[str, Any], of: TextSet) -> Example | str:
    """The example a row makes, or why it makes none."""
    for column, value in of.rows:
        if row.get(column) != value:
            return f"{column} is not {value}"
    if row.get("source") in of.unread_sources:
        return f"source {row['source']}"
    text, target = row["text"], None
    if of.toward == "target":
        named = row.get("target") or ""
        target = (row.get("target_start") or 0, row.get("target_end") or 0)
        if not named or text[slice(*target)] != named:
            target = find_target(text, named) or find_target(text, of.spelled.get(named, ""))
        if target is None:
            return "the target is not in the text" if named else "no target"
    agreement = row.get("confidence")
    return Example(
        of.name, text, LABELS[row["label"]], target, 1.0 if agreement is None else float(agreement)
    )


def _dev(taken: list[tuple[Split, str, Example]], of: TextSet) -> Callable[[str, Example], bool]:
    """Which training rows go to dev, by target or topic and the example."""
    if of.dev_by is None or any(split == "dev" for split, _, _ in taken):
        return lambda _key, _one: False
    if of.dev_by == "text":
        return lambda _key, one: _hash(normalise(one.text)) % _DEV_SHARE == 0
    sizes = Counter(key.casefold() for split, key, _ in taken if split == "train")
    room, chosen = sizes.total() // _DEV_SHARE, set()
    for key in sorted(sizes, key=_hash):
        if sizes[key] <= room:
            room -= sizes[key]
            chosen.add(key)
    return lambda key, _one: key.casefold() in chosen


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
