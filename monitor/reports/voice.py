"""Share of voice: how present each brand is, in words, in pictures, and in either.

Counts are posts: a text and a picture with one source and id are one post. Brands chosen in a filter limit
which brands are told; shares stay shares among all brands watched.
"""

from typing import Final

import msgspec
from sqlalchemy import Connection, text

from monitor.reports.filters import Filter


class BrandVoice(msgspec.Struct, frozen=True, kw_only=True):
    """How present a brand is. Counts are posts; shares are 0..1 among all brands watched."""

    brand: str
    own: bool
    posts: int
    """Named in words or shown in a picture."""
    words: int
    picture: int
    share: float
    share_words: float
    share_picture: float


def share_of_voice(connection: Connection, chosen: Filter) -> tuple[BrandVoice, ...]:
    """Brands that were named or shown, the most present first."""
    found = connection.execute(_VOICE, chosen.values()).all()
    posts, words, picture = (
        sum(getattr(row, name) for row in found) for name in ("posts", "words", "picture")
    )
    return tuple(
        BrandVoice(
            **row._asdict(),
            share=row.posts / posts,
            share_words=row.words / words if words else 0.0,
            share_picture=row.picture / picture if picture else 0.0,
        )
        for row in found
        if not chosen.brands or row.brand in chosen.brands
    )


_VOICE: Final = text("""
    WITH counted AS (
        SELECT brand_id, sum(texts + images)::bigint AS mentions, sum(texts + captions)::bigint AS words,
               sum(shown)::bigint AS picture
        FROM brand_counts(:since, :until, :sources, :kinds, :languages, :stories)
        GROUP BY 1 HAVING sum(texts + images) > 0
    ), twice AS (
        SELECT brand_id, sum(posts)::bigint AS posts, sum(named)::bigint AS named
        FROM brand_twice(:since, :until, :sources, :kinds, :languages, :stories) GROUP BY 1
    )
    SELECT b.name AS brand, b.own, c.mentions - coalesce(t.posts, 0) AS posts,
           c.words - coalesce(t.named, 0) AS words, c.picture
    FROM counted AS c JOIN brand AS b ON b.id = c.brand_id LEFT JOIN twice AS t ON t.brand_id = b.id
    WHERE b.watched OR b.name = ANY(:brands)
    ORDER BY posts DESC, b.own DESC, b.name
""")
