"""Words in pictures (extra `ocr`): pixels -> lines of text -> brands whose names are written there.

Evidence beside the logos, never instead of them: a picture whose words cannot be read keeps its logos.
"""

from monitor.logos.words.finder import WordFinder, load_words
from monitor.logos.words.lines import TextLine
from monitor.logos.words.matching import WrittenMatcher
from monitor.logos.words.reader import PictureReader, WordReader, load_reader

__all__ = [
    "PictureReader",
    "TextLine",
    "WordFinder",
    "WordReader",
    "WrittenMatcher",
    "load_reader",
    "load_words",
]
