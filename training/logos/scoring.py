"""Runs a shipped detector, exactly as the service would, over annotated pictures."""

from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from monitor.brands import Brand, Brands
from monitor.logos import LogoDetector, load_detector
from monitor.messages import Detection
from monitor.settings import Device
from training.data.pictures import AnnotatedPicture
from training.logos.average_precision import Found, Scored

WEAKEST = 0.02
"""Score down to which detections are kept for precision-recall curves."""


def label_detector(
    model_dir: Path, labels: Sequence[str], threads: int, threshold: float | None
) -> LogoDetector:
    """The folder's detector, reporting model labels instead of brand names."""
    brands = Brands(Brand(name=label, logos=(label,)) for label in labels)
    return load_detector(model_dir, brands, Device.AUTO, threads, threshold=threshold)


def score_pictures(detector: LogoDetector, pictures: Sequence[AnnotatedPicture], what: str) -> list[Scored]:
    """Detections beside true boxes, picture by picture; `what` names the progress bar."""
    scored = []
    for picture in tqdm(pictures, desc=what, unit="picture", mininterval=5):
        detections = detector.detect([picture.load()])[0]
        found = tuple(as_found(detection, picture.width, picture.height) for detection in detections)
        scored.append(Scored(found, picture.boxes, picture.group))
    return scored


def as_found(detection: Detection, width: int, height: int) -> Found:
    """A detection in the pixels of its picture."""
    box = detection.box
    corners = (box.x * width, box.y * height, (box.x + box.width) * width, (box.y + box.height) * height)
    return Found(detection.brand, detection.score, corners)
