"""Texts read once: plain, folded, cut into words, with the way back to what was written."""

from monitor.texts.marks import Mark
from monitor.texts.reading import LEXEME_CHARS, Reading, Word, is_blank, read
from monitor.texts.terms import MOST_JOINERS, Hit, Term, Terms

__all__ = [
    "LEXEME_CHARS",
    "MOST_JOINERS",
    "Hit",
    "Mark",
    "Reading",
    "Term",
    "Terms",
    "Word",
    "is_blank",
    "read",
]
