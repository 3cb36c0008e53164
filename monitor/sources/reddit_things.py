"""What Reddit calls things: links (t3) and comments (t1), as posts, or as gone."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

from monitor.sources.answers import moment_of
from monitor.sources.html import address, text_of
from monitor.sources.interface import Gone, Post

_NOBODY: Final = "[deleted]"
"""The author of what has none any more."""
_TAKEN_DOWN: Final = frozenset({"[deleted]", "[removed]"})
"""The text of what its author deleted, or a moderator removed."""
_PICTURE_ENDS: Final = (".jpg", ".jpeg", ".png", ".webp")


class Child(msgspec.Struct, frozen=True):
    """An element of a listing."""

    kind: str
    data: dict[str, Any]


class Thing(msgspec.Struct, frozen=True):
    """A link or comment, as far as it is read."""

    name: Annotated[str, msgspec.Meta(pattern=r"^t[13]_[0-9a-z]+$")]
    created_utc: float
    author: str | None = None
    author_fullname: str | None = None
    permalink: str | None = None
    title: str | None = None
    selftext: str | None = None
    selftext_html: str | None = None
    body: str | None = None
    body_html: str | None = None
    url: str | None = None
    post_hint: str | None = None
    removed_by_category: str | None = None
    edited: bool | float = False
    gallery_data: dict[str, Any] | None = None
    media_metadata: dict[str, Any] | None = None

    @property
    def is_gone(self) -> bool:
        """Deleted by its author, or removed by anybody else."""
        texts = {(text or "").strip() for text in (self.selftext, self.body, self.title)}
        return self.removed_by_category is not None or bool(texts & _TAKEN_DOWN)

    @property
    def has_author(self) -> bool:
        """False of what a deleted account left behind."""
        return self.author not in (None, _NOBODY)

    def was_edited_since(self, moment: float) -> bool:
        """Whether its text was changed at or after a moment, in seconds since 1970."""
        return not isinstance(self.edited, bool) and self.edited >= moment


def thing_of(child: Child) -> Thing | None:
    """A link or comment; None for anything else. Raises `msgspec.ValidationError`."""
    if child.kind not in ("t1", "t3"):
        return None
    return msgspec.convert(child.data, Thing, strict=False)


def item_of(thing: Thing, now: datetime) -> Post | Gone:
    """Raises `ValueError` for one that says and shows nothing."""
    if thing.is_gone:
        return Gone(id=thing.name, deleted_at=now)
    html = thing.body_html or thing.selftext_html
    said = text_of(html) if html else (thing.body or thing.selftext or "").strip()
    text = "\n\n".join(part for part in ((thing.title or "").strip(), said) if part)
    pictures = tuple(dict.fromkeys(_pictures(thing)))
    if not text and not pictures:
        raise ValueError("has neither text nor picture")
    return Post(
        id=thing.name,
        text=text,
        published_at=moment_of(thing.created_utc),
        author=thing.author if thing.has_author else None,
        author_id=thing.author_fullname if thing.has_author else None,
        url=f"https://www.reddit.com{thing.permalink}" if thing.permalink else None,
        pictures=pictures,
    )


def _pictures(thing: Thing) -> Iterator[str]:
    """The picture that a link is, or those of a gallery, in its order."""
    where = address(thing.url)
    if where and (thing.post_hint == "image" or where.split("?")[0].lower().endswith(_PICTURE_ENDS)):
        yield where
    listed = (thing.gallery_data or {}).get("items")
    for one in listed if isinstance(listed, list) else ():
        file = _within(thing.media_metadata, str(_within(one, "media_id")))
        if _within(file, "e") == "Image" and (found := address(str(_within(file, "s", "u")))):
            yield found


def _within(value: object, *names: str) -> object:
    """What stands under these names, one in the other; None where nothing does."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
