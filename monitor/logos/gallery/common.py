"""Where the logo is in photographs of a brand: the place that they have in common.

Who adds a brand has photographs that show it more often than cut-out logos. A whole photograph is like no
logo; the place of each that is most like one in every other is, as long as they share nothing else.
"""

from collections.abc import Sequence

import numpy as np

from monitor.logos.crops import cut_crops
from monitor.logos.dense import DenseDetector
from monitor.logos.gallery.detector import MOST_PROPOSALS, PROPOSALS_FROM
from monitor.logos.gallery.embedder import Embedder
from monitor.logos.gallery.entries import Embeddings
from monitor.logos.gallery.references import Corners, Reference, is_large_enough
from monitor.logos.gallery.views import shown


def in_common(references: Sequence[Reference], dense: DenseDetector, embedder: Embedder) -> list[Reference]:
    """The references, photographs cut down to what they have in common with the others.

    Those with a box and drawings stay as they are, and so does one alone; it takes a run of the detector and
    some of the embedder a photograph.
    """
    if len(references) < 2 or all(reference.photograph is None for reference in references):
        return list(references)
    places = [_places(reference, dense, embedder) for reference in references]
    found = []
    for number, reference in enumerate(references):
        corners, embeddings = places[number]
        others = [other for at, (_, other) in enumerate(places) if at != number]
        alike = np.mean([(embeddings @ other.T).max(1) for other in others], axis=0)
        given = len(alike) - len(corners)
        best = int(alike.argmax())
        found.append(reference.at(corners[best - given]) if best >= given else reference)
    return found


def _places(
    reference: Reference, dense: DenseDetector, embedder: Embedder
) -> tuple[list[Corners], Embeddings]:
    """Places in px of the photograph, and embeddings: first those of what was given, then those of the
    places."""
    given = [cut_crops(picture, box[None], embedder.geometry) for picture, box in shown(reference)]
    corners: list[Corners] = []
    if reference.photograph is not None:
        pixels = np.ascontiguousarray(reference.photograph[..., :3])
        (scan,) = dense.scan([pixels], MOST_PROPOSALS, PROPOSALS_FROM)
        height, width = pixels.shape[:2]
        corners = [
            place
            for x1, y1, x2, y2 in np.rint(scan.proposals.boxes).astype(int).tolist()
            if is_large_enough(place := (max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)))
        ]
        if corners:
            given.append(cut_crops(pixels, np.array(corners, np.float32), embedder.geometry))
    return corners, embedder.embed(np.concatenate(given))
