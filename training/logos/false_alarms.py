"""Hard negatives: where a network under training sees a logo in pictures that have none."""

from collections.abc import Sequence

import numpy as np
import torch

from monitor.logos.boxes import suppress
from monitor.logos.dense import DEFAULT_LEVELS, LEVEL_MARGIN, LEVEL_MULTIPLE, MOST_ENLARGED
from monitor.logos.windows import build_level, pyramid
from training.data.pictures import AnnotatedPicture
from training.logos.dense_network import DenseLogoGraph, DenseLogoNetwork

MINED_FROM_SCORE = 0.08
"""Objectness from which a place counts as fooled; well under every shipped threshold, so that mining leads
them."""


def find_false_alarms(
    network: DenseLogoNetwork,
    pictures: Sequence[AnnotatedPicture],
    rng: np.random.Generator,
    most_pictures: int = 160,
    most_each: int = 6,
) -> list[tuple[int, float, float, float]]:
    """The best-scored places of pictures without boxes: picture number, then centre x, y and long side in px.

    A search looks at `most_pictures` of them, drawn anew each time, and keeps up to `most_each` places of a
    level.
    """
    graph = DenseLogoGraph(network).eval()
    places = []
    without = [number for number, picture in enumerate(pictures) if picture.logo_free]
    for number in rng.permutation(without)[:most_pictures].tolist():
        picture = pictures[number]
        pixels = picture.load()
        for long_side in pyramid(picture.width, picture.height, DEFAULT_LEVELS, MOST_ENLARGED):
            level = build_level(pixels, long_side, LEVEL_MARGIN, LEVEL_MULTIPLE)
            with torch.inference_mode():
                objectness, _, boxes = (
                    part[0].numpy() for part in graph(torch.from_numpy(level.pixels)[None])
                )
            fooled = objectness > MINED_FROM_SCORE
            found = level.to_picture(boxes[fooled])
            for x1, y1, x2, y2 in found[suppress(found, objectness[fooled], 0.3)[:most_each]].tolist():
                places.append((number, (x1 + x2) / 2, (y1 + y2) / 2, max(x2 - x1, y2 - y1)))
    return places
