"""What leave-one-out found: figures by rater and set left out, as committed beside this module."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final

import numpy as np

RESULTS: Final = "leave_one_out.json"
"""Beside this module: the figures of the last full run, for cards and tables."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Of one rater on one set; all 0..1, `error` is the expected calibration error."""

    macro_f1: float
    neutral_recall: float
    error: float


@dataclass(frozen=True)
class Yardstick:
    """rater -> set -> figure."""

    figures: Mapping[str, Mapping[str, Figure]]

    def mean(self, rater: str, field: str = "macro_f1") -> float:
        """Over the sets."""
        return float(np.mean([getattr(figure, field) for figure in self.figures[rater].values()]))

    def json(self) -> str:
        """What `load_yardstick` reads."""
        plain = {
            rater: {name: [round(value, 4) for value in dataclasses.astuple(one)] for name, one in sets.items()}
            for rater, sets in self.figures.items()
        }
        return json.dumps(plain, indent=1) + "\n"

    def table(self) -> str:
        """Markdown, a row a set: each rater's macro-F1 / neutral recall / calibration error."""
        raters = list(self.figures)
        lines = [f"| left out | {' | '.join(raters)} |", "|---|" + "---:|" * len(raters)]
        for name in self.figures[raters[0]]:
            cells = (self.figures[rater][name] for rater in raters)
            lines.append(f"| {name} | " + " | ".join(_cell(one.macro_f1, one.neutral_recall, one.error) for one in cells) + " |")
        means = (_cell(*(self.mean(rater, field) for field in Figure.__slots__)) for rater in raters)
        return "\n".join([*lines, f"| mean | {' | '.join(means)} |"])


def load_yardstick() -> Yardstick:
    """The figures of the last full run, as committed."""
    found = json.loads((resources.files(__package__) / RESULTS).read_text("utf-8"))
    return Yardstick({rater: {name: Figure(*one) for name, one in sets.items()} for rater, sets in found.items()})


def _cell(macro_f1: float, neutral_recall: float, error: float) -> str:
    calibration = "" if np.isnan(error) else f" / {error:.3f}"
    return f"{macro_f1:.3f} / {neutral_recall:.2f}{calibration}"
