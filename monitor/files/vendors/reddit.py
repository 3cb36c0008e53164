"""Reddit: listings of its API, dumps of posts and comments (a JSON object a line), and what it gives people
of their account (`posts.csv`, `comments.csv`).

Written after https://www.reddit.com/dev/api, https://github.com/pushshift/api and the headings of such files.
Ids are Reddit's full names (`t3_...` a post, `t1_...` a comment), as the collector has them.
"""

import csv
import html
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from monitor.files.interface import Beside, Columns, LeftOut, Opened, Row, Target, Unreadable, Vendor
from monitor.files.json_forms import flat
from monitor.files.vendors.export import NO_TEXT, Cells, columns, text

_ID: Final = "fullname"
_WRITER: Final = "account"
_ADDED: Final = (_ID, _WRITER)
_TEXTS: Final = ("title", "selftext", "body")
_FIELDS: Final[dict[Target, tuple[str, ...]]] = {
    "id": (_ID,),
    "text": _TEXTS,
    "published_at": ("created_utc", "date"),
    "author": ("author", _WRITER),
    "url": ("permalink",),
}
_THING: Final = "data."
"""In front of every name in a listing."""
_GONE: Final = {"[deleted]", "[removed]", "[ Removed by Reddit ]", "[deleted by user]"}
_SITE: Final = "https://www.reddit.com"


def _recognises(opened: Opened) -> bool:
    """By fields that only Reddit's things have."""
    names = set(opened.columns)
    listing = "kind" in names and bool(names & {f"{_THING}subreddit", f"{_THING}children"})
    dump = {"subreddit", "created_utc"} <= names and bool(names & {"body", "selftext", "title"})
    account = {"permalink", "date", "subreddit", "body"} <= names
    return listing or dump or account


def _columns(opened: Opened) -> Columns:
    fields = _FIELDS
    if "kind" in opened.columns:
        fields = {
            target: tuple(name if name in _ADDED else _THING + name for name in names)
            for target, names in _FIELDS.items()
        }
    return columns("Reddit", opened, fields, added=_ADDED, constants={"source": "reddit"})


def _rows(opened: Opened, beside: Beside) -> Iterator[Row | Unreadable | LeftOut]:
    writer = _account(beside.folder) if "date" in opened.columns else None
    for row in opened.rows:
        if isinstance(row, Unreadable):
            yield row
        elif "kind" in row.cells:
            yield from _things(row.where, dict(row.cells))
        else:
            yield _row(row.where, dict(row.cells), "", writer)


def _things(where: str, cells: Cells) -> Iterator[Row | LeftOut]:
    """A thing of a listing, and those in listings inside of it: the answers to a comment."""
    waiting = [cells]
    while waiting:
        cells = waiting.pop()
        if cells.get("kind") in ("t1", "t3"):
            yield _row(where, dict(cells), _THING, None)
        elif cells.get("kind") != "Listing":
            yield LeftOut(where, "neither a post nor a comment")
        inside = [cells.get(f"{_THING}{name}children") for name in ("", f"replies.{_THING}")]
        things = (one for listed in inside if isinstance(listed, list) for one in listed)
        waiting += reversed([flat(one) for one in things if isinstance(one, dict)])


def _row(where: str, cells: Cells, inner: str, writer: str | None) -> Row | LeftOut:
    words = [html.unescape(text(cells, inner + name)) for name in _TEXTS]
    if _GONE & set(words):
        return LeftOut(where, "deleted or removed there")
    if not any(words):
        return LeftOut(where, NO_TEXT)
    cells |= {inner + name: value for name, value in zip(_TEXTS, words, strict=True) if value}
    is_comment = bool(words[2]) and not words[0]
    id = text(cells, f"{inner}name")
    cells[_ID] = (
        id if id.startswith(("t1_", "t3_")) else f"t{1 if is_comment else 3}_{text(cells, f'{inner}id')}"
    )
    if text(cells, f"{inner}author") in _GONE:
        del cells[f"{inner}author"]
    if writer:
        cells[_WRITER] = writer
    link = text(cells, f"{inner}permalink")
    if link.startswith("/"):
        cells[f"{inner}permalink"] = _SITE + link
    return Row(where, cells)


def _account(folder: Path | None) -> str | None:
    """The account's name, which stands in a file of its own beside."""
    if folder is None:
        return None
    try:
        with (folder / "statistics.csv").open(encoding="utf-8-sig", newline="") as file:
            return dict(row[:2] for row in csv.reader(file) if len(row) > 1).get("account name") or None
    except (OSError, UnicodeDecodeError, csv.Error):
        return None


REDDIT: Final = Vendor(name="reddit", recognises=_recognises, columns=_columns, rows=_rows)
