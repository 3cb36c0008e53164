"""Fits how much each piece of evidence weighs.

One logistic model over all places that may show a brand: what was seen there, and what the letters say. It
knows sources of evidence and no brands.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from monitor.logos.agreement import FOR, Said, size
from monitor.logos.boxes import corners_of, iou
from monitor.logos.evidence import Claim, Look, apart, claims_of
from monitor.logos.weights import Line, Weights
from training.logos.witnesses import Seen

SOURCES: Final = ("trained", "gallery")
_COLUMNS: Final = {"trained": 3, "gallery": 2}
"""Base, slope and doubling; val shows logos that nobody trained in close-ups only, which do not tell what
their size says."""
_ROUNDS: Final = 4
"""Which claims a picture makes depends on the weights a little; after four rounds none changes any more."""
_STRICTNESS: Final = 10.0
"""Inverse of the L2 penalty: it only keeps rows with a handful of pictures from certainty."""
_THERE: Final = 0.3
"""IoU with a marked box from which a place is the logo's."""


@dataclass(frozen=True, slots=True)
class Example:
    """A claim, and whether it is right."""

    claim: Claim
    right: bool


def examples(seen: Sequence[Seen], brands: Mapping[str, str], weights: Weights) -> list[Example]:
    """The best claim that each picture makes for each brand; `brands`: label -> brand.

    A claim is right where the picture shows the brand; a look beside a name elsewhere, where the logo is
    there. Pictures in which the brand is marked to be ignored say nothing of it, and those with labels of the
    whole picture nothing of names that are read there besides.
    """
    found = []
    for one in seen:
        shown = {brands.get(label) for label in one.picture.shown}
        ignored = {brands.get(box.label) for box in one.picture.boxes if box.ignore} - shown
        best: dict[tuple[str, bool], Claim] = {}
        for claim in claims_of(one.looks, one.names, one.lines, weights):
            key = claim.brand, claim.said is Said.ELSEWHERE
            unknown = not one.picture.boxed and (
                claim.said is Said.ELSEWHERE or (claim.said in FOR and claim.brand not in shown)
            )
            if claim.brand not in ignored and not unknown:
                best[key] = max(best.get(key, claim), claim, key=lambda claim: claim.score)
        for (brand, elsewhere), claim in best.items():
            right = brand in shown and (not elsewhere or _is_there(claim, one, brands))
            found.append(Example(claim, right))
    return found


def _is_there(claim: Claim, seen: Seen, brands: Mapping[str, str]) -> bool:
    sides = np.array([seen.picture.width, seen.picture.height] * 2, np.float32)
    marked = [box.corners for box in seen.picture.boxes if brands.get(box.label) == claim.brand]
    if not marked:
        return False
    overlap = iou((corners_of(claim.box) * sides)[None], np.array(marked, np.float32))
    return bool(overlap.max() >= _THERE)


def fit(seen: Sequence[Seen], brands: Mapping[str, str], start: Weights) -> Weights:
    """The weights that make what these pictures show most probable; `report_from` and `unseen` stay."""
    weights = msgspec.structs.replace(start, alone=_fit_alone(seen, brands))
    for _ in range(_ROUNDS):
        weights = _refit(examples(seen, brands, weights), weights)
    return weights


def _refit(rows: Sequence[Example], weights: Weights) -> Weights:
    kinds = [said for said in Said if said is not Said.NOTHING]
    features = np.array([_features(row.claim, weights, kinds) for row in rows])
    sources = [row.claim.look.source if row.claim.look else "trained" for row in rows]
    learned = _learned(features, [row.right for row in rows], sources, _brands(rows))
    letters: dict[Said, float] = {Said.NOTHING: 0.0}
    letters |= zip(kinds, learned[sum(_COLUMNS.values()) :], strict=True)
    if not any(row.claim.said is Said.AMONG for row in rows):
        # As much less than a name among other words as an everyday word alone is less than a name alone.
        letters[Said.AMONG] = letters[Said.WITHIN] + letters[Said.EVERYDAY] - letters[Said.NAME]
    return msgspec.structs.replace(
        weights,
        look=_lines(learned),
        letters={said: letters[said] for said in Said},
    )


def _brands(rows: Sequence[Example]) -> Counter[str]:
    """How many brands each source tells apart."""
    return Counter(
        source for _, source in {(row.claim.brand, row.claim.look.source) for row in rows if row.claim.look}
    )


def _fit_alone(seen: Sequence[Seen], brands: Mapping[str, str]) -> dict[str, Line]:
    features, right, sources = [], [], []
    every = set()
    for one in seen:
        shown = {brands.get(label) for label in one.picture.shown}
        best: dict[tuple[str, str], Look] = {}
        for look in apart(one.looks):
            best.setdefault((look.brand, look.source), look)
        features += [_of_look(look.source, look.strength, size(look.box)) for look in best.values()]
        right += [brand in shown for brand, _ in best]
        sources += [source for _, source in best]
        every |= set(best)
    return _lines(_learned(np.array(features), right, sources, Counter(source for _, source in every)))


def _features(claim: Claim, weights: Weights, kinds: Sequence[Said]) -> NDArray[np.float64]:
    look = claim.look
    strength = weights.unseen if look is None else weights.strength(look.strength, claim.said)
    seen = _of_look(look.source if look else "trained", strength, size(claim.box))
    return np.array([*seen, *(claim.said is said for said in kinds)], np.float64)


def _of_look(source: str, strength: float, size: float) -> list[float]:
    values = [1.0, min(max(strength, -1.0), 1.0), size]
    return [value if source == own else 0.0 for own in SOURCES for value in values[: _COLUMNS[own]]]


def _learned(
    features: NDArray[np.float64], right: Sequence[bool], sources: Sequence[str], brands: Counter[str]
) -> list[float]:
    """The coefficients. A source that knows few brands has few occasions to be wrong; its wrong claims count
    as often as if it knew as many as the others do."""
    most = max(brands.values())
    occasions = [1.0 if good else most / brands[source] for good, source in zip(right, sources, strict=True)]
    model = LogisticRegression(C=_STRICTNESS, fit_intercept=False, max_iter=5000)
    return [float(weight) for weight in model.fit(features, right, sample_weight=occasions).coef_[0]]


def _lines(learned: Sequence[float]) -> dict[str, Line]:
    rest, lines = list(learned), {}
    for source in SOURCES:
        lines[source] = Line(*rest[: _COLUMNS[source]])
        rest = rest[_COLUMNS[source] :]
    return lines
