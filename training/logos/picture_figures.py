"""What counts for marketing: pictures in which a brand is found, and pictures with a wrong one.

Three ways over the same pictures in the same run: the look alone at its own thresholds (`MONITOR_OCR=false`),
the letters alone, and both as the service weighs them. A brand is in a picture that is labelled with it, or
holds a box of it. Brands that nobody trained (`Selection.strangers`) are added by name and by reference
pictures, as `brands add` does it.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec

from monitor.brands import Brand, Brands
from monitor.errors import SetupError
from monitor.logos import load_detector
from monitor.logos.dense import DenseDetector
from monitor.logos.evidence import Decision, by_look, decide
from monitor.logos.finder import LogoFinder
from monitor.logos.gallery import (
    MOST_PROPOSALS,
    Gallery,
    GalleryDetector,
    Reference,
    Target,
    build_entry,
    in_common,
    load_embedder,
    read_reference,
)
from monitor.logos.weights import Weights, load_weights
from monitor.logos.words.names import NameReader
from monitor.logos.words.reader import load_reader
from monitor.settings import Device
from training.data.pictures import AnnotatedPicture, Split, name_hash
from training.logos.selection import folders_with_logos, only_labelled, select
from training.logos.witnesses import Seen, witnesses

RATE: Final = 1 / 200
"""Share of pictures without a brand on which it may be named, for figures at one false-alarm rate."""
REFERENCES: Final = 5
"""Of each brand that nobody trained."""
_TOGETHER: Final = {"clothing": ("tl10", "ld3k_clothes"), "everything": ("fl27",)}
"""Rows over several folders."""
_NOTHING: Final = float("-inf")
"""Score of a brand that was neither seen nor read."""


class Way(StrEnum):
    """Which witnesses are heard."""

    LOOK = "look"
    LETTERS = "letters"
    BOTH = "both"


class Counted(msgspec.Struct, frozen=True):
    """`found` of the brands shown, each once a picture; `wrong`: pictures with a brand they do not show."""

    found: int
    wrong: int


class ShownRow(msgspec.Struct, frozen=True, kw_only=True):
    """Some pictures: how many brands they show, each once a picture, and what each way finds of them."""

    name: str
    pictures: int
    shown: int
    ways: dict[Way, Counted]


class RateRow(msgspec.Struct, frozen=True, kw_only=True):
    """Some brands: shares of the pictures with one of them in which it is found.

    `at_rate`: at a false-alarm rate of `RATE` on `others` pictures that show none of them; `shipped`: as the
    service reports them, with `alarms` on a share of those pictures.
    """

    name: str
    pictures: int
    at_rate: dict[Way, float]
    shipped: dict[Way, float]
    others: int
    alarms: dict[Way, float]


class PictureFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one run."""

    finder: str
    rows: tuple[ShownRow, ...]
    rates: tuple[RateRow, ...]
    """Trained brands, and those that nobody trained."""

    def markdown(self) -> str:
        """Two tables."""
        lines = [
            f"`{self.finder}`: brands found in pictures, each once a picture, and pictures with a wrong "
            "brand; look at its own thresholds / letters / both:",
            "",
            "| pictures | | brands shown | found | wrong | found, both | wrong, both |",
            "|---|---|---|---|---|---|---|",
        ]
        for row in self.rows:
            found, wrong = (
                " / ".join(str(getattr(row.ways[way], part)) for way in Way) for part in ("found", "wrong")
            )
            both = row.ways[Way.BOTH]
            share = f"{both.found / row.shown:.3f}" if row.shown else ""
            lines.append(
                f"| {row.name} | {row.pictures} | {row.shown or ''} | {found if row.shown else ''} | {wrong} "
                f"| {share} | {both.wrong / max(row.pictures, 1):.1%} |"
            )
        return "\n".join(
            [
                *lines,
                "",
                f"Found at a false-alarm rate of {RATE:.1%} of pictures, and as shipped; look / letters / "
                f"both; of brands that nobody trained the look has {REFERENCES} reference pictures, the "
                "letters the name:",
                "",
                "| brands | with them | found at the rate | found as shipped | without | false alarms |",
                "|---|---|---|---|---|---|",
                *(
                    f"| {row.name} | {row.pictures} | {_each(row.at_rate)} | {_each(row.shipped)} "
                    f"| {row.others} | {_each(row.alarms)} |"
                    for row in self.rates
                ),
            ]
        )


def _each(shares: Mapping[Way, float]) -> str:
    return " / ".join(f"{shares[way]:.3f}" for way in Way)


def decided(
    seen: Seen, brands: Mapping[str, str], way: Way = Way.BOTH, weights: Weights | None = None
) -> Decision:
    """What one way says of a picture about the brands that are values of `brands` (label -> brand)."""
    watched = set(brands.values())
    looks = [look for look in seen.looks if look.brand in watched]
    names = [name for name in seen.names if name.brand in watched]
    if way is Way.LOOK:
        return by_look(looks, weights)
    return decide(looks if way is Way.BOTH else (), names, seen.lines, weights)


def shown_brands(picture: AnnotatedPicture, brands: Mapping[str, str]) -> set[str]:
    """Of `brands` (label -> brand) those that the picture shows."""
    return {brands[label] for label in picture.shown if label in brands}


def look_and_read(
    pictures: Sequence[AnnotatedPicture], model: Path, embedder: Path, brands: Brands, kept: Path
) -> "Witnessed":
    """Look at and read all that is measured of `pictures` (all splits); what was seen and read is kept in the
    file `kept`, so that a run that was cut off goes on. Raises `SetupError` where nothing can be read."""
    strangers = strangers_of(pictures, brands)
    finder = finder_with(model, embedder, brands, strangers)
    measured = _measured(pictures)
    own = [picture for stranger in strangers for picture in stranger.pictures]
    seen = witnesses([*measured, *own], finder, kept)
    return Witnessed(finder.identity, seen[: len(measured)], seen[len(measured) :], strangers)


def measure_pictures(found: "Witnessed", brands: Brands) -> PictureFigures:
    """The figures of all that was looked at and read."""
    about = {label: brand.name for label, brand in brands.by_logo().items()}
    rows = [_row(name, members, about) for name, members in _groups(found.measured).items()]
    return PictureFigures(finder=found.finder, rows=tuple(rows), rates=tuple(_rates(found, about)))


def _measured(pictures: Sequence[AnnotatedPicture]) -> list[AnnotatedPicture]:
    """Test pictures; of folders that have none all, unless only labels say what they show."""
    with_test = {picture.folder for picture in pictures if picture.split is Split.TEST}
    return [
        picture
        for picture in pictures
        if picture.split is Split.TEST or (picture.folder not in with_test and not only_labelled(picture))
    ]


def _groups(measured: Sequence[Seen]) -> dict[str, list[Seen]]:
    """The rows of the table. Pictures without a logo in a folder with logos are its hard negatives."""
    groups = {}
    for name, folders in _TOGETHER.items():
        groups[f"{name} ({', '.join(folders)})"] = [one for one in measured if one.picture.folder in folders]
    others = [one for one in measured if one.picture.folder not in itertools.chain(*_TOGETHER.values())]
    with_logos = folders_with_logos([one.picture for one in others if one.picture.boxed])
    for folder in sorted({one.picture.folder for one in others}):
        own = [one for one in others if one.picture.folder == folder]
        name = folder if any(one.picture.split is Split.TEST for one in own) else f"{folder} (not test)"
        groups[name] = [one for one in own if one.picture.boxes or folder not in with_logos]
        groups[f"{name}, no logo"] = [one for one in own if not one.picture.boxes and folder in with_logos]
    return {name: members for name, members in groups.items() if members}


def _row(name: str, seen: Sequence[Seen], about: Mapping[str, str]) -> ShownRow:
    shown = [shown_brands(one.picture, about) for one in seen]
    # A brand whose box is to be ignored is neither right nor wrong.
    never_wrong = [
        {about.get(box.label) for box in one.picture.boxes} | right
        for one, right in zip(seen, shown, strict=True)
    ]
    ways = {}
    for way in Way:
        told = [_told(one, about, way) for one in seen]
        ways[way] = Counted(
            found=sum(len(brands & right) for brands, right in zip(told, shown, strict=True)),
            wrong=sum(bool(brands - there) for brands, there in zip(told, never_wrong, strict=True)),
        )
    return ShownRow(name=name, pictures=len(seen), shown=sum(map(len, shown)), ways=ways)


@dataclass(frozen=True)
class Stranger:
    """A brand that nobody trained: `pictures` are looked at, `references` are others of it."""

    brand: str
    label: str
    folder: str
    references: list[Reference]
    pictures: list[AnnotatedPicture]


@dataclass(frozen=True)
class Witnessed:
    """What `finder` (its identity) saw and read: in the pictures of the table, and in those of strangers."""

    finder: str
    measured: list[Seen]
    of_strangers: list[Seen]
    strangers: list[Stranger]


def strangers_of(pictures: Sequence[AnnotatedPicture], brands: Brands) -> list[Stranger]:
    """The brands of `pictures` that nobody trains, `brands` apart, and `REFERENCES` references of each."""
    chosen = select(pictures).strangers
    found = []
    for folder, label in sorted({(one.folder, label) for one in chosen for label in one.labels}):
        own = [one for one in chosen if one.folder == folder and label in one.labels]
        in_order = sorted(own, key=lambda one: name_hash(one.path.name))
        shown: dict[str, AnnotatedPicture] = {}
        for one in in_order:
            if len(shown) < REFERENCES:
                shown.setdefault(one.group or one.path.name, one)
        if label not in brands.by_logo() and len(shown) == REFERENCES:
            rest = [one for one in own if (one.group or one.path.name) not in shown]
            references = [_reference(one, label) for one in shown.values()]
            found.append(Stranger(label.title(), label, folder, references, rest))
    return found


def _reference(picture: AnnotatedPicture, label: str) -> Reference:
    """Its box where there is one; else the picture, in which `in_common` finds the logo."""
    boxes = [box for box in picture.targets if box.label == label]
    if not boxes:
        return read_reference(picture.path)
    x1, y1, x2, y2 = (max(round(corner), 0) for corner in boxes[0].corners)
    return read_reference(picture.path, (x1, y1, min(x2, picture.width), min(y2, picture.height)))


def finder_with(model: Path, embedder: Path, brands: Brands, strangers: Sequence[Stranger]) -> LogoFinder:
    """The service's, with the strangers added to its brands and its gallery."""
    detector = load_detector(model, brands, Device.AUTO)
    if not isinstance(detector, DenseDetector):
        raise SetupError(f"{model} proposes no boxes for the gallery; give a model of `brand-train logos`")
    loaded = load_embedder(embedder, Device.AUTO)
    target = Target(proposals=MOST_PROPOSALS)
    entries = tuple(
        build_entry(one.brand, in_common(one.references, detector, loaded), loaded, target)
        for one in strangers
    )
    named = "".join(f"{loaded.identity}{one.brand}{one.threshold:.6f}" for one in entries)
    gallery = Gallery(version=crc32(named.encode()), entries=entries)
    everything = Brands([*brands, *(Brand(name=one.brand) for one in strangers)])
    reader = NameReader(load_reader(Device.AUTO), everything)
    return LogoFinder(GalleryDetector(detector, loaded, gallery), reader)


def _rates(found: Witnessed, about: Mapping[str, str]) -> Iterator[RateRow]:
    """Of `about` (label -> brand), on logo-free pictures; and of the strangers of each folder, on all."""
    with_logos = folders_with_logos([one.picture for one in found.measured if one.picture.boxed])
    free = [one for one in found.measured if one.picture.folder not in with_logos]
    for name, members in _groups(found.measured).items():
        shown = [(one, brand) for one in members for brand in shown_brands(one.picture, about)]
        if shown:
            yield _rate(name, shown, free, about)
    strangers = {one.label: one.brand for one in found.strangers}
    others = [one for one in found.measured if not shown_brands(one.picture, strangers)]
    for folder in sorted({one.folder for one in found.strangers}):
        own = [one for one in found.of_strangers if one.picture.folder == folder]
        shown = [(one, brand) for one in own for brand in shown_brands(one.picture, strangers)]
        brands = ", ".join(sorted({brand for _, brand in shown}))
        yield _rate(f"nobody trained, {folder}: {brands}", shown, others, strangers)


def _rate(
    name: str, shown: Sequence[tuple[Seen, str]], others: Sequence[Seen], about: Mapping[str, str]
) -> RateRow:
    at_rate, shipped, alarms = {}, {}, {}
    for way in Way:
        alarmed = sorted(
            (max(_scores(one, about, way).values(), default=_NOTHING) for one in others), reverse=True
        )
        allowed = int(RATE * len(others))
        level = alarmed[allowed] if allowed < len(others) else _NOTHING
        at_rate[way] = _mean(_scores(one, about, way).get(brand, _NOTHING) > level for one, brand in shown)
        shipped[way] = _mean(brand in _told(one, about, way) for one, brand in shown)
        alarms[way] = _mean(bool(_told(one, about, way)) for one in others)
    return RateRow(
        name=name, pictures=len(shown), at_rate=at_rate, shipped=shipped, others=len(others), alarms=alarms
    )


def _mean(hits: Iterable[bool]) -> float:
    """0 of none."""
    counted = list(hits)
    return sum(counted) / max(len(counted), 1)


def _told(seen: Seen, about: Mapping[str, str], way: Way) -> set[str]:
    return {found.brand for found in decided(seen, about, way).detections}


def _scores(seen: Seen, about: Mapping[str, str], way: Way) -> dict[str, float]:
    """The best score of each brand, however weak; of the look its own strength."""
    if way is Way.LOOK:
        found = [(look.brand, look.strength) for look in seen.looks if look.brand in about.values()]
    else:
        everything = msgspec.structs.replace(load_weights(), report_from=0.0)
        found = [(one.brand, one.score) for one in decided(seen, about, way, everything).detections]
    best: dict[str, float] = {}
    for brand, score in found:
        best[brand] = max(score, best.get(brand, _NOTHING))
    return best
