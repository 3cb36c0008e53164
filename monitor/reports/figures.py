"""The figures of a period: share of voice, sentiment, brand health, rejected inputs. One query each.

A period is [since, until) of `published_at`. A post is everything with one source and id: its text and its
picture count once. Corrections by people are counted in.
"""

import math
from datetime import date, datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, Row, text

Unit = Literal["day", "week", "month"]

# 95%: the two-sided quantile of the normal distribution.
_Z: Final = 1.96


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


class BrandFeeling(msgspec.Struct, frozen=True, kw_only=True):
    """How the texts that name a brand feel about it. Counts are mentions."""

    brand: str
    own: bool
    mentions: int
    positive: int
    neutral: int
    negative: int
    net_sentiment: float
    """(positive - negative) / mentions, -1..1."""
    opinions: int
    """positive + negative."""
    health: float | None
    """positive / opinions, 0..1; None without opinions."""
    health_low: float | None
    """Ends of its 95% Wilson interval."""
    health_high: float | None


class FeelingPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One brand in one day, week (from its Monday) or month (from its first day)."""

    start: date
    positive: int
    neutral: int
    negative: int


class RejectedInputs(msgspec.Struct, frozen=True, kw_only=True):
    """Records with one error code, and the latest reason given."""

    code: str
    records: int
    example: str
    latest: datetime


class ModelUse(msgspec.Struct, frozen=True, kw_only=True):
    """A model version and how many mentions of the period it scored."""

    model_version: str
    kind: str
    mentions: int


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a report says in figures."""

    since: datetime
    until: datetime
    texts: int
    images: int
    posts: int
    sources: int
    authors: int
    first_published: datetime | None
    last_published: datetime | None
    brand_posts: int
    """Posts that name or show any brand."""
    image_only: int
    """Pictures that show a brand nobody named."""
    corrections: int
    """Corrections in force on mentions of the period."""
    voice: tuple[BrandVoice, ...]
    feeling: tuple[BrandFeeling, ...]
    rejected: tuple[RejectedInputs, ...]
    models: tuple[ModelUse, ...]

    @property
    def mentions(self) -> int:
        """Texts and pictures."""
        return self.texts + self.images

    @property
    def rejections(self) -> int:
        """Records that became dead letters."""
        return sum(each.records for each in self.rejected)


_COUNTS: Final = text("""
SELECT count(*) FILTER (WHERE kind = 'text') AS texts, count(*) FILTER (WHERE kind = 'image') AS images,
       count(DISTINCT post_id) AS posts, count(DISTINCT source) AS sources,
       count(DISTINCT (source, author)) FILTER (WHERE author IS NOT NULL) AS authors,
       min(published_at) AS first_published, max(published_at) AS last_published
FROM mention WHERE published_at >= :since AND published_at < :until
""")

_VOICE: Final = text("""
SELECT b.name AS brand, b.own, count(DISTINCT post_id) AS posts,
       count(DISTINCT post_id) FILTER (WHERE channel = 'words') AS words,
       count(DISTINCT post_id) FILTER (WHERE channel = 'picture') AS picture
FROM brand_presence JOIN brand AS b ON b.id = brand_id
WHERE published_at >= :since AND published_at < :until
GROUP BY b.id ORDER BY posts DESC, b.own DESC, b.name
""")

_FEELING: Final = text("""
SELECT b.name AS brand, b.own, count(*) AS mentions,
       count(*) FILTER (WHERE label = 'positive') AS positive,
       count(*) FILTER (WHERE label = 'neutral') AS neutral,
       count(*) FILTER (WHERE label = 'negative') AS negative
FROM brand_sentiment JOIN brand AS b ON b.id = brand_id
WHERE published_at >= :since AND published_at < :until
GROUP BY b.id ORDER BY mentions DESC, b.own DESC, b.name
""")

_FEELING_OVER_TIME: Final = text("""
SELECT date_trunc(:unit, published_at AT TIME ZONE :zone)::date AS start,
       count(*) FILTER (WHERE label = 'positive') AS positive,
       count(*) FILTER (WHERE label = 'neutral') AS neutral,
       count(*) FILTER (WHERE label = 'negative') AS negative
FROM brand_sentiment WHERE brand = :brand AND published_at >= :since AND published_at < :until
GROUP BY 1 ORDER BY 1
""")

_OTHERS: Final = text("""
SELECT (SELECT count(DISTINCT post_id) FROM brand_presence
        WHERE published_at >= :since AND published_at < :until) AS brand_posts,
       (SELECT count(DISTINCT mention_id) FROM image_only_mentions
        WHERE published_at >= :since AND published_at < :until) AS image_only,
       (SELECT count(*) FROM correction AS c JOIN mention AS m ON m.id = c.mention_id
        WHERE c.undone_at IS NULL AND m.published_at >= :since AND m.published_at < :until) AS corrections
""")

# A rejected record has no publication date to trust: what counts is when it was rejected.
_REJECTED: Final = text("""
SELECT error_code AS code, count(*) AS records, max(failed_at) AS latest,
       (array_agg(error_detail ORDER BY failed_at DESC))[1] AS example
FROM dead_letter WHERE failed_at >= :since AND failed_at < :until
GROUP BY error_code ORDER BY records DESC, code
""")

_MODELS: Final = text("""
SELECT model_version, kind, count(*) AS mentions
FROM mention WHERE published_at >= :since AND published_at < :until
GROUP BY 1, 2 ORDER BY kind DESC, mentions DESC, 1
""")


def summary(connection: Connection, since: datetime, until: datetime) -> Summary:
    """All figures of mentions published, and inputs rejected, from `since` to before `until`."""
    counts = _rows(connection, _COUNTS, since, until)[0]
    others = _rows(connection, _OTHERS, since, until)[0]
    return Summary(
        since=since,
        until=until,
        **counts._asdict(),
        **others._asdict(),
        voice=share_of_voice(connection, since, until),
        feeling=net_sentiment(connection, since, until),
        rejected=tuple(RejectedInputs(**row._asdict()) for row in _rows(connection, _REJECTED, since, until)),
        models=tuple(ModelUse(**row._asdict()) for row in _rows(connection, _MODELS, since, until)),
    )


def share_of_voice(connection: Connection, since: datetime, until: datetime) -> tuple[BrandVoice, ...]:
    """Brands that were named or shown, the most present first."""
    found = _rows(connection, _VOICE, since, until)
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
    )


def net_sentiment(connection: Connection, since: datetime, until: datetime) -> tuple[BrandFeeling, ...]:
    """Brands that texts name, the most mentioned first."""
    return tuple(_feeling(row) for row in _rows(connection, _FEELING, since, until))


def sentiment_over_time(
    connection: Connection, brand: str, since: datetime, until: datetime, unit: Unit, zone: str = "UTC"
) -> tuple[FeelingPoint, ...]:
    """Texts that name a brand by day, week or month of an IANA time zone; units without one are left out."""
    found = connection.execute(
        _FEELING_OVER_TIME, {"brand": brand, "since": since, "until": until, "unit": unit, "zone": zone}
    )
    return tuple(FeelingPoint(**row._asdict()) for row in found)


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Wilson's 95% score interval of a proportion (Wilson 1927): honest at small n, unlike the plain one."""
    if n == 0:
        return 0.0, 1.0
    p, zz = successes / n, _Z * _Z / n
    middle, half = p + zz / 2, _Z * math.sqrt((p * (1 - p) + zz / 4) / n)
    # At 0 and n successes an end of the interval is the proportion itself; rounding may put it a hair inside.
    return min(p, max(0.0, (middle - half) / (1 + zz))), max(p, min(1.0, (middle + half) / (1 + zz)))


def _feeling(row: Row[Any]) -> BrandFeeling:
    opinions = row.positive + row.negative
    low, high = wilson(row.positive, opinions) if opinions else (None, None)
    return BrandFeeling(
        **row._asdict(),
        net_sentiment=(row.positive - row.negative) / row.mentions,
        opinions=opinions,
        health=row.positive / opinions if opinions else None,
        health_low=low,
        health_high=high,
    )


def _rows(connection: Connection, query: Any, since: datetime, until: datetime) -> list[Row[Any]]:
    return list(connection.execute(query, {"since": since, "until": until}))
