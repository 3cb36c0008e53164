"""One decision out of two witnesses: what the network sees in a picture, and the letters read in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from monitor.logos.words.lines import TextLine
from monitor.messages import Box, Detection

Source = Literal["trained", "gallery"]
"""Who saw it: the network that knows the brand, or the comparison with reference pictures."""


@dataclass(frozen=True, slots=True)
class Look:
    """A place where a brand may be seen; weak ones count, too. `score` is the witness's own, 0..1; from
    `threshold` on it would suffice alone."""

    brand: str
    score: float
    threshold: float
    box: Box
    source: Source = "trained"


@dataclass(frozen=True, slots=True)
class Name:
    """A brand's name read in a picture. `matched` is the name as read, `line` the whole line, `score` the
    reader's confidence in it, 0..1; `errors` letters of `matched` are others than the name's. `whole`: there
    is nothing else in the line. `everyday`: the name is a word that people use for other things, too."""

    brand: str
    matched: str
    line: str
    score: float
    box: Box
    errors: int = 0
    whole: bool = False
    everyday: bool = False


@dataclass(frozen=True, slots=True)
class Veto:
    """A look that does not count, because its letters plainly read something else."""

    look: Look
    line: TextLine


@dataclass(frozen=True, slots=True)
class Decision:
    """What a picture shows, best first, and what it was kept from showing."""

    detections: tuple[Detection, ...]
    vetoes: tuple[Veto, ...] = ()


def decide(looks: Sequence[Look], names: Sequence[Name], lines: Sequence[TextLine]) -> Decision:
    """Weigh what was seen and read in one picture; `lines` are all lines read, in reading order."""
    raise NotImplementedError
