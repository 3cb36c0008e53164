"""One decision out of two witnesses: what the network sees in a picture, and the letters read in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from monitor.logos.agreement import Said, area, is_like, line_in, plain, said_by, shared, size
from monitor.logos.weights import Weights, load_weights, logistic
from monitor.messages import Box, Detection, Evidence

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
    """A look that would count, alone or by all evidence, had not another brand the better claim to its
    place."""

    look: Look
    to: Detection


@dataclass(frozen=True, slots=True)
class Decision:
    """What a picture shows, best first, and what it was kept from showing."""

    detections: tuple[Detection, ...]
    vetoes: tuple[Veto, ...] = ()
    lost: tuple[Lost, ...] = ()


_RULES: Final = 1
"""Counts up with every change of the rules here and in `monitor.logos.agreement`."""
_SAME_PLACE: Final = 0.45
"""IoU from which two brands ask for one place."""
_PART: Final = 0.5
"""Share of the smaller of two boxes of one brand inside the other from which they are one logo."""
_NEAR: Final = 0.5
"""A name this many heights of its letters from a mark or nearer belongs to it. On val photographs 16 brands
then have more detections than logos, 21 if the two had to touch; farther names are logos of their own: from 1
on, more of the 216 logos found at IoU .5 are lost than gained."""


def digest() -> str:
    """Eight hexadecimal digits: equal digests, equal decisions."""
    return f"{load_weights().digest()[:6]}{_RULES:02d}"


def decide(
    looks: Sequence[Look],
    names: Sequence[Name],
    lines: "Sequence[TextLine]",
    weights: Weights | None = None,
) -> Decision:
    """Weigh what was seen and read in one picture; `lines` are all lines read, in reading order.

    Letters that spell a brand confirm a weak look of it, beside it or anywhere else in the picture; a look
    whose place plainly reads another word does not count; a name suffices alone, unless it is an everyday
    word among others. What a picture's caption names has no say: what a picture shows is kept once for all
    mentions that share it, and a caption that names the brand counts by itself.
    """
    weights = weights or load_weights()
    claims = claims_of(looks, names, lines, weights)
    vetoes = [
        Veto(claim.look, claim.line)
        for claim in claims
        if claim.said is Said.OTHER and claim.look is not None and claim.line is not None
        if claim.look.score >= claim.look.threshold and claim.score < weights.report_from
    ]
    return _told(claims, weights.report_from, tuple(vetoes))


def by_look(looks: Sequence[Look], weights: Weights | None = None) -> Decision:
    """What the look alone suffices for, at its own thresholds, where nobody reads."""
    weights = weights or load_weights()
    enough = [look for look in looks if look.score >= look.threshold]
    return _told(
        [
            Claim(
                look.brand,
                look.box,
                logistic(weights.alone[look.source].at(look.strength, size(look.box))),
                look,
            )
            for look in apart(enough)
        ],
        0.0,
        (),
    )


@dataclass(frozen=True, slots=True)
class Claim:
    """A place where a picture may show a brand, all that speaks for and against it, and its probability."""

    brand: str
    box: Box
    score: float
    look: Look | None = None
    name: Name | None = None
    """Read there, or elsewhere in the picture."""
    said: Said = Said.NOTHING
    line: "TextLine | None" = None
    """In the place, where it decided what the letters say."""

    @property
    def detection(self) -> Detection:
        """As it is told."""
        text = self.name.line if self.name else None
        letters = self.name.score if self.name else None
        if self.said is Said.ALIKE and self.line is not None:
            text, letters = self.line.text, self.line.score
        look = self.look.score if self.look else None
        evidence: Evidence = "look" if letters is None else "letters" if look is None else "both"
        return Detection(
            brand=self.brand,
            score=self.score,
            box=self.box,
            evidence=evidence,
            look=look,
            letters=letters,
            line=text,
        )


def claims_of(
    looks: Sequence[Look], names: Sequence[Name], lines: "Sequence[TextLine]", weights: Weights
) -> list[Claim]:
    """Every place that may show a brand, however improbable."""
    readable = plain(lines)
    brands = dict.fromkeys([*(look.brand for look in looks), *(name.brand for name in names)])
    told = {name.brand for name in names if _by_name(name, weights) >= weights.report_from}
    return [
        claim
        for brand in brands
        for claim in _claims(
            [look for look in looks if look.brand == brand],
            sorted(
                (name for name in names if name.brand == brand),
                key=lambda name: (-weights.letters[said_by(name)], -name.score),
            ),
            readable,
            bool(told - {brand}),
            weights,
        )
    ]


def _claims(
    looks: Sequence[Look],
    names: Sequence[Name],
    lines: "Sequence[tuple[TextLine, Box]]",
    rivals: bool,
    weights: Weights,
) -> Iterator[Claim]:
    """Those of one brand; the names that say most come first."""
    free = list(names)
    for look in apart(looks):
        here = [name for name in names if _near(name.box, look.box)]
        line = None if here else line_in(look.box, lines)
        name = None
        if here:
            said, name = said_by(here[0]), here[0]
        elif line is not None:
            said = Said.ALIKE if is_like(line.text, look.brand) else Said.OTHER
        elif names:
            said, name = Said.ELSEWHERE, names[0]
        else:
            said = Said.RIVAL if rivals else Said.NOTHING
        if here and not any(name in free for name in here):
            continue  # a weaker look at a name that has its claim
        free = [name for name in free if name not in here]
        if here and look.strength <= weights.unseen:
            yield Claim(look.brand, here[0].box, _by_name(here[0], weights), None, here[0], said)
        else:
            score = logistic(weights.weight(look.strength, look.source, size(look.box), said))
            yield Claim(look.brand, _place(look, name if here else None), score, look, name, said, line)
    for name in free:
        yield Claim(name.brand, name.box, _by_name(name, weights), None, name, said_by(name))


def _place(look: Look, name: Name | None) -> Box:
    """The look's box: on val pictures it fits logos better than that of the letters, or one around both.
    Only where a look that would not suffice alone lies beside the letters, it is they that were seen."""
    beside = name is not None and not _overlap(name.box, look.box)
    return name.box if name is not None and beside and look.score < look.threshold else look.box


def _by_name(name: Name, weights: Weights) -> float:
    """The probability where nothing was seen."""
    return logistic(weights.weight(None, "trained", size(name.box), said_by(name)))


def apart(looks: Sequence[Look]) -> list[Look]:
    """Looks of which no two lie at one place, strongest first: half a wordmark is no second logo."""
    kept: list[Look] = []
    for look in sorted(looks, key=lambda look: -look.strength):
        if not any(one.brand == look.brand and _overlap(one.box, look.box) for one in kept):
            kept.append(look)
    return kept


def _told(claims: Sequence[Claim], report_from: float, vetoes: tuple[Veto, ...]) -> Decision:
    """Best first, each place once."""
    kept: list[Detection] = []
    lost: list[Lost] = []
    for claim in sorted(claims, key=lambda claim: -claim.score):
        found, look = claim.detection, claim.look
        rival = next((one for one in kept if _rivals(one, found)), None)
        counts = claim.score >= report_from
        if counts and rival is None:
            kept.append(found)
        elif (
            rival is not None
            and look is not None
            and rival.brand != claim.brand
            and (counts or (look.score >= look.threshold and claim.said is not Said.OTHER))
        ):
            lost.append(Lost(look, rival))
    return Decision(tuple(kept), vetoes, tuple(lost))


def _rivals(one: Detection, other: Detection) -> bool:
    if one.brand == other.brand:
        return _overlap(one.box, other.box)
    common = shared(one.box, other.box)
    return common > _SAME_PLACE * (area(one.box) + area(other.box) - common)


def _overlap(one: Box, other: Box) -> bool:
    return shared(one, other) > _PART * min(area(one), area(other))


def _near(letters: Box, mark: Box) -> bool:
    margin = _NEAR * min(letters.width, letters.height)
    around = Box(
        letters.x - margin, letters.y - margin, letters.width + 2 * margin, letters.height + 2 * margin
    )
    return shared(around, mark) > 0
