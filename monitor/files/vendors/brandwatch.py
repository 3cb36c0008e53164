"""Brandwatch Consumer Research: "Bulk Mentions Download" as CSV or XLSX.

Written after the columns of such files and
https://developers.brandwatch.com/docs/mention-metadata-field-definitions.

Rows of metadata ("Report:", "Brand:", "From:", ...) may stand before the heading. Dates are in the zone that
these say; where they say none that is known, the reader is asked for it.
"""

from typing import Any, Final

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

_FIELDS: Final[dict[Target, tuple[str, ...]]] = {
    "id": (POST, "Resource Id", "Mention Id", ADDRESS),
    "source": (PLATFORM, "Page Type", "Content Source", "Domain"),
    "text": ("Title", "Full Text", "Snippet"),
    "published_at": ("Date",),
    "author": ("Author", "Full Name"),
    "url": ("Url", "Original Url"),
    "lang": ("Language",),
    "reach": ("Reach (new)", "Reach", "Impressions"),
}
_UTC: Final = ("UTC", "GMT", "Z")


def _recognises(opened: Opened) -> bool:
    """By the report's first row, or by columns that no other export has together."""
    report = any(row[:1] == ("Report:",) for row in opened.preamble)
    return has(opened, "Date", "Url") and (report or has(opened, "Query Name", "Page Type"))


def _columns(opened: Opened) -> Columns:
    return columns("Brandwatch", opened, _FIELDS, added=(POST, PLATFORM, ADDRESS), zone=_zone(opened))


class _Mend:
    def __init__(self, opened: Opened) -> None:
        spelt = spelling(opened)
        self._title, self._full, self._snippet = (spelt(name) for name in ("Title", "Full Text", "Snippet"))
        self._url, self._author, self._language = (spelt(name) for name in ("Url", "Author", "Language"))
        self._words = [spelt(name) for name in ("Page Type", "Content Source")]

    def __call__(self, cells: Cells) -> Cells:
        cells |= named(cells.get(self._url))
        for name in self._words:
            if word := text(cells, name):
                cells[name] = platform(word)
        if text(cells, self._full):
            cells.pop(self._snippet, None)  # the beginning of it
        if cells.get(PLATFORM, text(cells, self._words[0])) == "x":
            cells.pop(self._title, None)  # who posted it, and the beginning of it
        keep_distinct(cells, (self._title, self._full, self._snippet))
        handle(cells, self._author)
        code_of_language(cells, self._language)
        return cells


def _zone(opened: Opened) -> str | None:
    said: list[Any] = [row[1] for row in opened.preamble if len(row) > 1 and row[0] in ("From:", "To:")]
    words = [word for value in said for word in str(value).replace("Z", " Z").split()]
    return "UTC" if any(word in _UTC for word in words) else None


BRANDWATCH: Final = Vendor(
    name="brandwatch",
    recognises=_recognises,
    columns=_columns,
    rows=mended(_columns, lambda opened, _: _Mend(opened)),
)
