"""Looks over brands.toml for what would make counts wrong without stopping anything."""

import calendar
from collections.abc import Collection, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from monitor.brands import Brand, Brands, ready_queries
from monitor.everyday import bare_letters, common_words
from monitor.texts import read

_SHORTEST = 3
"""Characters below which a spelling is mostly something else: "HP" is also horse power."""
_CALENDAR: Final = frozenset(name.lower() for name in (*calendar.day_name, *calendar.month_name) if name)
"""Everyday words that are written with a capital, so that the list of common words has few of them."""


class Weight(StrEnum):
    """How much a remark matters."""

    FAULT = "fault"
    """The file says something that cannot come true."""
    HINT = "hint"
    """Legal, and likely to miscount."""


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to look at in brands.toml. `brand` is "" where no brand is concerned."""

    brand: str
    weight: Weight
    remark: str


def check_brands(brands: Brands, labels: Collection[str], folder: Path) -> list[Remark]:
    """Remarks in the file's order; `labels` are the logo model's, `folder` is where brands.toml lies."""
    remarks = [remark for brand in brands for remark in _of_brand(brand, brands, labels, folder)]
    listed = {label for brand in brands for label in brand.logos}
    if unlisted := sorted(set(labels) - listed):
        remarks.append(
            _hint(
                "",
                "logos that the model knows and no brand has, never reported; where one is yours, "
                f'add `logos = ["LABEL"]` to your brand: {", ".join(unlisted)}',
            )
        )
    return remarks


def _of_brand(brand: Brand, brands: Brands, labels: Collection[str], folder: Path) -> Iterator[Remark]:
    for spelling in brand.spellings:
        bare = spelling.strip()
        if bare[0] not in "@#" and len(bare) < _SHORTEST:
            yield _hint(
                brand.name,
                f"{spelling!r} has under {_SHORTEST} characters and is likely to mean other things",
            )
        elif brand.query is None and (ready := ready_queries().get(read(bare).folded)):
            yield _hint(
                brand.name,
                f"{spelling!r} is an everyday word, so ordinary sentences will count; "
                f"a query that tells the brand from it is ready to copy from {ready[1]} "
                f"(`brand-monitor brands add '{brand.name}' --ready-query` does it)",
            )
        elif brand.query is None and read(bare).folded in common_words() | _CALENDAR:
            yield _hint(
                brand.name,
                f"{spelling!r} is an everyday word, so ordinary sentences will count; "
                "give the brand a query, or name it in full and add its handle or hashtag",
            )
        for other in brands:
            if other.name != brand.name and _letters(spelling) in map(_letters, other.spellings):
                yield _hint(
                    brand.name, f"{spelling!r} differs from a spelling of {other.name!r} in punctuation only"
                )
    for label in brand.logos:
        if label not in labels:
            yield _fault(brand.name, f"the logo model has no label {label!r}: this logo is never found")
    for reference in brand.references:
        if not (folder / reference).is_file():
            yield _fault(brand.name, f"reference picture {folder / reference} does not exist")


def _hint(brand: str, remark: str) -> Remark:
    return Remark(brand=brand, weight=Weight.HINT, remark=remark)


def _fault(brand: str, remark: str) -> Remark:
    return Remark(brand=brand, weight=Weight.FAULT, remark=remark)


def _letters(spelling: str) -> str:
    """What is left when people type carelessly."""
    return bare_letters(spelling) or spelling
