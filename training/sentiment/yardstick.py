"""What leave-one-out found: figures by rater and set left out, as committed beside this module."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final, NamedTuple

import numpy as np

RESULTS: Final = "leave_one_out.json"
"""Beside this module: the figures of the last full run, for cards and tables."""


class Figure(NamedTuple):
    """Of one rater on one set, all 0..1. `error`: expected calibration error, nan without probabilities."""

    macro_f1: float
    neutral_recall: float
    error: float

    def __str__(self) -> str:
        calibration = "" if np.isnan(self.error) else f" / {self.error:.3f}"
        return f"{self.macro_f1:.3f} / {self.neutral_recall:.2f}{calibration}"


@dataclass(frozen=True)
class Yardstick:
    """rater -> set -> figure."""

    figures: Mapping[str, Mapping[str, Figure]]

    def mean(self, rater: str) -> Figure:
        """Over the sets."""
        return Figure(*np.mean(list(self.figures[rater].values()), axis=0).tolist())

    def table(self) -> str:
        """Markdown, a row a set: each rater's macro-F1 / neutral recall / calibration error."""
        raters = list(self.figures)
        sets = next(iter(self.figures.values()), {})
        rows = {name: [self.figures[rater][name] for rater in raters] for name in sets}
        rows["mean"] = [self.mean(rater) for rater in raters]
        lines = [f"| left out | {' | '.join(raters)} |", "|---|" + "---:|" * len(raters)]
        lines += (f"| {name} | {' | '.join(map(str, figures))} |" for name, figures in rows.items())
        return "\n".join(lines)

    def to_json(self) -> str:
        """What `from_json` reads; null for nan."""
        plain = {
            rater: {
                name: [None if np.isnan(one) else round(one, 4) for one in figure]
                for name, figure in sets.items()
            }
            for rater, sets in self.figures.items()
        }
        return json.dumps(plain, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Yardstick":
        """What `to_json` wrote."""
        nan = float("nan")
        return cls(
            {
                rater: {
                    name: Figure(*(nan if one is None else one for one in figure))
                    for name, figure in sets.items()
                }
                for rater, sets in json.loads(text).items()
            }
        )


def load_yardstick() -> Yardstick:
    """The figures of the last full run, as committed."""
    return Yardstick.from_json((resources.files(__package__) / RESULTS).read_text("utf-8"))
