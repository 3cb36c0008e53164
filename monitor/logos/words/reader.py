"""Reads lines of text in pictures: one network finds them, another reads them.

Both are PP-OCRv6 small, in the model folders `reader-lines` and `reader-letters`; training/reader_files.py
says how they were made. A picture reads the same whatever it comes with: its lines share no run with others'.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import cv2
import msgspec
import numpy as np

from monitor.inference.session import ModelSession, open_session
from monitor.logos.words.finding import FINDER, MULTIPLE, Pixels, Quad, cut_line, find_lines, sides
from monitor.logos.words.lines import UPRIGHT_FROM, Corner, TextLine
from monitor.settings import Device, packaged

Corners = tuple[Corner, Corner, Corner, Corner]

READER: Final = "reader-letters"
"""Name of the folder of the model that reads lines."""
LETTERS: Final = "letters.txt"
"""The letters it knows, one a line, beside the model."""

LINE_HEIGHT: Final = 48
"""px, height of a line as the model reads it."""
_GREY: Final = 128
"""What stands behind a line's end: the value that the model takes for nothing."""
_LONGEST_RATIO: Final = 8.0
"""Width by height from which a picture gets a margin, without which writing is not found in a strip."""
_SAME_ROW: Final = 0.5
"""Share of a line's height by which it may stand lower than its neighbour in a row."""


class ReadingPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How pictures are read. Any change makes another version: scans made with the old one stay as they
    are."""

    finder_side: int = 576
    """px, long side at which lines are looked for; smaller pictures stay as they are. Of 26 names in pictures
    of 640 px 21 are read, 18 at 512; 22 at 640, where a picture costs a tenth more."""
    large_from: int = 1024
    """px, long side from which a picture counts as large; looking for logos takes longer there, too."""
    large_finder_side: int = 960
    """px, long side at which lines are looked for in a large picture."""
    longest_side: int = 1280
    """px, long side at which lines are cut out."""
    behind: int = 32
    """px that are left free behind a line at least: the last letters of short ones are read better so."""
    width_step: int = 32
    """px: lines are filled up to multiples of it and run together with those of the same width."""
    most_width: int = 2048
    """px of all lines of a picture together as they are read, 48 px high, the tallest first: a photographed
    page of print must not hold up the stream. No name fewer is read than with twice as many."""
    together: int = 8
    """Lines in one run of the model; bounds memory."""
    surest_from: float = 0.5
    """Confidence from which a line counts as read, 0..1."""


class PictureReader(Protocol):
    """Reads words in pictures.

    `read` blocks for as long as the models take; call it from a worker thread, never from the event loop. It
    may raise anything: whoever calls it goes on without words.
    """

    @property
    def identity(self) -> str:
        """Version of models and plan: equal identities, equal lines."""

    @property
    def device(self) -> Device:
        """Where the models really run."""

    def read(self, pixels: Pixels) -> tuple[TextLine, ...]:
        """Lines in the picture (uint8, height x width x 3, BGR), from top to bottom."""


class _Cut(NamedTuple):
    """A line cut out of the picture, 48 px high, and the width at which it runs."""

    quad: Quad
    upright: bool
    pixels: Pixels
    width: int


@dataclass(frozen=True)
class WordReader:
    """The reader behind `MONITOR_OCR`; see `PictureReader` for the contract."""

    finder: ModelSession
    reader: ModelSession
    letters: tuple[str, ...]
    """What the reader's numbers stand for; 0 is the place between two letters."""
    plan: ReadingPlan
    identity: str
    device: Device

    def read(self, pixels: Pixels) -> tuple[TextLine, ...]:
        """See `PictureReader.read`."""
        shown = _scaled(pixels, self.plan.longest_side)
        height, width = shown.shape[:2]
        margin = max(round(width / _LONGEST_RATIO) - height, 0)
        if margin:
            shown = _with_margin(shown, margin)
        cuts = list(self._bounded(shown, self._find(shown)))
        said = dict(self._said(cuts))
        return tuple(
            TextLine(*said[index], _corners(cuts[index].quad, width, height, margin), cuts[index].upright)
            for index in _in_reading_order([cut.quad for cut in cuts])
            if index in said
        )

    def warm_up(self) -> None:
        """Read a drawn word, so that the first picture does not pay for planning."""
        canvas = np.full((480, 640, 3), 255, np.uint8)
        cv2.putText(canvas, "warm-up", (120, 260), cv2.FONT_HERSHEY_SIMPLEX, 3.0, (0, 0, 0), 6)
        self.read(canvas)

    def _find(self, shown: Pixels) -> Iterator[Quad]:
        """Lines in px of `shown`."""
        height, width = shown.shape[:2]
        large = max(height, width) >= self.plan.large_from
        side = self.plan.large_finder_side if large else self.plan.finder_side
        scale = min(side / max(height, width), 1)
        size = [max(round(length * scale / MULTIPLE), 1) * MULTIPLE for length in (width, height)]
        (text,) = self.finder.run(pixels=cv2.resize(shown, size, interpolation=cv2.INTER_AREA)[None])
        for quad in find_lines(text[0, 0]):
            yield quad * np.array((width, height), np.float32)

    def _bounded(self, shown: Pixels, quads: Iterator[Quad]) -> Iterator[_Cut]:
        """The tallest lines, as many as fit into `most_width`, cut out."""
        left = self.plan.most_width
        for quad in sorted(quads, key=lambda quad: (-min(sides(quad)), *quad.ravel().tolist())):
            along, across = sides(quad)
            upright = across >= UPRIGHT_FROM * along
            if upright:
                along, across = across, along
            if min(along, across) < 1:
                continue
            longest = self.plan.most_width - self.plan.behind
            length = min(max(round(LINE_HEIGHT * along / across), 1), longest)
            width = -(-(length + self.plan.behind) // self.plan.width_step) * self.plan.width_step
            if width <= left:
                left -= width
                yield _Cut(quad, upright, cut_line(shown, quad, upright, (length, LINE_HEIGHT)), width)

    def _said(self, cuts: Sequence[_Cut]) -> Iterator[tuple[int, tuple[str, float]]]:
        """What the lines say, and how sure that is, by number; lines that say nothing are left out."""
        by_width = sorted(range(len(cuts)), key=lambda index: cuts[index].width)
        while by_width:
            width = cuts[by_width[0]].width
            run = [index for index in by_width if cuts[index].width == width][: self.plan.together]
            by_width = by_width[len(run) :]
            lines = np.full((len(run), LINE_HEIGHT, width, 3), _GREY, np.uint8)
            for line, index in zip(lines, run, strict=True):
                line[:, : cuts[index].pixels.shape[1]] = cuts[index].pixels
            for index, numbers, scores in zip(run, *self.reader.run(pixels=lines), strict=True):
                # A letter that stays over several places is one letter; 0 parts two equal ones.
                begins = (numbers != 0) & (np.diff(numbers, prepend=0) != 0)
                text = "".join(self.letters[number] for number in numbers[begins]).strip()
                if text and (score := float(scores[begins].mean())) >= self.plan.surest_from:
                    yield index, (text, min(score, 1.0))


def load_reader(device: Device = Device.AUTO, threads: int = 0) -> WordReader:
    """Load the models on `device` and read a word with them; blocks for a second or two.

    `threads` as for `open_session`. Raises `SetupError` where files are missing or changed, or `device` is
    `cuda` and CUDA does not come up.
    """
    plan = ReadingPlan()
    folder = packaged("onnx_models")
    finder = open_session(folder / FINDER, device, threads)
    reader = open_session(folder / READER, device, threads)
    letters = (folder / READER / LETTERS).read_text("utf-8").removesuffix("\n").split("\n")
    on = Device.CUDA if {finder.device, reader.device} == {Device.CUDA} else Device.CPU
    loaded = WordReader(finder, reader, ("", *letters, " "), plan, _identity(finder, reader, plan), on)
    loaded.warm_up()
    return loaded


def _identity(finder: ModelSession, reader: ModelSession, plan: ReadingPlan) -> str:
    """A digest of models and plan, 8 hexadecimal digits."""
    used = msgspec.json.encode((finder.manifest.sha256, reader.manifest.sha256, plan))
    return hashlib.sha256(used).hexdigest()[:8]


def _scaled(pixels: Pixels, longest: int) -> Pixels:
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return pixels
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _with_margin(pixels: Pixels, margin: int) -> Pixels:
    """The picture with `margin` black px above and below."""
    return np.asarray(cv2.copyMakeBorder(pixels, margin, margin, 0, 0, cv2.BORDER_CONSTANT), np.uint8)


def _in_reading_order(quads: Sequence[Quad]) -> list[int]:
    """Numbers of the quadrilaterals, row by row, each row from left to right."""
    rows: list[list[int]] = []
    for index in sorted(range(len(quads)), key=lambda index: float(quads[index][0, 1])):
        below = float(quads[index][0, 1] - quads[rows[-1][-1]][0, 1]) if rows else 0.0
        if not rows or below > _SAME_ROW * min(sides(quads[index])):
            rows.append([])
        rows[-1].append(index)
    return [index for row in rows for index in sorted(row, key=lambda index: float(quads[index][0, 0]))]


def _corners(quad: Quad, width: int, height: int, margin: int) -> Corners:
    """In shares of the picture without its margin, 0..1; `quad` is in px with it."""
    shares = np.clip((quad - (0, margin)) / (width, height), 0, 1).tolist()
    top_left, top_right, bottom_right, bottom_left = ((x, y) for x, y in shares)
    return top_left, top_right, bottom_right, bottom_left
