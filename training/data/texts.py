"""Reads labelled texts, published ones and one's own, and keeps their splits honest.

One file a set: parquet, CSV or JSON lines with the columns text and label, and where there are `target` (what
in the text the label is toward) and `split`. What is particular to a published set stands in
`training.data.sets`; any other name is a set of one's own. Rules for all, the same for every model:

* texts are equal when their letters and digits are, whatever the case; and when they are without links, the
  leading RT and @names, where enough is left to tell;
* a text equal to a test text of *any* set never trains, and one equal to a dev text trains nothing either;
* a row whose target is not in its text is left out, and in a set made for targets one without a target, too;
* rows without a split go to test, dev and train by a hash of the text, 10, 10 and 80 in a hundred;
* a set without a dev split gives up a tenth of its training rows to one: whole targets or topics where the
  labels are toward them (what is measured shall be new to the model), else texts, chosen by a hash;
* MR is not read at all (SST's test sentences are cut from it), nor are VADER's movie and Amazon snippets
  (cut from MR and CR).
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Final, Literal, get_args

from monitor.errors import SetupError
from training.data.sets import SETS, UNLABELLED_SETS, UNREAD, LicenceClass, TextSet, own_set
from training.data.tables import SUFFIXES, MissingColumnError, Row, place, read_label, read_rows

Split = Literal["train", "dev", "test"]
Span = tuple[int, int]
Reasons = dict[tuple[str, str], list[int]]
"""(set, why) -> lines that were left out."""

LABELS: Final = {"neg": 0, "neu": 1, "pos": 2}

_SHARE: Final = 10
"""One text in so many is for dev, and one for test."""
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
_NEEDED: Final = ("text", "label")
_WANTED: Final = ("split", "source", "target", "target_start", "target_end", "confidence", "corrected_at")


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
    """Rows of a set that were not taken, all for one reason; `first` is the line (row) of the first.

    Both are None where the whole set was left alone.
    """

    corpus: str
    reason: str
    rows: int | None = None
    first: int | None = None


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

    def examples(self) -> Iterator[Example]:
        """All of all sets."""
        return (
            each for split in (self.train, self.dev, self.test) for rows in split.values() for each in rows
        )

    def classes(self, name: str) -> Literal[2, 3]:
        """Two where the raters had no neutral to choose; of one's own sets: where none is neutral."""
        if name in SETS:
            return SETS[name].classes
        return 3 if any(example.label == LABELS["neu"] for example in self.of(name)) else 2

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
    keys = {hash(_letters(text))}
    return frozenset(keys | {hash(told_by(text))} if _DISGUISE.search(text) else keys)


def _letters(text: str) -> str:
    """Its letters and digits; of a text without any, what it is made of."""
    return "".join(_ALNUM.findall(text.casefold())) or text.strip()


def told_by(text: str) -> str:
    """What tells a text: its letters and digits, without those of links and names where enough is left."""
    if _DISGUISE.search(text):
        bare = _letters(_RETWEET.sub(" ", _NAME.sub(" ", _LINK.sub(" ", text))))
        if len(bare) >= _TELLING:
            return bare
    return _letters(text)


def load_corpora(
    path: Path, names: Collection[str] | None = None, licence: LicenceClass | str | None = None
) -> Corpora:
    """Read the sets `names` (default: all) of a folder, or one file, and split them by the rules above.

    `licence` takes the published sets of that class alone, and one's own. Every set found counts for the
    exclusion, also those not taken. Raises `SetupError` for a missing set and for a row that does not fit.
    """
    files = text_files(path, names or ())
    left = [LeftOut(name, UNREAD[name]) for name in files if name in UNREAD]
    taken = []
    for name in files.keys() - UNREAD if names is None else names:
        if licence is None or name not in SETS or SETS[name].licence == licence:
            taken.append(name)
        else:
            left.append(LeftOut(name, f"licence: {SETS[name].licence}, {SETS[name].terms}"))
    reasons: Reasons = defaultdict(list)
    rows = {}
    for name, file in files.items():
        try:
            if name not in UNREAD:
                rows[name] = read_set(file, name, reasons)
        except MissingColumnError as error:
            # Beside others there may lie a table that is none of texts; one that was asked for is not.
            if not path.is_dir() or name in SETS or name in (names or ()) or len(files) == 1:
                raise
            left.append(LeftOut(name, str(error)))
    measured: set[int] = set()
    kept: dict[Split, dict[str, list[Example]]] = {"test": {}, "dev": {}, "train": {}}
    for split in kept:  # in this order: what test holds is out of bounds for dev, what dev holds for train
        found: dict[str, list[Example]] = {name: [] for name in rows}
        for name, read in rows.items():
            for number, example in read[split]:
                if measured.isdisjoint(equality_keys(example.text)):
                    found[name].append(example)
                else:
                    reasons[name, "equals a text that measures"].append(number)
        kept[split] = {name: examples for name, examples in found.items() if examples and name in taken}
        if split != "train":
            measured |= {key for part in found.values() for each in part for key in equality_keys(each.text)}
    left += [
        LeftOut(name, reason, len(numbers), min(numbers))
        for (name, reason), numbers in reasons.items()
        if name in taken
    ]
    return Corpora(**kept, left_out=tuple(left))


def text_files(path: Path, names: Collection[str] = ()) -> dict[str, Path]:
    """The file of each labelled set at `path`, a folder or one file: published sets first.

    Raises `SetupError` where there is none, two have one name, or one of `names` is missing.
    """
    found: dict[str, Path] = {}
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        if file.suffix in SUFFIXES and file.stem not in UNLABELLED_SETS:
            if file.stem in found:
                raise SetupError(f"{found[file.stem]} and {file.name} have one name; rename one of them")
            found[file.stem] = file
    for name in names:
        if name not in found:
            raise SetupError(f"{path}: no {name}{SUFFIXES[0]} there; give --data the folder that has it")
    if not found.keys() - UNREAD:
        raise SetupError(
            f"{path}: no texts; want a {', '.join(SUFFIXES)} with the columns text and label, or a folder "
            "with such files, or what `brand-train fetch sentiment` fetches"
        )
    order = [*SETS, *sorted(found.keys() - SETS)]
    return {name: found[name] for name in order if name in found}


def held_out(corpora: Corpora, name: str, limit: int = 2000) -> list[Example]:
    """At most `limit` rows of a set left out of training, of all its splits: always the same ones."""
    return sorted(corpora.of(name), key=fixed_order)[:limit]


def fixed_order(example: Example) -> int:
    """What to sort by for an order that is always the same and has nothing to do with the labels."""
    return _hash(f"{example.text}\n{example.target}")


def load_unlabelled(path: Path, names: Iterable[str], apart: Iterable[Example] = ()) -> list[str]:
    """Texts of the sets without labels, none twice and none that equals a text of `apart`.

    Raises `SetupError` for a missing file.
    """
    seen = {key for each in apart for key in equality_keys(each.text)}
    kept = []
    for name in names:
        for _, row in read_rows(path / f"{name}.parquet", ("text",)):
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


def data_files(path: Path, names: Iterable[str]) -> tuple[str, ...]:
    """`file sha256` of each set that exists, for the manifest."""
    folder = path if path.is_dir() else path.parent
    files = [folder / f"{name}{suffix}" for name in names for suffix in SUFFIXES]
    return tuple(
        f"{file.name} sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
        for file in files
        if file.exists()
    )


def _apart(split: dict[str, list[Example]], keys: set[int]) -> dict[str, list[Example]]:
    kept = {
        name: [each for each in examples if equality_keys(each.text).isdisjoint(keys)]
        for name, examples in split.items()
    }
    return {name: examples for name, examples in kept.items() if examples}


def read_set(file: Path, name: str, reasons: Reasons | None = None) -> dict[Split, list[tuple[int, Example]]]:
    """The examples of one file by split, each with its line; lines that make none are put down in `reasons`.

    Raises `SetupError` for a row that does not fit.
    """
    reasons = defaultdict(list) if reasons is None else reasons
    of = SETS.get(name) or own_set(name)
    by = "target" if of.dev_by in (None, "text") else of.dev_by
    needed = (*_NEEDED, *(column for column, _ in of.rows))
    found: dict[Split, list[tuple[int, Example]]] = {"train": [], "dev": [], "test": []}
    about: dict[int, str] = {}
    for number, row in read_rows(file, needed, (*_WANTED, by)):
        try:
            example = _example(row, of)
            if isinstance(example, str):
                reasons[name, example].append(number)
                continue
            found[_split_of(row)].append((number, example))
        except (TypeError, ValueError) as error:
            raise SetupError(f"{place(file, number)}: {error}") from error
        about[number] = str(row.get(by) or "").casefold()
    if not found["dev"] and of.dev_by:
        goes = _dev(found["train"], about, of)
        found["dev"] = [each for each in found["train"] if goes(*each)]
        found["train"] = [each for each in found["train"] if not goes(*each)]
    return found


def _example(row: Row, of: TextSet) -> Example | str:
    """The example a row makes, or why it makes none. `TypeError`, `ValueError`: a value is wrong."""
    for column, value in of.rows:
        if row.get(column) != value:
            return f"{column} is not {value}"
    if row.get("source") in of.unread_sources:
        return f"source {row['source']}"
    if row.get("corrected_at"):
        raise ValueError("these are corrections; give the file to --corrections")
    text, label = row["text"], read_label(row["label"])
    if text is None or label is None:
        return "no text" if text is None else "no label"
    if not isinstance(text, str):
        raise TypeError(f"`text` is {text!r}; want a text")
    if not text.strip():
        return "no text"
    target = None if of.toward == "whole" else _target(row, text, of)
    if isinstance(target, str):
        return target
    agreement = row.get("confidence") if of.name in SETS else None
    return Example(of.name, text, label, target, 1.0 if agreement is None else float(agreement))


def _target(row: Row, text: str, of: TextSet) -> Span | str | None:
    """What the label is toward: characters of the text, None for the whole, or why the row cannot be used."""
    named = row.get("target") or ""
    if not isinstance(named, str):
        raise TypeError(f"`target` is {named!r}; want words of the text")
    start, end = _offset(row, "target_start"), _offset(row, "target_end")
    if start is not None and end is not None:
        if 0 <= start < end <= len(text) and named in ("", text[start:end]):
            return start, end
        if not named:
            raise ValueError(f"target_start {start} and target_end {end} are no part of the text")
    if named.strip():
        found = find_target(text, named) or find_target(text, of.spelled.get(named, ""))
        return found or "the target is not in the text"
    return "no target" if of.toward == "target" else None


def _offset(row: Row, column: str) -> int | None:
    value = row.get(column)
    if value is None or value in ("", -1, "-1") or value != value:  # nan, too
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ValueError(f"`{column}` is {value!r}; want a count of characters, or nothing") from None


def _split_of(row: Row) -> Split:
    split = row.get("split")
    if not split:
        return {0: "test", 1: "dev"}.get(_hash(told_by(row["text"])) % _SHARE, "train")  # type: ignore[return-value]
    if split not in get_args(Split):
        raise ValueError(f"`split` is {split!r}; want {', '.join(get_args(Split))}, or no such column")
    return split  # type: ignore[no-any-return]


def _dev(
    train: list[tuple[int, Example]], about: dict[int, str], of: TextSet
) -> Callable[[int, Example], bool]:
    """Which training rows go to dev; `about`: the target or topic of each line."""
    if of.dev_by == "text":
        return lambda _number, example: _hash(told_by(example.text)) % _SHARE == 0
    sizes = Counter(about[number] for number, _ in train)
    room, chosen = sizes.total() // _SHARE, set()
    for key in sorted(sizes, key=_hash):
        if sizes[key] <= room:
            room -= sizes[key]
            chosen.add(key)
    return lambda number, _example: about[number] in chosen


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
