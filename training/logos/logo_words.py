"""What reading words in pictures adds to finding logos: brands named per test picture, false alarms, time.

brand-train evaluate logo-words --data DIR

A brand is in a picture if a box of its logo is marked there. Everything is at the shipped thresholds, with
the brands of the packaged brands.toml.
"""

import time
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

import cv2
import msgspec
import numpy as np
from tqdm import tqdm

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brands, load_brands
from monitor.logos import LogoDetector, load_detector
from monitor.logos.decoding import decode_picture
from monitor.logos.words import WordFinder, load_reader
from monitor.logos.words.reader import PictureReader
from monitor.settings import Device
from training.data.logo_sets import read_logo_sets
from training.data.pictures import AnnotatedPicture
from training.export import machine
from training.logos.average_precision import Estimate
from training.logos.selection import select

WORDMARKS: Final = frozenset(
    {
        *("Cloudera", "Coca-Cola", "DHL", "FedEx", "Ford", "Google", "Gucci"),
        *("Intel", "Prada", "Sprite", "Supreme New York", "VMware", "Yahoo"),
    }
)
"""Brands whose main logo is their name in letters, frames, underlines and dots aside. Named by this rule
before the reader had seen a test picture."""

SYMBOLS: Final = frozenset({"Apple", "BMW", "Chanel", "Citroën", "Ferrari", "HP", "McDonald's"})
"""Brands whose main logo spells nothing, or only initials. The others have their name beside a symbol."""

_TIMED: Final = 40
"""Pictures timed as 640 x 480, spread over the test split: what a reading takes depends on how much is
written."""


class Kind(StrEnum):
    """How a brand's main logo tells its name."""

    WORDMARK = "wordmark"
    NAME_BESIDE_SYMBOL = "name beside a symbol"
    SYMBOL = "symbol or initials"


class Recall(msgspec.Struct, frozen=True, kw_only=True):
    """Of `pairs` (picture, brand marked in it), how many the logos name, the words, and either."""

    pairs: int
    logos: int
    words: int
    either: int
    gain: Estimate | None = None
    """Share of the pairs that words name and logos do not, with its bootstrap interval."""

    def row(self, name: str) -> str:
        """A line of the table."""
        found = (self.logos, self.words, self.either)
        logos, words, either = (f"{n / self.pairs:.3f}" if self.pairs else "" for n in found)
        gain = (
            ""
            if self.gain is None
            else f"+{self.gain.value:.3f} ({self.gain.low:.3f} to {self.gain.high:.3f})"
        )
        return f"| {name} | {self.pairs} | {logos} | {words} | {either} | {gain} |"

    def counts(self, name: str) -> str:
        """A line of the table of single brands, whose pictures are too few for shares."""
        return f"| {name} | {self.pairs} | {self.logos} | {self.words} | {self.either} |"


class Alarms(msgspec.Struct, frozen=True, kw_only=True):
    """Of `pictures`, how many show a brand that is not marked there, by the logos, the words, and either."""

    pictures: int
    logos: int
    words: int
    either: int

    def told(self) -> str:
        """In words."""
        return f"logos {self.logos}, words {self.words}, either {self.either}"


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds of CPU on one thread, from JPEG bytes of 640 x 480: median, and 95th percentile."""

    detector: tuple[float, float]
    reader: tuple[float, float]


class WordFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Everything measured in one run."""

    detector: str
    reader: str
    machine: str
    kinds: dict[str, Recall]
    folders: dict[str, Recall]
    """Wordmark brands only, by picture set."""
    brands: dict[str, Recall]
    negatives: Alarms
    others: Alarms
    """On test pictures with logos. The sets leave some logos unmarked: look at `unmarked` before judging."""
    unmarked: tuple[tuple[str, str, str], ...]
    """Set and file, brand, and line read, where words name a brand that is not marked."""
    cost: Cost

    def write(self, folder: Path) -> None:
        """words.json and words.md."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "words.json").write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")
        (folder / "words.md").write_text(self.markdown() + "\n", "utf-8")

    def markdown(self) -> str:
        """The tables for the guide."""
        head = [
            "| pictures with the brand | logos | words | either | words alone add |",
            "|---|---|---|---|---|",
        ]
        recall = "Share of test pictures with a brand that name it, at the shipped thresholds"
        lines = [
            f"`{self.detector}` and `{self.reader}`. {recall}; in brackets the 95% bootstrap interval.",
            "",
            "| brands | " + head[0].removeprefix("| "),
            "|---" + head[1],
            *(found.row(kind) for kind, found in self.kinds.items()),
            *(found.row(f"wordmark, {folder}") for folder, found in self.folders.items()),
            "",
            "Pictures of each wordmark brand:",
            "",
            "| brand | with it | logos | words | either |",
            "|---|---|---|---|---|",
            *(self.brands[name].counts(name) for name in sorted(self.brands) if name in WORDMARKS),
            "",
            f"False alarms on {self.negatives.pictures} pictures without logos: {self.negatives.told()}. "
            f"Of {self.others.pictures} pictures with logos, those with a brand that is not marked there: "
            f"{self.others.told()}.",
            "",
            f"CPU time on one thread for 640 x 480, from JPEG bytes, median (95th percentile): detector "
            f"{self.cost.detector[0]:.0f} ms ({self.cost.detector[1]:.0f}), reader "
            f"{self.cost.reader[0]:.0f} ms ({self.cost.reader[1]:.0f}) ({self.machine}).",
        ]
        return "\n".join(lines)


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One test picture: brands marked, found by logos, read."""

    folder: str
    file: str
    group: str
    marked: frozenset[str]
    logos: frozenset[str]
    lines: dict[str, str]
    """Brand read -> a line that names it."""


_decode = msgspec.json.Decoder(_Seen).decode


def measure_words(model: Path, data: Path, draws: int, work: Path, every: int = 1) -> WordFigures:
    """Measure detector and reader on the test splits; `every` n-th picture only, to be quick.

    What was seen in each picture is kept in the folder `work`: a run that was cut off goes on there. Raises
    `SetupError` without the extra `ocr`.
    """
    brands = load_brands()
    test = select(read_logo_sets(data)).test[::every]
    detector = load_detector(model, brands, Device.CPU, 1)
    reader = load_reader(Device.CPU, 1)
    finder = WordFinder(reader, brands, BrandMatcher(brands))
    work.mkdir(parents=True, exist_ok=True)
    seen = _look_at_all(test, detector, finder, brands, work / f"{detector.identity}+{finder.identity}.jsonl")
    with_logos = {picture.folder for picture in test if picture.boxes}
    shown = [one for one in seen if one.folder in with_logos]
    marked = {brand for one in shown for brand in one.marked}
    by_kind = {kind: {brand for brand in marked if kind_of(brand) is kind} for kind in Kind}
    wordmarks = _pairs(shown, WORDMARKS)
    return WordFigures(
        detector=detector.identity,
        reader=finder.identity,
        machine=machine(),
        kinds={kind.value: _recall(_pairs(shown, of_kind), draws) for kind, of_kind in by_kind.items()},
        folders={
            folder: _recall([pair for pair in wordmarks if pair[0].folder == folder], draws)
            for folder in sorted({one.folder for one, _ in wordmarks})
        },
        brands={brand: _recall(_pairs(shown, {brand}), 0) for brand in sorted(marked)},
        negatives=_alarms([one for one in seen if one.folder not in with_logos]),
        others=_alarms(shown),
        unmarked=tuple(
            (f"{one.folder}/{one.file}", brand, line)
            for one in seen
            for brand, line in one.lines.items()
            if brand not in one.marked
        ),
        cost=_cost(detector, reader, test[:: max(len(test) // _TIMED, 1)]),
    )


def kind_of(brand: str) -> Kind:
    """The kind of a brand of the packaged brands.toml."""
    if brand in WORDMARKS:
        return Kind.WORDMARK
    return Kind.SYMBOL if brand in SYMBOLS else Kind.NAME_BESIDE_SYMBOL


def _look_at_all(
    pictures: Sequence[AnnotatedPicture],
    detector: LogoDetector,
    finder: WordFinder,
    brands: Brands,
    kept: Path,
) -> list[_Seen]:
    """One line of `kept` a picture, in the order they were looked at; those there already are read back."""
    lines = kept.read_bytes().splitlines(keepends=True) if kept.exists() else []
    whole = [line for line in lines if line.endswith(b"\n")]  # the last one may have been cut off
    kept.write_bytes(b"".join(whole))
    known = {(one.folder, one.file): one for one in map(_decode, whole)}
    seen = []
    with kept.open("ab") as file:
        for picture in tqdm(pictures, unit="picture", mininterval=5):
            one = known.get((picture.folder, picture.path.name))
            if one is None:
                one = _look(picture, detector, finder, brands)
                file.write(msgspec.json.encode(one) + b"\n")
                file.flush()
            seen.append(one)
    return seen


def _look(picture: AnnotatedPicture, detector: LogoDetector, finder: WordFinder, brands: Brands) -> _Seen:
    names = brands.by_logo()
    pixels = picture.load()
    return _Seen(
        folder=picture.folder,
        file=picture.path.name,
        group=picture.group or picture.path.name,
        marked=frozenset(names[box.label].name for box in picture.targets if box.label in names),
        logos=frozenset(found.brand for found in detector.detect([pixels])[0]),
        lines={written.brand: written.line for written in finder.find(pixels)},
    )


def _pairs(seen: Iterable[_Seen], wanted: Collection[str]) -> list[tuple[_Seen, str]]:
    return [(one, brand) for one in seen for brand in sorted(one.marked) if brand in wanted]


def _recall(pairs: Sequence[tuple[_Seen, str]], draws: int) -> Recall:
    logos = [brand in one.logos for one, brand in pairs]
    words = [brand in one.lines for one, brand in pairs]
    return Recall(
        pairs=len(pairs),
        logos=sum(logos),
        words=sum(words),
        either=sum(a or b for a, b in zip(logos, words, strict=True)),
        gain=_gain(pairs, [b and not a for a, b in zip(logos, words, strict=True)], draws),
    )


def _gain(pairs: Sequence[tuple[_Seen, str]], only_words: Sequence[bool], draws: int) -> Estimate | None:
    """The share that words alone name; near-duplicates are drawn together."""
    if not draws or not pairs:
        return None
    groups = sorted({one.group for one, _ in pairs})
    place = {group: number for number, group in enumerate(groups)}
    won, size = np.zeros(len(groups)), np.zeros(len(groups))
    for (one, _), gained in zip(pairs, only_words, strict=True):
        won[place[one.group]] += gained
        size[place[one.group]] += 1
    rng = np.random.default_rng(0)
    weights = rng.multinomial(len(groups), np.full(len(groups), 1 / len(groups)), size=draws)
    shares = weights @ won / (weights @ size)
    low, high = np.quantile(shares, (0.025, 0.975))
    return Estimate(float(won.sum() / size.sum()), float(low), float(high))


def _alarms(seen: Sequence[_Seen]) -> Alarms:
    by_logos = [bool(one.logos - one.marked) for one in seen]
    by_words = [bool(one.lines.keys() - one.marked) for one in seen]
    return Alarms(
        pictures=len(seen),
        logos=sum(by_logos),
        words=sum(by_words),
        either=sum(a or b for a, b in zip(by_logos, by_words, strict=True)),
    )


def _cost(detector: LogoDetector, reader: PictureReader, pictures: Sequence[AnnotatedPicture]) -> Cost:
    """CPU time, not the clock's: other work on the machine does not count."""
    cv2.setNumThreads(1)
    files = [
        cv2.imencode(".jpg", cv2.resize(picture.load(), (640, 480)))[1].tobytes() for picture in pictures
    ]
    detector.warm_up()
    times: list[tuple[float, float]] = []
    for file in files:
        started = time.process_time()
        pixels = decode_picture(file, max_bytes=len(file), max_pixels=640 * 480).pixels
        decoded = time.process_time()
        detector.detect([pixels])
        detected = time.process_time()
        reader.read(pixels)
        times.append((detected - started, decoded - started + time.process_time() - detected))
    detector_ms, reader_ms = (
        (1000 * float(np.median(column)), 1000 * float(np.quantile(column, 0.95)))
        for column in np.array(times).T
    )
    return Cost(detector=detector_ms, reader=reader_ms)
