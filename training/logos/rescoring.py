"""Does the embedder's opinion of a detector's boxes find the trained brands better? Measured on val only.

Three ways to use it, each at several weights: `keep` multiplies a detection's score by the embedder's
probability of its brand; `rename` gives the box the embedder's brand; `propose` does so for all places that
look like a logo, named by the detector or not.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from tqdm import tqdm

from monitor.errors import SetupError
from monitor.inference import load_manifest
from monitor.logos.boxes import suppress
from monitor.logos.crops import cut_crops
from monitor.logos.dense import DenseDetector
from monitor.logos.gallery import Embedder, load_embedder
from training.data.pictures import AnnotatedPicture
from training.logos.average_precision import Estimate, Found, Scored, mean_average_precision
from training.logos.crop_decision import CropDecision, read_decision
from training.logos.scoring import WEAKEST, as_found, label_detector

WEIGHTS: Final = (0.25, 0.5, 1.0)
"""Exponents of the embedder's probability; the detector's score has the exponent 1."""
MOST_BOXES: Final = 15
"""Best boxes of a picture that are embedded: 3 to 4 ms each."""
_PROPOSALS_FROM: Final = 0.1


class RescoringResult(msgspec.Struct, frozen=True, kw_only=True):
    """mAP50 of one folder's val split, by way; "detector" is the detector alone."""

    folder: str
    pictures: int
    map50: dict[str, Estimate]


def measure_rescoring(
    model: Path, embedder: Path, pictures: Sequence[AnnotatedPicture], draws: int
) -> tuple[RescoringResult, ...]:
    """`pictures` of val; each folder apart. Raises `SetupError` for an embedder that learned from them."""
    if {metric.split for metric in load_manifest(embedder).metrics} != {"val"}:
        raise SetupError(
            f"{embedder} learned from val pictures: "
            "train one with brand-train logos --arch embedder --set held_back=0"
        )
    labels = load_manifest(model).labels
    dense = label_detector(model, labels, 1, WEAKEST)
    assert isinstance(dense, DenseDetector)
    opinions = _Opinions(dense, load_embedder(embedder, threads=1), read_decision(embedder))
    results = []
    for folder in sorted({picture.folder for picture in pictures if picture.targets}):
        own = [picture for picture in pictures if picture.folder == folder]
        ways: dict[str, list[Scored]] = {}
        for picture in tqdm(own, desc=f"{folder} val", unit="picture", mininterval=5):
            for way, found in opinions.of(picture):
                ways.setdefault(way, []).append(Scored(tuple(found), picture.boxes, picture.group))
        results.append(
            RescoringResult(
                folder=folder,
                pictures=len(own),
                map50={way: mean_average_precision(scored, draws) for way, scored in ways.items()},
            )
        )
    return tuple(results)


class _Opinions:
    def __init__(self, dense: DenseDetector, embedder: Embedder, decision: CropDecision) -> None:
        self._dense, self._embedder, self._decision = dense, embedder, decision

    def of(self, picture: AnnotatedPicture) -> Iterator[tuple[str, list[Found]]]:
        """The finds of every way."""
        pixels = picture.load()
        (scan,) = self._dense.scan([pixels], MOST_BOXES, _PROPOSALS_FROM)
        detected = [as_found(one, picture.width, picture.height) for one in scan.detections]
        yield "detector", detected
        boxes = np.array([found.corners for found in detected], np.float32).reshape(-1, 4)
        best, rest = detected[:MOST_BOXES], detected[MOST_BOXES:]
        chances = self._chances(pixels, boxes[: len(best)])
        proposed, objectness = scan.proposals.boxes, scan.proposals.scores
        own = self._chances(pixels, proposed)
        index = {label: number for number, label in enumerate(self._decision.labels)}
        for weight in WEIGHTS:
            yield (
                f"keep {weight}",
                [
                    Found(f.label, f.score * float(row[index[f.label]]) ** weight, f.corners)
                    for f, row in zip(best, chances, strict=True)
                ]
                + [Found(f.label, f.score * 0.1**weight, f.corners) for f in rest],
            )
            yield f"rename {weight}", list(self._renamed(best, chances, weight))
            yield f"propose {weight}", list(self._proposed(proposed, objectness, own, weight))

    def _chances(self, pixels: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        if not len(boxes):
            return np.empty((0, len(self._decision.labels) + 1), np.float32)
        return self._decision.probabilities(
            self._embedder.embed(cut_crops(pixels, boxes, self._embedder.geometry))
        )

    def _renamed(self, found: Sequence[Found], chances: np.ndarray, weight: float) -> Iterator[Found]:
        for one, row in zip(found, chances, strict=True):
            best = int(row[:-1].argmax())
            yield Found(self._decision.labels[best], one.score * float(row[best]) ** weight, one.corners)

    def _proposed(
        self, boxes: np.ndarray, objectness: np.ndarray, chances: np.ndarray, weight: float
    ) -> Iterator[Found]:
        scores = objectness * chances[:, :-1].max(1) ** weight if len(boxes) else objectness
        for number in suppress(boxes, scores, self._dense.geometry.most_overlap).tolist():
            x1, y1, x2, y2 = boxes[number].tolist()
            label = self._decision.labels[int(chances[number, :-1].argmax())]
            yield Found(label, float(scores[number]), (x1, y1, x2, y2))


def markdown(results: Sequence[RescoringResult]) -> str:
    """One row a way, one column a folder."""
    rows = [
        "| way | " + " | ".join(f"{one.folder} val ({one.pictures})" for one in results) + " |",
        "|---" * (len(results) + 1) + "|",
    ]
    for way in results[0].map50:
        cells = (one.map50[way] for one in results)
        rows.append(
            f"| {way} | " + " | ".join(f"{e.value:.3f} [{e.low:.3f}, {e.high:.3f}]" for e in cells) + " |"
        )
    return "\n".join(rows)
