"""The logo room: bytes -> pixels -> boxes. Safe decoding, picture pyramids, detectors behind one
interface."""

import os

# OpenCV reads these once, when it is imported. Our own limit (MONITOR_IMAGE_MAX_PIXELS) is checked on the
# file's header before decoding; this is the second line, for a header that OpenCV reads differently than we
# do.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(200_000_000))
# Pictures are worked on side by side (monitor.logos.finder); OpenCV's own threads would come on top of those.
os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")
# A broken picture is reported by our DataError; OpenCV's own lines on standard error would only double it.
os.environ.setdefault("OPENCV_LOG_LEVEL", "FATAL")

from monitor.logos.decoding import Picture, decode_picture
from monitor.logos.detector import LogoDetector, load_detector
from monitor.logos.drawing import annotate

__all__ = ["LogoDetector", "Picture", "annotate", "decode_picture", "load_detector"]
