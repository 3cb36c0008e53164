"""Meltwater: exports of Explore and Monitor as CSV (UTF-16, tabs) or XLSX, columns of today or earlier.

Written after the columns of such files and
https://developer.meltwater.com/docs/meltwater-api/listening/content-output-templates.
"""

from typing import Final

from monitor.files.interface import Columns, Opened, Target, Vendor
from monitor.files.posts import ADDRESS, PLATFORM, POST, named, platform
from monitor.files.vendors.export import (
    Cells,
    code_of_language,
    columns,
    handle,
    has,
    keep_distinct,
    mended,
    spelling,
    text,
)

_TEXTS: Final = ("Title", "Headline", "Opening Text", "Hit Sentence")
_AUTHORS: Final = ("Author Handle", "Twitter Screen Name", "Author Name", "Influencer")
_SOURCES: Final = ("Source Type", "Source", "Source Name")
_FIELDS: Final[dict[Target, tuple[str, ...]]] = {
    "id": (POST, "Document ID", ADDRESS),
    "source": (PLATFORM, *_SOURCES),
    "text": _TEXTS,
    "published_at": ("Date", "Time"),
    "author": _AUTHORS,
    "url": ("URL",),
    "lang": ("Language",),
    "reach": ("Reach", "Global Reach", "Twitter Followers"),
}


def _recognises(opened: Opened) -> bool:
    """By the sentence that matched, which no other export has."""
    return has(opened, "Date", "URL", "Hit Sentence")


def _columns(opened: Opened) -> Columns:
    return columns("Meltwater", opened, _FIELDS, added=(POST, PLATFORM, ADDRESS))


class _Mend:
    def __init__(self, opened: Opened) -> None:
        spelt = spelling(opened)
        self._texts = [spelt(name) for name in _TEXTS]
        self._authors = [spelt(name) for name in _AUTHORS]
        self._sources = [spelt(name) for name in _SOURCES]
        self._url, self._language, self._tweet = (spelt(name) for name in ("URL", "Language", "Tweet Id"))
        self._date, self._time = spelt("Date"), spelt("Time")

    def __call__(self, cells: Cells) -> Cells:
        cells |= named(cells.get(self._url))
        tweet = text(cells, self._tweet).strip('"')
        if POST not in cells and tweet.isdecimal():  # not 1.49E+18, as spreadsheets leave it
            cells |= {PLATFORM: "x", POST: tweet}
        for name in self._sources:
            if word := text(cells, name):
                cells[name] = platform(word)
        if ":" in text(cells, self._date):
            cells.pop(self._time, None)  # once more
        keep_distinct(cells, self._texts)
        for name in self._authors:
            handle(cells, name)
        code_of_language(cells, self._language)
        return cells


MELTWATER: Final = Vendor(
    name="meltwater",
    recognises=_recognises,
    columns=_columns,
    rows=mended(_columns, lambda opened, _: _Mend(opened)),
)
