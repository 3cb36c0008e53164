"""One decision out of two witnesses: what the network sees in a picture, and the letters read in it."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING, Final, Literal

from monitor.messages import Box, Detection

if TYPE_CHECKING:  # the words' room builds on this module
    from monitor.logos.words.lines import TextLine

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

    @property
    def strength(self) -> float:
        """How far the score lies on the way from the threshold to certainty: 1 is certain, under 0 too weak.

        This makes the trained brands' probabilities and the gallery's similarities comparable: both are 0
        where a brand's false alarms are just rare enough.
        """
        return strength(self.score, self.threshold)


def strength(score: float, threshold: float) -> float:
    """See `Look.strength`."""
    return (score - threshold) / max(1 - threshold, 1e-6)


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
    line: "TextLine"


@dataclass(frozen=True, slots=True)
class Lost:
    """A look that would have counted, had not another brand's detection the better claim to its place."""

    look: Look
    to: Detection


@dataclass(frozen=True, slots=True)
class Decision:
    """What a picture shows, best first, and what it was kept from showing."""

    detections: tuple[Detection, ...]
    vetoes: tuple[Veto, ...] = ()
    lost: tuple[Lost, ...] = ()


_REPORTED_FROM: Final = 0.5
_SAME_PLACE: Final = 0.45
_SURE_LETTERS: Final = 0.8


def decide(looks: Sequence[Look], names: Sequence[Name], lines: "Sequence[TextLine]") -> Decision:
    """Weigh what was seen and read in one picture; `lines` are all lines read, in reading order."""
    claims = [*_seen(looks, names), *_read(names)]
    vetoes = []
    for look in looks:
        line = _other_word(look, names, lines)
        if line is not None and look.score >= look.threshold:
            vetoes.append(Veto(look, line))
    spoiled = {id(veto.look) for veto in vetoes}
    return _told([claim for claim in claims if id(claim.look) not in spoiled], tuple(vetoes))


def by_look(looks: Sequence[Look]) -> Decision:
    """What the look alone suffices for, where nobody reads."""
    return _told([_alone(look) for look in looks], ())


@dataclass(frozen=True, slots=True)
class _Claim:
    """One place for which a brand asks; `look` is what it rests on, None where letters are all there is."""

    detection: Detection
    look: Look | None


def _alone(look: Look) -> _Claim:
    probability = 1 / (1 + exp(-6 * look.strength))
    return _Claim(Detection(brand=look.brand, score=probability, box=look.box, look=look.score), look)


def _seen(looks: Sequence[Look], names: Sequence[Name]) -> Iterator[_Claim]:
    for look in looks:
        own = [name for name in names if name.brand == look.brand]
        if not own:
            yield _alone(look)
            continue
        best = max(own, key=lambda name: name.score)
        yield _Claim(
            Detection(
                brand=look.brand,
                score=1 / (1 + exp(-6 * (look.strength + 0.5))),
                box=look.box,
                evidence="both",
                look=look.score,
                letters=best.score,
                line=best.line,
            ),
            look,
        )


def _read(names: Sequence[Name]) -> Iterator[_Claim]:
    for name in names:
        if name.everyday and not name.whole:
            continue
        yield _Claim(
            Detection(
                brand=name.brand,
                score=0.9 * name.score,
                box=name.box,
                evidence="letters",
                letters=name.score,
                line=name.line,
            ),
            None,
        )


def _other_word(look: Look, names: Sequence[Name], lines: "Sequence[TextLine]") -> "TextLine | None":
    for line in lines:
        letters = [letter for letter in line.text.casefold() if letter.isalnum()]
        own = any(name.brand == look.brand and name.line == line.text for name in names)
        if (
            line.score >= _SURE_LETTERS
            and len(letters) > 2
            and not own
            and "".join(letters) not in look.brand
        ):
            box = line.box()
            if _shared(box, look.box) > 0.6 * max(_area(box), _area(look.box)):
                return line
    return None


def _told(claims: Sequence[_Claim], vetoes: tuple[Veto, ...]) -> Decision:
    """Best first, each place once."""
    kept: list[_Claim] = []
    lost: list[Lost] = []
    for claim in sorted(claims, key=lambda claim: -claim.detection.score):
        if claim.detection.score < _REPORTED_FROM:
            continue
        rival = next((one for one in kept if _rivals(one.detection, claim.detection)), None)
        if rival is None:
            kept.append(claim)
        elif rival.detection.brand != claim.detection.brand and claim.look is not None:
            lost.append(Lost(claim.look, rival.detection))
    return Decision(tuple(claim.detection for claim in kept), vetoes, tuple(lost))


def _rivals(one: Detection, other: Detection) -> bool:
    shared = _shared(one.box, other.box)
    if one.brand == other.brand:
        return shared > 0
    return shared > _SAME_PLACE * (_area(one.box) + _area(other.box) - shared)


def _shared(one: Box, other: Box) -> float:
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    return max(width, 0.0) * max(height, 0.0)


def _area(box: Box) -> float:
    return box.width * box.height


def digest() -> str:
    """Eight hexadecimal digits: equal digests, equal decisions."""
    return hashlib.sha256(repr((_REPORTED_FROM, _SAME_PLACE, _SURE_LETTERS)).encode()).hexdigest()[:8]
