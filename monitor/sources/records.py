"""What a post becomes on the topics: a text mention, picture mentions, deletions of either."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from monitor.errors import DataError, ErrorCode
from monitor.messages import (
    JSON,
    LONGEST_ID,
    MSGPACK,
    Deletion,
    ImageMention,
    TextMention,
    decode_deletion,
    decode_image,
    decode_text,
    encode,
    picture_id,
    post_of_picture,
)
from monitor.publishing.records import Outgoing, content_type_header
from monitor.sources.interface import Post
from monitor.texts import is_blank


@dataclass(frozen=True, slots=True)
class Records:
    """Makes the records of one source, through the very checks that the service makes.

    Every method raises `DataError` for what the service would refuse.
    """

    source: str
    max_chars: int

    def check(self, post: Post, *, was_published: bool) -> None:
        """What the service would refuse of the post, whatever its pictures are."""
        if is_blank(post.text) and not post.pictures and not was_published:
            raise DataError(ErrorCode.TEXT_EMPTY, "neither a text nor a picture")
        if post_of_picture(post.id) != post.id:
            raise DataError(ErrorCode.FIELD_INVALID, "its id is that of another post's picture")
        self.text(replace(post, text="picture") if is_blank(post.text) else post)

    def text(self, post: Post) -> Outgoing | None:
        """The text mention; None for a post of pictures alone. What is longer than the limit is cut."""
        if is_blank(post.text):
            return None
        mention = TextMention(
            id=post.id,
            source=self.source,
            text=post.text[: self.max_chars],
            published_at=in_utc(post.published_at),
            author=_storable(post.author),
            url=_storable(post.url),
            lang=_storable(post.lang),
            reach=post.reach,
        )
        value = _encoded(mention, JSON)
        decode_text(value, JSON, max_chars=self.max_chars)
        return _outgoing("text", post.id, value, JSON)

    def picture(self, post: Post, number: int, image: bytes) -> Outgoing:
        """The mention of one of its pictures, counted from 1."""
        mention = ImageMention(
            id=picture_id(post.id, number),
            source=self.source,
            image=image,
            published_at=in_utc(post.published_at),
            caption=None if is_blank(post.text) else post.text[: self.max_chars],
            author=_storable(post.author),
            url=_storable(post.url),
            reach=post.reach,
        )
        value = _encoded(mention, MSGPACK)
        decode_image(value, MSGPACK)
        return _outgoing("image", mention.id, value, MSGPACK)

    def deletions(self, post: str, n_pictures: int, at: datetime) -> Iterator[Outgoing]:
        """Of a post's text, and of as many pictures."""
        yield self.deletion("text", post, at)
        for number in range(1, n_pictures + 1):
            yield self.deletion("image", picture_id(post, number), at)

    def deletion(self, topic: str, id: str, at: datetime) -> Outgoing:
        """Of one mention, on `text` or `image`."""
        value = _encoded(Deletion(id=id, source=self.source, deleted_at=in_utc(at)), JSON)
        decode_deletion(value, JSON)
        return _outgoing(topic, id, value, JSON)


def _outgoing(topic: str, id: str, value: bytes, content_type: str) -> Outgoing:
    return Outgoing(id, topic, id.encode(), value, content_type_header(content_type))


def _encoded(message: TextMention | ImageMention | Deletion, content_type: str) -> bytes:
    try:
        return encode(message, content_type)
    except (UnicodeEncodeError, OverflowError) as error:
        raise DataError(ErrorCode.FIELD_INVALID, f"a field cannot be sent: {error}") from None


def in_utc(moment: datetime) -> datetime:
    """In UTC, to the microsecond, as the database keeps it."""
    if moment.tzinfo is None:
        return moment  # refused for that
    try:
        return moment.astimezone(UTC)
    except (OverflowError, ValueError):
        return moment  # refused by its year


def _storable(text: str | None) -> str | None:
    """What a platform says besides the post itself; nothing where that is no text for a database."""
    return None if text is None or not text.strip() or not is_storable(text) else text


def is_name(text: str) -> bool:
    """Whether an index of PostgreSQL takes it, too: what is longer than an id may be names nothing here."""
    return len(text) <= LONGEST_ID and is_storable(text)


def is_storable(text: str) -> bool:
    """Whether PostgreSQL takes it: UTF-8 without NUL."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
