"""The brand gallery: brands the detector was never trained on, found by a few reference pictures."""

from monitor.logos.gallery.building import Likeness, alike, build_entry, named_already
from monitor.logos.gallery.calibration import Target
from monitor.logos.gallery.common import in_common
from monitor.logos.gallery.detector import MOST_PROPOSALS, GalleryDetector, open_gallery_detector
from monitor.logos.gallery.embedder import Embedder, load_embedder
from monitor.logos.gallery.entries import Calibration, Gallery, GalleryEntry
from monitor.logos.gallery.letters import LogoLetters, read_letters
from monitor.logos.gallery.references import Reference, parse_box, read_reference

__all__ = [
    "MOST_PROPOSALS",
    "Calibration",
    "Embedder",
    "Gallery",
    "GalleryDetector",
    "GalleryEntry",
    "Likeness",
    "LogoLetters",
    "Reference",
    "Target",
    "alike",
    "build_entry",
    "in_common",
    "load_embedder",
    "named_already",
    "open_gallery_detector",
    "parse_box",
    "read_letters",
    "read_reference",
]
