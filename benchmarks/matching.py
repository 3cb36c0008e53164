"""Texts a second that are searched for brands, by the number of brands; beside one big regular expression.

    python benchmarks/matching.py [--brands 37 300 3000] [--data FILE.parquet] [--texts 20000]

One thread, seconds of CPU. The brands are the packaged ones and made-up ones of one to three English words, 2
in 100 of which do occur. Without --data the texts are those of samples/, over and over; FILE has a column
`text`. The rival is what many a monitor does and this one did: every spelling an alternative of one pattern,
texts folded in Python character by character.
"""

import argparse
import json
import random
import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from pathlib import Path

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands, load_brands
from monitor.texts import read

SAMPLES = Path(__file__).parent.parent / "samples" / "texts.jsonl"
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|[\w.+-]{1,64}@[\w-]{1,63}\.\w[\w.-]{0,190}", re.IGNORECASE)


class OnePattern:
    """The rival: an alternative for each spelling, as whole words with their parts joined or apart."""

    def __init__(self, brands: Brands) -> None:
        spellings = sorted((word for brand in brands for word in brand.spellings), key=len, reverse=True)
        self._pattern = re.compile("|".join(self._whole(_folded(word)) for word in spellings))

    def find(self, text: str) -> int:
        """How many places there are."""
        addresses = [match.span() for match in _ADDRESS.finditer(text)]
        found = self._pattern.finditer(_folded(text))
        return sum(not any(start <= match.start() < end for start, end in addresses) for match in found)

    @staticmethod
    def _whole(folded: str) -> str:
        parts = r"[\s_-]{0,3}".join(re.escape(part) for part in re.split(r"[\s_-]+", folded))
        return rf"(?<![^\W_]){parts}(?![^\W_])"


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    plain = (unicodedata.normalize("NFKD", one.casefold()) for one in text)
    return "".join(one for each in plain for one in each if not unicodedata.combining(one))


def made_up(count: int, texts: Sequence[str]) -> Brands:
    """The packaged brands, and others up to `count`; always the same."""
    brands = list(load_brands())[:count]
    words = (resources.files("monitor") / "common_words.txt").read_text("utf-8").split()
    said = sorted({word for text in texts for word in re.findall("[a-z]{6,12}", text.lower())})
    draw = random.Random(1)
    seen = {name.casefold() for brand in brands for name in brand.spellings}
    while len(brands) < count:
        occurs = draw.random() < 0.02
        parts = [draw.choice(said)] if occurs else draw.choices(words, k=draw.choice((2, 2, 3)))
        name = " ".join(parts).title() if occurs or len(parts) > 2 else "".join(parts).title()
        if name.casefold() not in seen:
            seen.add(name.casefold())
            brands.append(Brand(name=name))
    return Brands(brands)


def rate(find: Callable[[str], object], texts: Sequence[str]) -> float:
    """Texts per second of CPU, the best of three."""
    best = 0.0
    for _ in range(3):
        began = time.process_time()
        for text in texts:
            find(text)
        best = max(best, len(texts) / (time.process_time() - began))
    return best


def load(data: Path | None, count: int) -> list[str]:
    """`count` texts."""
    return list(_some(_all(data), count))


def _all(data: Path | None) -> list[str]:
    if data is None:
        return [json.loads(line)["text"] for line in SAMPLES.read_text("utf-8").splitlines()]
    import pyarrow.parquet as parquet

    texts: list[str] = parquet.read_table(data, columns=["text"]).column("text").to_pylist()
    return texts


def _some(texts: list[str], count: int) -> Iterator[str]:
    for index in range(count):
        yield texts[index % len(texts)]


def main() -> None:
    """Print a table."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--brands", type=int, nargs="+", default=[37, 300, 3000])
    options.add_argument("--data", type=Path)
    options.add_argument("--texts", type=int, default=20_000)
    given = options.parse_args()
    texts = load(given.data, given.texts)
    length = sum(map(len, texts)) / len(texts)
    print(f"{len(texts):,} texts of {length:.0f} characters, texts per second of CPU, one thread")
    print(f"{'reading alone':<14}{rate(read, texts):>12,.0f}")
    print(f"{'brands':<14}{'automaton':>12}{'one pattern':>14}{'ratio':>8}{'found':>9}")
    for count in given.brands:
        brands = made_up(count, texts)
        matcher, rival = BrandMatcher(brands), OnePattern(brands)
        ours, theirs = rate(matcher.find, texts), rate(rival.find, texts[: max(500, 200_000 // count)])
        found = sum(len(matcher.find(text)) for text in texts)
        print(f"{count:<14,}{ours:>12,.0f}{theirs:>14,.0f}{ours / theirs:>8.1f}{found:>9,}")


if __name__ == "__main__":
    main()
