"""Embeddings of boxes that show no new brand: what thresholds of the gallery are calibrated on.

Boxes that the detector proposes on logo-free pictures, as the service would meet them, and true logos of the
trained brands. Never anything of a test split.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from monitor.errors import SetupError
from monitor.logos.crops import cut_crops
from monitor.logos.dense import DenseDetector
from monitor.logos.gallery import MOST_PROPOSALS, Embedder
from training.data.pictures import AnnotatedPicture
from training.logos.scoring import WEAKEST, label_detector

NEGATIVES_FILE: Final = "negatives.npz"
_FROM: Final = 0.05
"""Objectness of a proposal; lower than the service asks for, so that there are more of them."""


def collect_negatives(
    logo_free: Sequence[AnnotatedPicture],
    with_logos: Sequence[AnnotatedPicture],
    proposer: Path,
    embedder: Embedder,
) -> NDArray[np.float32]:
    """(M, D): what the dense detector in the folder `proposer` proposes, and true logos.

    Raises `SetupError` where `proposer` is another model.
    """
    detector = label_detector(proposer, (), 1, WEAKEST)
    if not isinstance(detector, DenseDetector):
        raise SetupError(f"{proposer} proposes no boxes; give the folder of a dense-pyramid model")
    shown = [picture for picture in with_logos if picture.targets]
    parts = []
    for picture in tqdm([*shown, *logo_free], desc="negatives", unit="picture", mininterval=5):
        pixels = picture.load()
        boxes = (
            np.array([box.corners for box in picture.targets], np.float32)
            if picture.targets
            else detector.scan([pixels], MOST_PROPOSALS, _FROM)[0].proposals.boxes
        )
        parts.append(embedder.embed(cut_crops(pixels, boxes, embedder.geometry)))
    return np.concatenate(parts)


def write_negatives(folder: Path, embeddings: NDArray[np.float32]) -> None:
    """negatives.npz."""
    np.savez_compressed(folder / NEGATIVES_FILE, embeddings=embeddings.astype(np.float16))
