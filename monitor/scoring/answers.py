"""What `brand-monitor score` prints: one JSON object per input, the finding or why there is none."""

import os
from pathlib import Path
from typing import Self

import msgspec

from monitor.errors import DataError
from monitor.logos.evidence import Veto
from monitor.messages import Box, Detection, Evidence, Verdict

TextId = str | int
"""As given on the line; the line's number (from 1) where it gave none or cannot be read."""


class Fault(msgspec.Struct, frozen=True):
    """Why an input has no finding: the code its dead letter would carry, and the detail."""

    code: str
    detail: str

    @classmethod
    def of(cls, error: DataError) -> Self:
        """The fault as printed."""
        return cls(error.code.value, error.detail)


class Toward(msgspec.Struct, frozen=True, kw_only=True):
    """Sentiment toward a brand where a text names it: characters [start, end)."""

    brand: str
    start: int
    end: int
    label: Verdict
    p_negative: float
    p_neutral: float
    p_positive: float


class TextAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Sentiment of one text, the brands it names, each once, in order of appearance, and how it speaks of
    each, as workers ask it; of a text with a target, the sentiment toward that alone.

    Probabilities are in 0..1 and sum to 1. `label` is `unsure` where the largest of them is below the
    asked-for confidence. `language` is a primary subtag, `und` where nobody knows.
    """

    id: TextId
    label: Verdict
    p_negative: float
    p_neutral: float
    p_positive: float
    language: str
    brands: list[str]
    toward: list[Toward]


class UnscoredText(msgspec.Struct, frozen=True, kw_only=True):
    """A text in a language that the model does not speak: what it names, and no verdict.

    `label` is null, `reason` says so in words.
    """

    id: TextId
    label: None = None
    reason: str
    language: str
    brands: list[str]


class TextFault(msgspec.Struct, frozen=True, kw_only=True):
    """A text that could not be scored."""

    id: TextId
    error: Fault


def shown(path: Path) -> str:
    """The path as JSON can hold it: bytes that are not UTF-8, which a file name may have, as \\xNN."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _pixels(box: Box, width: int, height: int) -> tuple[float, float, float, float]:
    """Corners are rounded to a hundredth of a pixel: none leaves the picture."""
    left, right = (round(value * width, 2) for value in (box.x, box.x + box.width))
    top, bottom = (round(value * height, 2) for value in (box.y, box.y + box.height))
    return left, top, round(right - left, 2), round(bottom - top, 2)


class PixelDetection(msgspec.Struct, frozen=True, kw_only=True):
    """One brand shown, with its evidence as in `Detection`. `box` is x, y, width, height in pixels of the
    upright picture, from its top left corner."""

    brand: str
    score: float
    box: tuple[float, float, float, float]
    evidence: Evidence
    look: float | None
    letters: float | None
    line: str | None

    @classmethod
    def of(cls, detection: Detection, width: int, height: int) -> Self:
        """From relative units."""
        return cls(
            brand=detection.brand,
            score=detection.score,
            box=_pixels(detection.box, width, height),
            evidence=detection.evidence,
            look=detection.look,
            letters=detection.letters,
            line=detection.line,
        )


class Vetoed(msgspec.Struct, frozen=True, kw_only=True):
    """A place that looks like a brand (the network's score `look`, 0..1) while its letters read `line`."""

    brand: str
    look: float
    line: str

    @classmethod
    def of(cls, veto: Veto) -> Self:
        """As printed."""
        return cls(brand=veto.look.brand, look=veto.look.score, line=veto.line.text)


class ImageAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The brands that one picture shows, best first. Width and height are in pixels, after EXIF orientation.

    `vetoes` is there where something was kept from counting, `unread` where the letters could not be read:
    it says why.
    """

    file: str
    width: int
    height: int
    detections: list[PixelDetection]
    vetoes: list[Vetoed] = []
    unread: str | None = None


class ImageFault(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that could not be scored."""

    file: str
    error: Fault


def encode_line(answer: TextAnswer | UnscoredText | TextFault | ImageAnswer | ImageFault) -> bytes:
    """One line of output, newline included."""
    return msgspec.json.encode(answer) + b"\n"
