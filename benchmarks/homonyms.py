"""Names that are everyday words: which sentences count for the brand, by its name alone and by its query.

    python benchmarks/homonyms.py [--wrong]

The sentences are those of tests/queries/homonyms.tsv, read as a text worker reads them, language and all; the
queries are the packaged ones (monitor/brands.toml and monitor/homonyms.toml). Printed are the tables
that docs/brands.md has parts of: of what is counted how much is the brand (precision), of the brand how much
is counted (recall), and their harmonic mean (F1).
--wrong lists the sentences that a query gets wrong.
"""

import argparse
import csv
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands, homonyms_path, load_brands
from monitor.queries import Fields
from monitor.texts import read

SENTENCES: Final = Path(__file__).parent.parent / "tests" / "queries" / "homonyms.tsv"
HALVES: Final = ("dev", "held", "drawn")
_PACKAGED: Final = {"Mini": "Mini Cooper", "Supreme": "Supreme New York"}
"""What brands.toml calls those brands."""

Counts = Callable[["Sentence"], bool]
"""Whether a sentence counts for the brand whose name it has."""


class Sentence(NamedTuple):
    """A line of the file: the name it has, whether the brand is meant, and what it is for."""

    name: str
    brand: bool
    half: str
    text: str


class Figures(NamedTuple):
    """How many sentences were counted rightly and wrongly, and how many of the brand's were missed."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Of what is counted, the share that is the brand; 1 where nothing is."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Of the brand's sentences, the share that is counted."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        return 2 * self.right / (2 * self.right + self.wrong + self.missed) if self.right else 0.0


def sentences(path: Path = SENTENCES) -> list[Sentence]:
    """All labelled sentences, in the file's order."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(
            (line for line in file if not line.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE
        )
        next(lines)
        return [Sentence(name, brand == "yes", half, text) for name, brand, half, text in lines]


def by_name(sentence: Sentence) -> bool:
    """Plain matching: the name as a whole word."""
    return bool(_plain(sentence.name).find(sentence.text))


@cache
def _plain(name: str) -> BrandMatcher:
    return BrandMatcher(Brands((Brand(name=name),)))


def by_query(sentence: Sentence) -> bool:
    """The packaged query of the brand."""
    matcher = _queried(sentence.name)
    reading = read(sentence.text)
    return bool(matcher.find(reading, Fields(language=matcher.language(reading, None))))


@cache
def _queried(name: str) -> BrandMatcher:
    here = load_brands()
    others = load_brands(homonyms_path())
    known = {brand.name: brand for brand in (*here, *others)}
    return BrandMatcher(Brands((known[_PACKAGED.get(name, name)],)))


def measure(counts: Counts, chosen: Iterable[Sentence]) -> Figures:
    """Figures of one way to count."""
    said = [(sentence.brand, counts(sentence)) for sentence in chosen]
    return Figures(
        right=said.count((True, True)), wrong=said.count((False, True)), missed=said.count((True, False))
    )


def table(half: str) -> str:
    """Markdown: a line for each name and one for all."""
    chosen = [sentence for sentence in sentences() if sentence.half == half]
    lines = [
        "| name | sentences | plain: precision | recall | F1 | query: precision | recall | F1 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in [*dict.fromkeys(sentence.name for sentence in chosen), ""]:
        own = [sentence for sentence in chosen if name in ("", sentence.name)]
        cells = [
            f"{share:.2f}"
            for figures in (measure(by_name, own), measure(by_query, own))
            for share in (figures.precision, figures.recall, figures.f1)
        ]
        lines.append(f"| {' | '.join([name or 'all', str(len(own)), *cells])} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--wrong", action="store_true", help="print what a query gets wrong, too")
    asked = parser.parse_args()
    for half in HALVES:
        print(f"\n{half}\n\n{table(half)}")
        if asked.wrong:
            for sentence in sentences():
                if sentence.half == half and by_query(sentence) != sentence.brand:
                    print(f"{'missed' if sentence.brand else 'wrong':6} {sentence.name}: {sentence.text}")


if __name__ == "__main__":
    main()
