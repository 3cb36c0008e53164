"""Runs a behavioural suite: what a sentiment model can and cannot do, one pass rate per capability.

The method is CheckList's (Ribeiro, Wu, Guestrin & Singh 2020, "Beyond Accuracy: Behavioral Testing of NLP
Models with CheckList", ACL): minimum functionality, invariance and direction. The sentences are our own,
in tests/sentiment/behaviour.toml, whose head explains the tables.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np

from monitor.errors import SetupError
from monitor.messages import Label
from monitor.sentiment.scorer import LABELS
from training.data.texts import Span, find_target
from training.sentiment.raters import Rater, Ratings

RISE: Final = 0.05
"""How much polarity (-1..1) must rise in a direction case: less would not show in any report."""

SUITE: Final = Path(__file__).parents[2] / "tests" / "sentiment" / "behaviour.toml"
"""The project's own suite, in the checkout."""

FILLER: Final = "{filler}"


class Kind(StrEnum):
    """CheckList's three kinds of test."""

    MINIMUM = "minimum functionality"
    INVARIANCE = "invariance"
    DIRECTION = "direction"


@dataclass(frozen=True, slots=True)
class Case:
    """One test. `accepted`: labels that pass a minimum-functionality case; empty for other kinds."""

    capability: str
    kind: Kind
    texts: tuple[str, ...]
    targets: tuple[Span | None, ...]
    accepted: frozenset[Label] = frozenset()


@dataclass(frozen=True)
class Suite:
    """All cases in file order, and what each capability is about."""

    cases: tuple[Case, ...]
    about: dict[str, str]

    @property
    def sentences(self) -> int:
        """How many texts the cases hold together."""
        return sum(len(case.texts) for case in self.cases)


@dataclass(frozen=True, slots=True)
class PassRate:
    """One rater at one capability; `failed` are the cases that did not pass, with what came out."""

    capability: str
    cases: int
    failed: tuple[tuple[Case, str], ...]

    @property
    def value(self) -> float:
        """Share of cases passed, 0..1."""
        return 1 - len(self.failed) / self.cases


def load_suite(path: Path) -> Suite:
    """Read a suite file; raises `SetupError` with the table and key that does not fit."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SetupError(f"behavioural suite {path}: {error}") from error
    filler = str(tables.pop("filler", "")).strip()
    cases: list[Case] = []
    about: dict[str, str] = {}
    for capability, table in tables.items():
        about[capability] = table.pop("about", "")
        for key, values in table.items():
            for value in values:
                try:
                    cases += _cases(capability, key, value, filler)
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    raise SetupError(
                        f"behavioural suite {path}, [{capability}] {key}: {value!r}: {error}"
                    ) from error
    return Suite(tuple(cases), about)


def run_suite(suite: Suite, rater: Rater) -> list[PassRate]:
    """Rate every text once, in one call, and judge the cases; capabilities in file order."""
    texts = [text for case in suite.cases for text in case.texts]
    targets = [target for case in suite.cases for target in case.targets]
    ratings = rater.rate(texts, targets)
    failed: dict[str, list[tuple[Case, str]]] = {}
    counts: dict[str, int] = {}
    first = 0
    for case in suite.cases:
        rows = slice(first, first + len(case.texts))
        first = rows.stop
        counts[case.capability] = counts.get(case.capability, 0) + 1
        failures = failed.setdefault(case.capability, [])
        if not _passes(case, ratings, rows):
            failures.append((case, _found(ratings, rows)))
    return [
        PassRate(capability, counts[capability], tuple(failures)) for capability, failures in failed.items()
    ]


def overall(rates: Iterable[PassRate]) -> float:
    """Share of all cases passed, 0..1."""
    rates = list(rates)
    return 1 - sum(len(rate.failed) for rate in rates) / sum(rate.cases for rate in rates)


def behaviour_table(suite: Suite, rates: Sequence[tuple[str, Sequence[PassRate]]]) -> str:
    """Markdown: a line per capability, a column per rater, share of cases passed."""
    names = [name for name, _ in rates]
    lines = [f"| capability | cases | {' | '.join(names)} |", f"|---|---:|{'---:|' * len(names)}"]
    for row in zip(*(passed for _, passed in rates), strict=True):
        figures = " | ".join(f"{rate.value:.2f}" for rate in row)
        lines.append(
            f"| {row[0].capability}: {suite.about[row[0].capability]} | {row[0].cases} | {figures} |"
        )
    totals = " | ".join(f"{overall(passed):.2f}" for _, passed in rates)
    lines.append(f"| all | {len(suite.cases)} | {totals} |")
    return "\n".join(lines)


def run_own_suite(raters: Iterable[Rater]) -> dict[str, list[PassRate]]:
    """rater -> its pass rates on the project's suite; empty outside a checkout, where the suite is not."""
    if not SUITE.exists():
        return {}
    suite = load_suite(SUITE)
    return {rater.name: run_suite(suite, rater) for rater in raters}


def behaviour_section(rates: Mapping[str, Sequence[PassRate]]) -> str:
    """Markdown: how large the project's suite is, and what `run_own_suite` found; empty for nothing."""
    if not rates:
        return ""
    suite = load_suite(SUITE)
    table = behaviour_table(suite, list(rates.items()))
    return f"{suite.sentences} sentences in {len(suite.cases)} cases; share of cases passed:\n\n{table}"


def _cases(capability: str, key: str, value: Any, filler: str) -> list[Case]:
    match key:
        case "positive" | "negative" | "neutral":
            return [_whole(capability, Kind.MINIMUM, [value], filler, frozenset({key}))]
        case "not_positive" | "not_negative":
            accepted = frozenset(LABELS) - {key.removeprefix("not_")}
            return [_whole(capability, Kind.MINIMUM, [value], filler, accepted)]
        case "same":
            return [_whole(capability, Kind.INVARIANCE, value, filler)]
        case "rises":
            return [_whole(capability, Kind.DIRECTION, value, filler)]
        case "toward":
            return _toward(capability, **value)
        case _:
            raise ValueError("no such kind of case")


def _whole(
    capability: str, kind: Kind, texts: Sequence[str], filler: str, accepted: frozenset[Label] = frozenset()
) -> Case:
    if kind is not Kind.MINIMUM and len(texts) < 2:
        raise ValueError("wants two texts or more")
    filled = tuple(text.replace(FILLER, filler) for text in texts)
    return Case(capability, kind, filled, (None,) * len(filled), accepted)


def _toward(capability: str, text: str, **expected: str | list[str]) -> list[Case]:
    """A case for each thing named under a label."""
    cases = []
    for label, targets in expected.items():
        if label not in LABELS:
            raise ValueError(f"`{label}` is none of {', '.join(LABELS)}")
        for target in [targets] if isinstance(targets, str) else targets:
            span = find_target(text, target)
            if span is None:
                raise ValueError(f"`{target}` must stand in `text`")
            cases.append(Case(capability, Kind.MINIMUM, (text,), (span,), frozenset({label})))
    if not cases:
        raise ValueError("wants something that the text is positive, negative or neutral toward")
    return cases


def _passes(case: Case, ratings: Ratings, rows: slice) -> bool:
    labels = [LABELS[index] for index in ratings.labels[rows]]
    match case.kind:
        case Kind.MINIMUM:
            return labels[0] in case.accepted
        case Kind.INVARIANCE:
            return len(set(labels)) == 1
        case Kind.DIRECTION:
            return bool((np.diff(ratings.polarity[rows]) >= RISE).all())


def _found(ratings: Ratings, rows: slice) -> str:
    pairs = zip(ratings.labels[rows], ratings.polarity[rows], strict=True)
    return ", ".join(f"{LABELS[label]} {polarity:+.2f}" for label, polarity in pairs)
