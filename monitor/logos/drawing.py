"""Draws detections on pictures, for reports and for people who check results by eye."""

import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.logos.evidence import Veto
from monitor.messages import Box, Evidence

# Told apart by people with red-green blindness too (Okabe and Ito 2008), BGR.
_COLOURS = (
    (0, 159, 230),
    (233, 180, 86),
    (115, 158, 0),
    (66, 228, 240),
    (178, 114, 0),
    (0, 94, 213),
    (167, 121, 204),
)
_GREY: Final = (210, 210, 210)
_GAP: Final = (70, 70, 70)
"""Between grey dashes, so that they are seen on anything."""
_WITNESSES: Final = {"look": " look", "letters": " letters", "both": " look+letters", None: ""}
_DASHES: Final = 96
"""How many dashes and gaps together are as long as the longer side of the picture."""


class Shown(Protocol):
    """A brand somewhere in a picture, as `Detection` has it. `evidence` is None where a person said so."""

    @property
    def brand(self) -> str:
        """Its name."""

    @property
    def score(self) -> float:
        """How probable it is, 0..1."""

    @property
    def box(self) -> Box:
        """Where."""

    @property
    def evidence(self) -> Evidence | None:
        """By what it was found."""


def annotate(
    pixels: NDArray[np.uint8],
    shown: Sequence[Shown],
    vetoes: Sequence[Veto] = (),
    *,
    evidence: bool = True,
) -> NDArray[np.uint8]:
    """A copy of `pixels` (uint8, height x width x 3, BGR) with a box for each brand shown and a caption:
    `VMware .93 look+letters`. What was taken for a brand until its letters were read is dashed in grey:
    `not VMware: "VMUG"`. Without `evidence` captions end after the score.

    A brand keeps its colour from picture to picture.
    """
    drawn = pixels.copy()
    for veto in vetoes:
        caption = f'not {_plain(veto.look.brand)}: "{_plain(veto.line.text)}"'
        _draw(drawn, veto.look.box, _GREY, caption, dashed=True)
    for each in sorted(shown, key=lambda each: each.score):  # the best on top
        score = f"{each.score:.2f}".removeprefix("0")
        caption = f"{_plain(each.brand)} {score}{_WITNESSES[each.evidence] if evidence else ''}"
        colour = _COLOURS[zlib.crc32(each.brand.encode()) % len(_COLOURS)]
        _draw(drawn, each.box, colour, caption)
    return drawn


def _draw(
    drawn: NDArray[np.uint8], box: Box, colour: tuple[int, int, int], caption: str, *, dashed: bool = False
) -> None:
    """Draw one box and its caption, above or underneath it, wherever there is room."""
    height, width = drawn.shape[:2]
    line = max(round(max(height, width) / 300), 1)
    font = max(max(height, width) / 1200, 0.35)
    left, top = round(box.x * width), round(box.y * height)
    right, bottom = round((box.x + box.width) * width), round((box.y + box.height) * height)
    if dashed:
        cv2.rectangle(drawn, (left, top), (right, bottom), _GAP, max(line // 2, 1))
        for start, end in _dashes(left, top, right, bottom, max(max(height, width) // _DASHES, 2)):
            cv2.line(drawn, start, end, colour, max(line // 2, 1))
    else:
        cv2.rectangle(drawn, (left, top), (right, bottom), colour, line)
    (text_width, text_height), below = cv2.getTextSize(caption, cv2.FONT_HERSHEY_SIMPLEX, font, line)
    x = min(left, max(width - text_width, 0))
    above = top >= text_height + 2 * below
    y = top - below if above else min(bottom + text_height + below, height - below)
    cv2.rectangle(drawn, (x, y - text_height - below), (x + text_width, y + below), colour, cv2.FILLED)
    cv2.putText(drawn, caption, (x, y), cv2.FONT_HERSHEY_SIMPLEX, font, (0, 0, 0), line, cv2.LINE_AA)


def _dashes(
    left: int, top: int, right: int, bottom: int, length: int
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Both ends of each dash around a rectangle."""
    for x in range(left, right + 1, 2 * length):
        for y in (top, bottom):
            yield (x, y), (min(x + length, right), y)
    for y in range(top, bottom + 1, 2 * length):
        for x in (left, right):
            yield (x, y), (x, min(y + length, bottom))


def _plain(name: str) -> str:
    """OpenCV's fonts hold ASCII only: accents are dropped, other letters shown as `?`."""
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).encode("ascii", "replace").decode()
