"""Talkwalker: exports as CSV or XLSX with the names of its documents' fields, and results of its API as JSON.

Written after https://developer.talkwalker.com/docs/talkwalker-documents and the columns of such files.
A document's id is its address, as Talkwalker itself has it.
"""

import re
from typing import Final

from monitor.files.interface import Columns, Opened, Target, Vendor
from monitor.files.posts import ADDRESS, PLATFORM, POST, named, platform
from monitor.files.vendors.export import Cells, columns, handle, keep_distinct, mended, text

_NESTED: Final = (
    "extra_author_attributes.",
    "extra_source_attributes.",
    "extra_article_attributes.",
    "article_extended_attributes.",
    "source_extended_attributes.",
)
_TEXTS: Final = ("title", "content", "title_snippet", "content_snippet")
_AUTHORS: Final = ("extra_author_attributes.short_name", "extra_author_attributes.name")
_FIELDS: Final[dict[Target, tuple[str, ...]]] = {
    "id": (POST, ADDRESS),
    "source": (PLATFORM, "source_type", "domain_url"),
    "text": _TEXTS,
    "published_at": ("published",),
    "author": _AUTHORS,
    "url": ("url",),
    "lang": ("lang",),
    "reach": ("reach",),
}
_BETWEEN: Final = re.compile(r"[\s,;|]+")
"""Types of one document; which sign stands there depends on that of the table."""
_WRAPPED: Final = "data."
"""In front of every name in results of the API."""


def _recognises(opened: Opened) -> bool:
    """By the names of nested fields, which no other export has."""
    names = {name.removeprefix(_WRAPPED) for name in opened.columns}
    return {"url", "published"} <= names and any(name.startswith(_NESTED) for name in names)


def _columns(opened: Opened) -> Columns:
    inner = _inner(opened)
    added = (POST, PLATFORM, ADDRESS)
    fields: dict[Target, tuple[str, ...]] = {
        target: tuple(name if name in added else inner + name for name in names)
        for target, names in _FIELDS.items()
    }
    return columns("Talkwalker", opened, fields, added=added)


class _Mend:
    def __init__(self, inner: str) -> None:
        self._texts = [inner + name for name in _TEXTS]
        self._authors = [inner + name for name in _AUTHORS]
        self._url, self._type = inner + "url", inner + "source_type"

    def __call__(self, cells: Cells) -> Cells:
        cells |= named(cells.get(self._url))
        if self._type in cells:
            cells[self._type] = _source(cells[self._type])
        for whole, part in zip(self._texts[:2], self._texts[2:], strict=True):
            if text(cells, whole):
                cells.pop(part, None)
        keep_distinct(cells, self._texts)
        for name in self._authors:
            handle(cells, name)
        return cells


def _inner(opened: Opened) -> str:
    return _WRAPPED if f"{_WRAPPED}published" in opened.columns else ""


def _source(value: object) -> str:
    """`x` of `SOCIALMEDIA,SOCIALMEDIA_TWITTER`, `news` of `ONLINENEWS;ONLINENEWS_PRESS`, `blog` of `BLOG`."""
    kinds = value if isinstance(value, list) else _BETWEEN.split(str(value).strip(" ,;|"))
    kind = str(kinds[-1] if kinds else "").strip().lower()
    general, _, special = kind.partition("_")
    if general == "socialmedia" and special:
        return platform(special)
    return {"onlinenews": "news", "messageboard": "forum"}.get(general, general)


TALKWALKER: Final = Vendor(
    name="talkwalker",
    recognises=_recognises,
    columns=_columns,
    rows=mended(_columns, lambda opened, _: _Mend(_inner(opened))),
)
