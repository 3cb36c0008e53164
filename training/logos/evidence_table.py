"""Makes the table of evidence that ships (`monitor/logos/evidence.toml`), from pictures of val.

brand-train logos evidence --data DIR --out monitor/logos/evidence.toml
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from monitor.brands import Brand, Brands, load_brands
from monitor.inference import load_manifest
from monitor.logos.agreement import Said
from monitor.logos.weights import Weights, load_weights
from training.data.logo_sets import read_logo_sets
from training.data.pictures import AnnotatedPicture, Split
from training.logos.evidence_fit import examples, fit
from training.logos.picture_figures import (
    Stranger,
    Way,
    decided,
    finder_with,
    shown_brands,
    strangers_of,
)
from training.logos.witnesses import Seen, witnesses

GRID: Final = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Probabilities from which brands may be reported."""
MOST_WRONG: Final = 0.01
"""Share of pictures with logos that may be said to show a wrong brand; a quarter of what people put up with,
since the weights were fitted on the same pictures."""
MOST_ALARMED: Final = 0.005
"""Share of logo-free pictures that may be said to show a brand."""


@dataclass(frozen=True, slots=True)
class Point:
    """What comes of one way to decide: brands found of those shown, and shares of pictures."""

    name: str
    found: float
    wrong: float
    """Of photographs with boxes of logos, those that are said to show another brand, too."""
    alarmed: float
    """Of photographs in folders without any logo, those that are said to show one."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """The table to ship, and how it was come by."""

    weights: Weights
    counted: dict[Said, tuple[int, int]]
    """Claims of each kind, and how many of them were right."""
    points: tuple[Point, ...]
    pictures: int
    finder: str

    def toml(self) -> str:
        """The file `monitor/logos/evidence.toml`."""
        weights = self.weights
        lines = [
            "# How much each piece of evidence weighs: natural logarithms of odds, added up, and from what",
            "# probability a brand is reported. Made by `brand-train logos evidence`; see",
            "# monitor/logos/weights.py for what each line means.",
            "",
            f"report_from = {weights.report_from}",
            f"unseen = {weights.unseen}",
        ]
        for name, table in (("look", weights.look), ("alone", weights.alone)):
            lines += ["", f"[{name}]"]
            for source, line in table.items():
                parts = ", ".join(
                    f"{part} = {value:.3f}" for part, value in msgspec.structs.asdict(line).items()
                )
                lines.append(f"{source} = {{ {parts} }}")
        lines += ["", "[letters]  # behind each: places on the pictures below, and how many were right"]
        for said in Said:
            places, right = self.counted.get(said, (0, 0))
            lines.append(f'"{said.value}" = {weights.letters[said]:.3f}  # {places:,}, {right:,}')
        lines += ["", "[fitted]", f'on = "{self.pictures} pictures of val"', f'by = "{self.finder}"', ""]
        return "\n".join(lines)

    def markdown(self) -> str:
        """The curve, and the point on it."""
        rows = [
            f"| {point.name} | {point.found:.3f} | {point.wrong:.1%} | {point.alarmed:.1%} |"
            for point in self.points
        ]
        return "\n".join(
            [
                f"{self.pictures} pictures of val; brands are reported from {self.weights.report_from} on:",
                "",
                "| | brands found | pictures with a wrong brand | logo-free ones with any |",
                "|---|---|---|---|",
                *rows,
            ]
        )


def fit_evidence(data: Path, model: Path, embedder: Path, kept: Path) -> Fitted:
    """Look at and read pictures of val, fit the weights, and choose from where brands are reported.

    Watched are all brands that the model knows, whether brands.toml lists them or not, and those that nobody
    trained, by name and references. What was seen and read is kept in the file `kept`. Raises `SetupError`
    where nothing can be read.
    """
    pictures = read_logo_sets(data)
    brands = every_brand(load_manifest(model).labels)
    strangers = strangers_of(pictures, brands)
    finder = finder_with(model, embedder, brands, strangers)
    reference_groups = _groups_of_references(pictures, strangers)
    chosen = [
        picture
        for picture in to_fit_on(pictures)
        if (picture.folder, picture.group or picture.path.name) not in reference_groups
    ]
    labels = {label: brand.name for label, brand in brands.by_logo().items()}
    labels |= {stranger.label: stranger.brand for stranger in strangers}
    return fitted(witnesses(chosen, finder, kept), labels, finder.detector.identity)


def to_fit_on(pictures: Sequence[AnnotatedPicture]) -> list[AnnotatedPicture]:
    """Those of val, those without a logo that no training reads (`boxed` is false), and of folders without
    val and test pictures all: the network may have seen these, but not their letters."""
    split = {picture.folder for picture in pictures if picture.split is not Split.TRAIN}
    return [
        picture
        for picture in pictures
        if picture.split is Split.VAL
        or picture.folder not in split
        or (picture.split is Split.TRAIN and not picture.boxed and not picture.labels)
    ]


def every_brand(labels: Sequence[str]) -> Brands:
    """Those of the packaged brands.toml, and one for every other label, by the name that the label spells."""
    known = load_brands()
    others = [label for label in labels if label not in known.by_logo()]
    return Brands([*known, *(Brand(label.replace("_", " ").title(), logos=(label,)) for label in others)])


def _groups_of_references(
    pictures: Sequence[AnnotatedPicture], strangers: Sequence[Stranger]
) -> set[tuple[str, str]]:
    """Near-duplicates of references, and these themselves."""
    looked_at = {picture.path for stranger in strangers for picture in stranger.pictures}
    labels = {(stranger.folder, stranger.label) for stranger in strangers}
    return {
        (picture.folder, picture.group or picture.path.name)
        for picture in pictures
        if picture.split is Split.VAL and picture.path not in looked_at
        if any((picture.folder, label) in labels for label in picture.labels)
    }


def fitted(seen: Sequence[Seen], brands: Mapping[str, str], finder: str) -> Fitted:
    """Weights and point from what was seen and read; `brands`: label -> brand."""
    weights = fit(seen, brands, load_weights())
    places = examples(seen, brands, weights)
    counted = {
        said: (
            sum(place.claim.said is said for place in places),
            sum(place.claim.said is said and place.right for place in places),
        )
        for said in Said
    }
    photographs = [one for one in seen if one.picture.is_photograph]
    points = {
        level: point(
            f"both, from {level}", photographs, brands, msgspec.structs.replace(weights, report_from=level)
        )
        for level in GRID
    }
    sound = (
        level for level, one in points.items() if one.wrong <= MOST_WRONG and one.alarmed <= MOST_ALARMED
    )
    weights = msgspec.structs.replace(weights, report_from=next(sound, GRID[-1]))
    alone = (
        point("look alone, at its thresholds", photographs, brands, weights, Way.LOOK),
        point("letters alone", photographs, brands, weights, Way.LETTERS),
    )
    return Fitted(weights, counted, (*alone, *points.values()), len(seen), finder)


def point(
    name: str, seen: Sequence[Seen], brands: Mapping[str, str], weights: Weights, way: Way = Way.BOTH
) -> Point:
    """What one way finds in pictures whose logos are boxed."""
    shown = found = wrong = alarmed = 0
    with_logos = [one for one in seen if one.picture.boxed and one.picture.boxes]
    free = {one.picture.folder for one in seen} - {one.picture.folder for one in seen if one.picture.shown}
    without = [one for one in seen if one.picture.folder in free]
    for one in with_logos:
        there = shown_brands(one.picture, brands)
        told = {one.brand for one in decided(one, brands, way, weights).detections}
        doubtful = {brands.get(box.label) for box in one.picture.boxes}
        shown, found = shown + len(there), found + len(told & there)
        wrong += bool(told - there - doubtful)
    for one in without:
        alarmed += bool(decided(one, brands, way, weights).detections)
    return Point(
        name,
        found=found / max(shown, 1),
        wrong=wrong / max(len(with_logos), 1),
        alarmed=alarmed / max(len(without), 1),
    )
