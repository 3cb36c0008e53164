"""Hard-negative mining: what a detector takes for a logo where no logo is marked, as crops to train on.

The talk's loop: train, run over pictures without the brand, add what fooled the network to the negatives,
train again. Only train pictures are looked at.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from tqdm import tqdm

from monitor.errors import SetupError
from monitor.logos import LogoDetector
from monitor.logos.boxes import iou
from training.data.pictures import AnnotatedPicture, Split
from training.logos.crops import Crop, CropKind
from training.logos.scoring import as_found

_MOST_SHARED: Final = 0.25
"""IoU with a marked logo up to which a find is no part of one."""


def mine(
    detector: LogoDetector, pictures: Sequence[AnnotatedPicture], from_score: float, most: int
) -> list[Crop]:
    """Up to `most` false alarms of `from_score` (0..1) or more, the surest first.

    Raises `SetupError` where no picture is for training.
    """
    own = [picture for picture in pictures if picture.split is Split.TRAIN]
    if not own:
        raise SetupError("none of these pictures is for training: mined crops must not come from val or test")
    scored = sorted(
        (
            (score, crop)
            for picture in tqdm(own, desc="mining", unit="picture", mininterval=5)
            for score, crop in _false_alarms(detector, picture, from_score)
        ),
        key=lambda pair: -pair[0],
    )
    return [crop for _, crop in scored[:most]]


def _false_alarms(
    detector: LogoDetector, picture: AnnotatedPicture, from_score: float
) -> Iterator[tuple[float, Crop]]:
    marked = np.array([box.corners for box in picture.boxes], np.float32).reshape(-1, 4)
    for detection in detector.detect([picture.load()])[0]:
        found = as_found(detection, picture.width, picture.height)
        corners = np.array([found.corners], np.float32)
        if found.score >= from_score and (not len(marked) or iou(corners, marked).max() <= _MOST_SHARED):
            yield found.score, Crop(picture, CropKind.MINED, "background", found.corners)
