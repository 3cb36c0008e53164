"""Letters in pictures: pixels -> lines of text -> watched names that are written there.

One of two witnesses (`monitor.logos.evidence`), which `monitor.logos.words.names` builds on for the names.
"""

from monitor.logos.words.lines import TextLine
from monitor.logos.words.reader import PictureReader, WordReader, load_reader

__all__ = ["PictureReader", "TextLine", "WordReader", "load_reader"]
