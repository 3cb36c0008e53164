"""Does the name decide? The same sentences, asked toward thirty names in the same place.

A verdict that changes with the name says what the training texts said about that name, or about names that
are spelled so, and nothing about the sentence. Both stand in brand_swap.toml.
"""

import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.sentiment.scorer import Asked, SentimentScorer

BRAND: Final = "{brand}"


@dataclass(frozen=True)
class Swap:
    """P(positive) of `sentences` (rows) toward `names` (columns), shape (sentences, names), 0..1."""

    sentences: tuple[str, ...]
    names: tuple[str, ...]
    positive: NDArray[np.float64]

    @property
    def spread(self) -> NDArray[np.float64]:
        """(sentences,): the highest less the lowest P(positive) that a name gets."""
        spread: NDArray[np.float64] = np.ptp(self.positive, axis=1)
        return spread

    @property
    def mean_spread(self) -> float:
        """The figure to quote: 0 where no name decides."""
        return float(self.spread.mean())

    @property
    def mean_deviation(self) -> float:
        """Mean over the sentences of the standard deviation over the names: not only the two outermost."""
        return float(self.positive.std(axis=1).mean())

    def table(self, worst: int = 5) -> str:
        """Markdown: the two figures, and the sentences that the name changes most."""
        lines = [
            f"{len(self.sentences)} sentences x {len(self.names)} names: mean spread of P(positive) "
            f"{self.mean_spread:.3f}, mean standard deviation {self.mean_deviation:.3f}. The widest:",
            "",
            "| sentence | lowest | highest |",
            "|---|---|---|",
        ]
        for row in np.argsort(-self.spread, kind="stable")[:worst]:
            low, high = (
                f"{self.names[at]} {self.positive[row, at]:.2f}"
                for at in (self.positive[row].argmin(), self.positive[row].argmax())
            )
            lines.append(f"| {_shortened(self.sentences[row])} | {low} | {high} |")
        return "\n".join(lines)


def brand_swap(scorer: SentimentScorer) -> Swap:
    """Ask `scorer` for every sentence toward every name where it first stands; as in the service, the name is
    known wherever it stands."""
    sentences, names = load_swap()
    asked = [_asked(sentence.replace(BRAND, name), name) for sentence in sentences for name in names]
    positive = [verdict.p_positive for (verdict,) in scorer.answer(asked)]
    return Swap(sentences, names, np.array(positive, np.float64).reshape(len(sentences), len(names)))


def _asked(text: str, name: str) -> Asked:
    places = [match.span() for match in re.finditer(re.escape(name), text)]
    return Asked(text, places[:1], places)


def load_swap() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The sentences, each with {brand} in it, and the names, in file order."""
    book = tomllib.loads((resources.files(__package__) / "brand_swap.toml").read_text("utf-8"))
    sentences = tuple(sentence for kind in book["sentences"].values() for sentence in kind)
    return sentences, tuple(name for group in book["names"].values() for name in group)


def _shortened(sentence: str, longest: int = 80) -> str:
    return sentence if len(sentence) <= longest else f"{sentence[: longest - 1]}…"
