"""The mentions behind the figures: for tables, for quotes, for exports, and the pictures that show logos."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection, text

from monitor.messages import Box, Detection

# Rows fetched at a time: an export of millions of mentions stays small in memory.
_CHUNK: Final = 1000


class MentionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One row of view `mention_detail`."""

    mention_id: UUID
    kind: str
    source: str
    external_id: str
    published_at: datetime
    author: str | None
    url: str | None
    lang: str | None
    reach: int | None
    text: str | None
    brands_named: tuple[str, ...]
    brands_shown: tuple[str, ...]
    sentiment: str | None
    p_negative: float | None
    p_neutral: float | None
    p_positive: float | None
    corrected: bool
    picture_url: str | None
    picture_width: int | None
    picture_height: int | None
    model_version: str
    stored_at: datetime


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A text with an opinion of a brand; `p` is the model's probability, `corrected` says a person judged."""

    brand: str
    text: str
    source: str
    author: str | None
    url: str | None
    published_at: datetime
    reach: int | None
    p: float
    corrected: bool


class ShownPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture with logos, and one of the mentions that show it."""

    sha256: str
    url: str
    mentions: int
    detections: tuple[Detection, ...]
    unnamed: tuple[str, ...]
    """Brands that none of its posts names."""
    source: str
    author: str | None
    mention_url: str | None
    caption: str | None
    published_at: datetime


_MENTIONS: Final = """
SELECT * FROM mention_detail WHERE published_at >= :since AND published_at < :until
"""

_QUOTES: Final = text("""
SELECT s.brand, m.text, m.source, m.author, m.url, m.published_at, m.reach, s.corrected,
       CASE :label WHEN 'positive' THEN s.p_positive ELSE s.p_negative END AS p
FROM brand_sentiment AS s JOIN mention AS m ON m.id = s.mention_id
WHERE s.brand = :brand AND s.label = :label AND m.published_at >= :since AND m.published_at < :until
ORDER BY p DESC, m.reach DESC NULLS LAST, m.id LIMIT :limit
""")

_PICTURES: Final = text("""
WITH shown AS (
    SELECT l.*, m.text AS caption, b.own,
           EXISTS (SELECT FROM mention AS told JOIN brand_mention AS n ON n.mention_id = told.id
                   WHERE told.post_id = l.post_id AND n.brand_id = l.brand_id) AS named
    FROM logo_sighting AS l JOIN mention AS m ON m.id = l.mention_id JOIN brand AS b ON b.id = l.brand_id
    WHERE l.published_at >= :since AND l.published_at < :until
)
SELECT s.picture_sha256 AS sha256, p.url, count(DISTINCT mention_id) AS mentions,
       (SELECT json_agg(DISTINCT jsonb_build_object(
            'brand', d.brand, 'score', d.score, 'x', d.x, 'y', d.y, 'width', d.width, 'height', d.height))
        FROM shown AS d WHERE d.picture_sha256 = s.picture_sha256) AS detections,
       coalesce(array_agg(DISTINCT s.brand) FILTER (WHERE NOT s.named), '{}') AS unnamed,
       (array_agg(s.source ORDER BY s.reach DESC NULLS LAST, s.mention_id))[1] AS source,
       (array_agg(s.author ORDER BY s.reach DESC NULLS LAST, s.mention_id))[1] AS author,
       (array_agg(s.url ORDER BY s.reach DESC NULLS LAST, s.mention_id))[1] AS mention_url,
       (array_agg(s.caption ORDER BY s.reach DESC NULLS LAST, s.mention_id))[1] AS caption,
       (array_agg(s.published_at ORDER BY s.reach DESC NULLS LAST, s.mention_id))[1] AS published_at
FROM shown AS s JOIN picture AS p ON p.sha256 = s.picture_sha256
GROUP BY s.picture_sha256, p.url
ORDER BY bool_or(s.own) DESC, max(s.score) DESC, s.picture_sha256 LIMIT :limit
""")


def all_mentions(connection: Connection, since: datetime, until: datetime) -> Iterator[MentionLine]:
    """Every mention of the period, oldest first, fetched as it is consumed."""
    return _lines(
        connection, f"{_MENTIONS} ORDER BY published_at, mention_id", {"since": since, "until": until}
    )


def most_reached(
    connection: Connection, since: datetime, until: datetime, limit: int
) -> tuple[MentionLine, ...]:
    """The mentions most people may have seen; those about a brand first."""
    order = (
        "ORDER BY brands_named || brands_shown = '{}', reach DESC NULLS LAST, published_at DESC, mention_id"
    )
    values = {"since": since, "until": until, "limit": limit}
    return tuple(_lines(connection, f"{_MENTIONS} {order} LIMIT :limit", values))


def quotes(
    connection: Connection, brand: str, label: str, since: datetime, until: datetime, limit: int
) -> tuple[Quote, ...]:
    """Texts about a brand with that label, the clearest first."""
    values = {"brand": brand, "label": label, "since": since, "until": until, "limit": limit}
    return tuple(Quote(**row._asdict()) for row in connection.execute(_QUOTES, values))


def shown_pictures(
    connection: Connection, since: datetime, until: datetime, limit: int
) -> tuple[ShownPicture, ...]:
    """Pictures with logos, ours first, then by confidence."""
    found = connection.execute(_PICTURES, {"since": since, "until": until, "limit": limit})
    return tuple(_shown_picture(row._asdict()) for row in found)


def _shown_picture(row: dict[str, Any]) -> ShownPicture:
    detections = tuple(
        Detection(
            brand=each["brand"],
            score=each["score"],
            box=Box(each["x"], each["y"], each["width"], each["height"]),
        )
        for each in sorted(row["detections"], key=lambda each: -each["score"])
    )
    return ShownPicture(**{**row, "detections": detections, "unnamed": tuple(row["unnamed"])})


def _lines(connection: Connection, query: str, values: dict[str, Any]) -> Iterator[MentionLine]:
    found = connection.execute(text(query), values, execution_options={"yield_per": _CHUNK})
    for row in found:
        fields = row._asdict()
        fields["brands_named"] = tuple(fields["brands_named"])
        fields["brands_shown"] = tuple(fields["brands_shown"])
        yield MentionLine(**fields)
