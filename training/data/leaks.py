"""What the shape of a set tells about its labels: where that is much, a model learns the shape.

A set that names a target for nine opinions in ten and for two neutral texts in a hundred teaches that whoever
is named is not neutral. No test split made the same way shows it; this does: simple learners see one thing
about each row and never its words, are taught on four fifths of the texts and asked about the fifth, all
labels weighing the same. A set leaks where one finds a label far more often than it takes others for it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from training.data.tables import read_rows
from training.data.texts import Example, fixed_order, read_set, told_by

if TYPE_CHECKING:
    from rich.table import Table

_MOST_ROWS: Final = 5000
"""More rows tell nothing new and take minutes."""
_FOLDS: Final = 5
_FEWEST_ROWS: Final = 50
_FAR: Final = 0.5
"""Informedness that no probe may reach: the share of a label's rows found less that of others taken for it.

0 is a guess, 1 is all that can be told; how common the label is does not matter.
"""
_LINK: Final = re.compile(r"https?\b|www\.", re.IGNORECASE)
_LABELS: Final = ("negative", "neutral", "positive")
_SHAPE: Final = "all of these"
_WARN_ONLY: Final = frozenset({"target's words"})
"""Names are masked or swapped in training, so what they tell is a prior worth knowing, no leak."""

Learner = Callable[[Sequence[int], Sequence[int]], list[int]]
"""(rows to learn from, rows to answer for) -> their labels."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one probe tells: macro-F1, and the label it knows best with its informedness."""

    f1: float
    label: int
    informedness: float


@dataclass(frozen=True, slots=True)
class Leaks:
    """What was found in one set: macro-F1 of the majority label, and what each probe tells.

    A probe that sees the same in all rows is not there.
    """

    corpus: str
    rows: int
    majority: float
    told: dict[str, Told]

    @property
    def leaking(self) -> tuple[str, ...]:
        """The probes that tell far too much."""
        return tuple(
            what for what, told in self.told.items() if what not in _WARN_ONLY and told.informedness > _FAR
        )


def find_leaks(file: Path, name: str) -> Leaks | None:
    """Probe the rows of a set that training would read, at most 5,000; None where there are too few to tell.

    Raises `SetupError` for a row that does not fit.
    """
    sources = {
        number: str(row.get("source") or "") for number, row in read_rows(file, ("text",), ("source",))
    }
    read = [each for part in read_set(file, name).values() for each in part]
    read = sorted(read, key=lambda each: fixed_order(each[1]))[:_MOST_ROWS]
    examples = [example for _, example in read]
    labels = [example.label for example in examples]
    folds = _folds([told_by(example.text) for example in examples])
    if len(examples) < _FEWEST_ROWS or len(set(labels)) == 1 or folds is None:
        return None
    seen = _features(examples)
    probes = {what: _tree(list(values), labels) for what, values in seen.items() if len(set(values)) > 1}
    if len(probes) > 1:
        probes[_SHAPE] = _tree([sum(row, ()) for row in zip(*seen.values(), strict=True)], labels)
    words = [_named(example) for example in examples]
    for what, values in (
        ("source", [_origin(sources[number]) for number, _ in read]),
        ("target's words", words),
    ):
        if len(set(values)) > 1:
            probes[what] = _lookup(values, labels)
    commonest = Counter(labels).most_common(1)[0][0]
    told = {what: _told(learner, labels, folds) for what, learner in probes.items()}
    return Leaks(name, len(examples), _macro_f1(labels, [commonest] * len(labels)), told)


def leak_table(found: Sequence[Leaks]) -> "Table":
    """A row a set: macro-F1 of the majority and of each probe, and the verdict."""
    from rich.markup import escape
    from rich.table import Table

    columns = list(dict.fromkeys(what for leaks in found for what in leaks.told))
    table = Table("set", title="Macro-F1 of what sees no words", title_justify="left")
    for column in ("rows", "majority", *columns, "verdict"):
        table.add_column(column, justify="right")
    for leaks in found:
        told = [f"{leaks.told[what].f1:.2f}" if what in leaks.told else "" for what in columns]
        judged = {what: told for what, told in leaks.told.items() if what not in _WARN_ONLY}
        most = ""
        if judged:
            what, best = max(judged.items(), key=lambda each: each[1].informedness)
            most = f"{what} tells {_LABELS[best.label]} {best.informedness:.2f}"
        verdict = f"[bold red]LEAK: {most}[/]" if leaks.leaking else f"ok: {most}".removesuffix(": ")
        table.add_row(escape(leaks.corpus), f"{leaks.rows:,}", f"{leaks.majority:.2f}", *told, verdict)
    return table


def _features(examples: Sequence[Example]) -> dict[str, list[tuple[float, ...]]]:
    """What each probe sees of each example."""
    seen: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for example in examples:
        text, named = example.text, _named(example)
        seen["target given"].append((float(example.target is not None),))
        start, end = example.target or (0, len(text))
        seen["its place"].append((start, start / len(text), len(text) - end))
        seen["its length"].append((len(named), len(named.split())))
        seen["text's length"].append((len(text), len(text.split())))
        seen["links"].append((len(_LINK.findall(text)),))
        seen["@ # ! ?"].append(tuple(text.count(sign) for sign in "@#!?"))
    return seen


def _named(example: Example) -> str:
    return example.text[slice(*example.target)].casefold() if example.target else ""


def _origin(source: str) -> str:
    """A source without the number of the row in it; of an address, its host."""
    return re.split("[/:]", source.rpartition("://")[2])[0]


def _tree(values: Sequence[tuple[float, ...]], labels: Sequence[int]) -> Learner:
    from sklearn.tree import DecisionTreeClassifier

    def answer(learn: Sequence[int], ask: Sequence[int]) -> list[int]:
        tree = DecisionTreeClassifier(
            max_depth=6, min_samples_leaf=max(2, len(learn) // 200), class_weight="balanced", random_state=0
        )
        tree.fit([values[row] for row in learn], [labels[row] for row in learn])
        return [int(label) for label in tree.predict([values[row] for row in ask])]

    return answer


def _lookup(values: Sequence[str], labels: Sequence[int]) -> Learner:
    """The label each value has most of, for how common it is; of a new value, that of the rarest label."""

    def answer(learn: Sequence[int], ask: Sequence[int]) -> list[int]:
        common = Counter(labels[row] for row in learn)
        known: dict[str, Counter[int]] = defaultdict(Counter)
        for row in learn:
            known[values[row]][labels[row]] += 1
        rarest = min(common, key=lambda label: (common[label], label))
        best = {
            value: max(sorted(counts), key=lambda label: counts[label] / common[label])
            for value, counts in known.items()
        }
        return [best.get(values[row], rarest) for row in ask]

    return answer


def _folds(groups: Sequence[str]) -> list[tuple[list[int], list[int]]] | None:
    """(rows to learn from, rows to answer for), no group on both sides; None for fewer groups than folds."""
    from sklearn.model_selection import GroupKFold

    if len(set(groups)) < _FOLDS:
        return None
    return [(list(a), list(b)) for a, b in GroupKFold(_FOLDS).split(groups, groups=groups)]


def _told(learner: Learner, labels: Sequence[int], folds: Sequence[tuple[list[int], list[int]]]) -> Told:
    right: list[int] = []
    answered: list[int] = []
    for learn, ask in folds:
        answered += learner(learn, ask)
        right += [labels[row] for row in ask]
    pairs = Counter(zip(right, answered, strict=True))
    informed = {}
    for label in sorted(set(labels)):
        of_it = sum(count for (a, _), count in pairs.items() if a == label)
        taken = sum(count for (a, b), count in pairs.items() if a != label and b == label)
        informed[label] = pairs[label, label] / of_it - taken / (len(right) - of_it)
    best = max(informed, key=lambda label: informed[label])
    return Told(_macro_f1(right, answered), best, informed[best])


def _macro_f1(right: Sequence[int], answered: Sequence[int]) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(right, answered, average="macro", labels=sorted(set(right))))
