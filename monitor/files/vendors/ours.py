"""What this service itself exports: `report --format csv|json|parquet` and the pages' CSV of mentions.

What was found in a mention (sentiment, brands, stories) is found again. What people corrected is in the
exports' figures, but not as a correction, and does not come back. A picture is no part of an export: it is
read from this service's own store, by its hash.
"""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from monitor.files.interface import Beside, Columns, LeftOut, Opened, Row, Target, Unreadable, Vendor
from monitor.files.vendors.export import columns, text
from monitor.reports.exports import unquoted

_FIELDS: Final[dict[Target, tuple[str, ...]]] = {
    "id": ("id",),
    "source": ("source",),
    "text": ("text",),
    "published_at": ("published_at",),
    "author": ("author",),
    "url": ("url",),
    "lang": ("lang",),
    "reach": ("reach",),
}
_NO_PICTURE: Final = "a picture that MONITOR_PICTURE_STORE does not keep"


def _recognises(opened: Opened) -> bool:
    """By names that nobody else has together."""
    return {"mention_id", "kind", "source", "external_id", "published_at"} <= set(opened.columns)


def _columns(opened: Opened) -> Columns:
    return columns("brand-monitor", opened, _FIELDS, added=("id",))


def _rows(opened: Opened, beside: Beside) -> Iterator[Row | Unreadable | LeftOut]:
    for row in opened.rows:
        if isinstance(row, Unreadable):
            yield row
            continue
        cells = dict(row.cells)
        if opened.form == "csv":
            cells = {name: unquoted(cell) if isinstance(cell, str) else cell for name, cell in cells.items()}
        cells["id"] = cells.get("external_id")
        if cells.get("kind") != "image":
            yield Row(row.where, cells)
            continue
        picture = beside.picture(PurePosixPath(text(cells, "picture_url")).stem)
        yield LeftOut(row.where, _NO_PICTURE) if picture is None else Row(row.where, cells, picture)


OURS: Final = Vendor(name="brand-monitor", recognises=_recognises, columns=_columns, rows=_rows)
