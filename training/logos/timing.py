"""Seconds from a picture's bytes to boxes."""

import time
from collections.abc import Sequence

import cv2
import numpy as np

from monitor.logos import LogoDetector
from monitor.logos.decoding import decode_picture
from training.data.pictures import AnnotatedPicture


def seconds_a_picture(detector: LogoDetector, pictures: Sequence[AnnotatedPicture]) -> float:
    """Median seconds from the bytes of a 640 x 480 JPEG to boxes, on the threads the detector was loaded
    with."""
    files = [
        cv2.imencode(".jpg", cv2.resize(picture.load(), (640, 480)))[1].tobytes() for picture in pictures
    ]
    detector.warm_up()
    cv2.setNumThreads(1)
    seconds = []
    for file in files:
        started = time.perf_counter()
        detector.detect([decode_picture(file, max_bytes=len(file), max_pixels=640 * 480).pixels])
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds))
