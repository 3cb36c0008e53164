"""Fits how much each piece of evidence weighs (`monitor/logos/evidence.toml`) on pictures of val.

brand-train logos evidence --data DIR

One logistic model over all places that may show a brand: what was seen there, and what the letters say. It
knows sources of evidence and no brands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from monitor.logos.agreement import FOR, Said, size
from monitor.logos.boxes import corners_of, iou
from monitor.logos.evidence import Claim, claims_of
from monitor.logos.weights import Line, Weights
from training.logos.witnesses import Seen

SOURCES = ("trained", "gallery")
_ROUNDS = 6
_STRICTNESS = 10.0
_THERE = 0.3
"""IoU with a marked box from which a place is the logo's."""


@dataclass(frozen=True, slots=True)
class Example:
    """A claim, and whether it is right."""

    claim: Claim
    right: bool
    folder: str


def examples(seen: Sequence[Seen], brands: Mapping[str, str], weights: Weights) -> list[Example]:
    """The best claim of each kind that each picture makes for each brand; `brands`: label -> brand.

    A claim is right where the picture shows the brand; a look beside a name elsewhere, where the logo is
    there. Pictures in which the brand is marked to be ignored say nothing of it.
    """
    found = []
    for one in seen:
        shown = {brands.get(label) for label in one.picture.shown}
        ignored = {brands.get(box.label) for box in one.picture.boxes if box.ignore} - shown
        best: dict[tuple[str, bool], Claim] = {}
        for claim in claims_of(one.looks, one.names, one.lines, weights):
            key = claim.brand, claim.said is Said.ELSEWHERE
            if claim.brand not in ignored and (key not in best or claim.score > best[key].score):
                best[key] = claim
        for (brand, elsewhere), claim in best.items():
            if claim.said in FOR and not one.picture.boxed and brand not in shown:
                continue  # what else such a picture shows, nobody has told
            right = brand in shown and (not elsewhere or _is_there(claim, one, brands))
            found.append(Example(claim, right, one.picture.folder))
    return found


def _is_there(claim: Claim, seen: Seen, brands: Mapping[str, str]) -> bool:
    sides = np.array([seen.picture.width, seen.picture.height] * 2, np.float32)
    marked = [box.corners for box in seen.picture.boxes if brands.get(box.label) == claim.brand]
    if not marked:
        return False
    overlap = iou((corners_of(claim.box) * sides)[None], np.array(marked, np.float32))
    return bool(overlap.max() >= _THERE)


def fit(seen: Sequence[Seen], brands: Mapping[str, str], start: Weights) -> Weights:
    """The weights that make these pictures most probable, from `start` on: which claims a picture makes
    depends on them a little, so it takes some rounds."""
    weights = start
    for _ in range(_ROUNDS):
        weights = _refit(examples(seen, brands, weights), weights)
    return weights


def _refit(rows: Sequence[Example], weights: Weights) -> Weights:
    kinds = [said for said in Said if said is not Said.NOTHING]
    features = np.array([_features(row.claim, weights, kinds) for row in rows])
    right = np.array([row.right for row in rows])
    model = LogisticRegression(C=_STRICTNESS, fit_intercept=False, max_iter=2000).fit(features, right)
    rest = model.coef_[0].tolist()
    lines = {source: Line(*rest[3 * number : 3 * number + 3]) for number, source in enumerate(SOURCES)}
    letters = dict(zip(kinds, rest[3 * len(SOURCES) :], strict=True))
    return Weights(
        report_from=weights.report_from,
        unseen=weights.unseen,
        look=lines,
        alone=weights.alone,
        letters={Said.NOTHING: 0.0, **letters},
    )


def _features(claim: Claim, weights: Weights, kinds: Sequence[Said]) -> NDArray[np.float64]:
    row = np.zeros(3 * len(SOURCES) + len(kinds))
    look = claim.look
    strength = weights.unseen if look is None else weights.strength(look.strength, claim.said)
    place = 3 * SOURCES.index(look.source if look else "trained")
    row[place : place + 3] = 1, min(max(strength, -1.0), 1.0), size(claim.box)
    if claim.said is not Said.NOTHING:
        row[3 * len(SOURCES) + kinds.index(claim.said)] = 1
    return row
