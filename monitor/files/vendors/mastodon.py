"""Mastodon: `outbox.json` of an archive, and statuses as its API gives them.

Written after https://docs.joinmastodon.org/user/moving/#export, /spec/activitypub and /entities/Status.
Only what its author meant for everybody; ids are the posts' `uri`, as the collector has them.
"""

from typing import Any, Final
from urllib.parse import urlsplit

from monitor.files.interface import Columns, Opened, Target, Vendor
from monitor.files.vendors.export import Cells, columns, mended, text

_WRITER: Final = "account"
_LANGUAGE: Final = "language of contentMap"
_IN_LANGUAGE: Final = "object.contentMap."
_OUTBOX: Final[dict[Target, tuple[str, ...]]] = {
    "id": ("object.id",),
    "text": ("object.summary", "object.content"),
    "published_at": ("published",),
    "author": (_WRITER,),
    "url": ("object.url", "object.id"),
    "lang": (_LANGUAGE,),
}
_STATUSES: Final[dict[Target, tuple[str, ...]]] = {
    "id": ("uri",),
    "text": ("spoiler_text", "content"),
    "published_at": ("created_at",),
    "author": (_WRITER,),
    "url": ("url", "uri"),
    "lang": ("language",),
    "reach": ("account.followers_count",),
}
_EVERYBODY: Final = {"https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"}
_SHOWN: Final = {"public", "unlisted"}
_PRIVATE: Final = "not meant for everybody"
_BOOST: Final = "a boost of somebody else's"


def _recognises(opened: Opened) -> bool:
    """By the fields of an activity, or of a status."""
    names = set(opened.columns)
    return {"type", "actor", "object.content"} <= names or {"uri", "content", "account.acct"} <= names


def _columns(opened: Opened) -> Columns:
    fields = _OUTBOX if "actor" in opened.columns else _STATUSES
    constants: dict[Target, str] = {"source": "mastodon"}
    return columns("Mastodon", opened, fields, added=(_WRITER, _LANGUAGE), constants=constants)


def _activity(cells: Cells) -> Cells | str:
    if cells.get("type") != "Create":
        return _BOOST if cells.get("type") == "Announce" else "no post"
    if not _EVERYBODY & {*_listed(cells.get("to")), *_listed(cells.get("cc"))}:
        return _PRIVATE
    actor = text(cells, "actor")
    cells[_WRITER] = _named(actor.rstrip("/").rpartition("/")[2], actor)
    languages = [name for name in cells if name.startswith(_IN_LANGUAGE)]
    if languages:
        cells[_LANGUAGE] = languages[0].removeprefix(_IN_LANGUAGE)
    return _read(cells, "object.summary", "object.content")


def _status(cells: Cells) -> Cells | str:
    if any(name == "reblog" or name.startswith("reblog.") for name in cells):
        return _BOOST
    if cells.get("visibility", "public") not in _SHOWN:
        return _PRIVATE
    cells[_WRITER] = _named(text(cells, "account.acct"), text(cells, "account.url") or text(cells, "uri"))
    if not isinstance(reach := cells.get("account.followers_count"), int) or reach <= 0:
        cells.pop("account.followers_count", None)  # the author does not tell
    return _read(cells, "spoiler_text", "content")


def _pictures(cells: Cells) -> list[str]:
    """Of an archive's post: `/media_attachments/files/.../original/NAME.png`, below the archive."""
    listed = cells.get("object.attachment")
    found = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return [str(one.get("url")) for one in found if str(one.get("mediaType")).startswith("image/")]


def _read(cells: Cells, warning: str, content: str) -> Cells:
    """What a reader sees: the HTML's text, under the warning that it is folded behind."""
    from monitor.sources.html import text_of

    cells[content] = text_of(text(cells, content))
    for name in (warning, content):
        if not text(cells, name):
            cells.pop(name, None)
    return cells


def _named(name: str, address: str) -> str:
    """`name@server`."""
    name = name.removeprefix("@")
    return name if "@" in name else f"{name}@{urlsplit(address).hostname or ''}".rstrip("@")


def _listed(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else [str(value)]


MASTODON: Final = Vendor(
    name="mastodon",
    recognises=_recognises,
    columns=_columns,
    rows=mended(_columns, lambda opened, _: _activity if "actor" in opened.columns else _status, _pictures),
)
