"""What the sizes at which pictures are shown to the detector give and cost; measured on val only.

    brand-train evaluate logo-levels --data DIR

More and larger levels find smaller logos and take longer. The shipped ones stand in
`monitor.logos.dense.DEFAULT_LEVELS`; docs/training-logos.md has the table they were chosen from.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from monitor.inference import load_manifest
from monitor.logos.dense import DenseDetector
from training.data.pictures import AnnotatedPicture
from training.logos.average_precision import Estimate, mean_average_precision
from training.logos.crop_figures import CROP_SETS, of_crop_sets
from training.logos.scoring import WEAKEST, label_detector, score_pictures
from training.logos.timing import seconds_a_picture

_TIMED: Final = 12
"""Pictures timed; the median counts."""


class LevelTrade(msgspec.Struct, frozen=True, kw_only=True):
    """One choice of levels: long sides in px, mAP50 of each folder's val split, seconds per 640 x 480
    picture on one CPU thread."""

    levels: tuple[int, ...]
    map50: dict[str, Estimate]
    seconds: float


def measure_levels(
    model: Path, choices: Sequence[tuple[int, ...]], pictures: Sequence[AnnotatedPicture], draws: int
) -> list[LevelTrade]:
    """`pictures` of val, of which those of `CROP_SETS` count."""
    labels = load_manifest(model).labels
    own = of_crop_sets(pictures)
    trades = []
    for levels in choices:
        detector = label_detector(model, labels, 1, WEAKEST)
        assert isinstance(detector, DenseDetector)
        detector.geometry = msgspec.structs.replace(detector.geometry, levels=levels)
        map50 = {
            folder: mean_average_precision(
                score_pictures(detector, [p for p in own if p.folder == folder], f"{folder} {levels}"), draws
            )
            for folder in CROP_SETS
        }
        trades.append(
            LevelTrade(levels=levels, map50=map50, seconds=seconds_a_picture(detector, own[:_TIMED]))
        )
    return trades


def markdown(trades: Sequence[LevelTrade]) -> str:
    """One row a choice."""
    folders = list(trades[0].map50)
    rows = [
        "| levels, px | " + " | ".join(f"{folder} val mAP50" for folder in folders) + " | seconds |",
        "|---" * (len(folders) + 2) + "|",
    ]
    for trade in trades:
        cells = (trade.map50[folder] for folder in folders)
        rows.append(
            f"| {', '.join(map(str, trade.levels))} | "
            + " | ".join(f"{e.value:.3f} [{e.low:.3f}, {e.high:.3f}]" for e in cells)
            + f" | {trade.seconds:.3f} |"
        )
    return "\n".join(rows)
