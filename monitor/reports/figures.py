"""The figures of a period, all in one place; each comes from a module of its own.

A post is everything with one source and id: its text and its picture count once. Corrections by people are
counted in. Brands chosen in a filter limit which brands are told; shares stay those among all brands watched.
By stories, only the first of copies counts, where and when it appeared; so all of this counts less.
"""

from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, text

from monitor.reports.authors import AuthorActivity, authors
from monitor.reports.counts import values
from monitor.reports.feeling import BrandFeeling, FeelingPoint, Unit, net_sentiment, sentiment_over_time
from monitor.reports.filters import Counting, Filter
from monitor.reports.intervals import wilson
from monitor.reports.languages import Unscored, unscored
from monitor.reports.mentions import how_many
from monitor.reports.origins import SourceShare, sources
from monitor.reports.quality import ModelUse, Quality, is_synthetic, pruned_before, quality
from monitor.reports.voice import BrandVoice, share_of_voice

__all__ = [
    "AuthorActivity",
    "BrandFeeling",
    "BrandVoice",
    "FeelingPoint",
    "ModelUse",
    "Quality",
    "RejectedInputs",
    "SourceShare",
    "Summary",
    "Unit",
    "Unscored",
    "authors",
    "is_synthetic",
    "net_sentiment",
    "quality",
    "sentiment_over_time",
    "share_of_voice",
    "sources",
    "summary",
    "wilson",
]


class RejectedInputs(msgspec.Struct, frozen=True, kw_only=True):
    """Records with one error code, and the latest reason given."""

    code: str
    records: int
    example: str
    latest: datetime


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a report says in figures."""

    since: datetime
    until: datetime
    texts: int
    images: int
    posts: int
    sources: int
    authors: int | None
    """None in periods of very many mentions, where counting names would take seconds."""
    first_published: datetime | None
    last_published: datetime | None
    brand_posts: int
    """Posts that name or show any (chosen) brand."""
    image_only: int
    """Pictures that show a (chosen) brand nobody named."""
    corrections: int
    """Corrections in force on mentions of the period."""
    voice: tuple[BrandVoice, ...]
    feeling: tuple[BrandFeeling, ...]
    rejected: tuple[RejectedInputs, ...]
    models: tuple[ModelUse, ...]
    by_posts: int
    """Mentions, copies included: what `mentions` is when counted by posts."""
    by_stories: int
    """Mentions that are the first of their story: what `mentions` is when counted by stories."""
    unscored: tuple[Unscored, ...]
    """Texts in languages that the model does not speak, the most first: in no sentiment."""
    synthetic: bool
    """`brand-monitor seed` made mentions in this database: nobody said these things."""
    kept_from: datetime | None
    """Where mentions of the period were pruned: those published before this moment. Counts of them are kept,
    whole hours and days; what is told by the mentions themselves (authors, quotes, searches) is not."""

    @property
    def mentions(self) -> int:
        """Texts and pictures."""
        return self.texts + self.images

    @property
    def focus(self) -> str | None:
        """The brand that is spoken of first: the most present of ours, else the most present of all."""
        present = sorted(self.voice, key=lambda each: (not each.own, -each.posts))
        return present[0].brand if present else None

    @property
    def rejections(self) -> int:
        """Records that became dead letters."""
        return sum(each.records for each in self.rejected)

    @property
    def unscored_texts(self) -> int:
        """Texts without a sentiment, in whatever language."""
        return sum(each.texts for each in self.unscored)


def summary(connection: Connection, chosen: Filter) -> Summary:
    """All figures of the mentions chosen, and of the inputs rejected in that period."""
    return Summary(
        since=chosen.since,
        until=chosen.until,
        **_counts(connection, chosen),
        voice=share_of_voice(connection, chosen),
        feeling=net_sentiment(connection, chosen),
        rejected=tuple(
            RejectedInputs(**row._asdict()) for row in connection.execute(_REJECTED, chosen.values())
        ),
        unscored=unscored(connection, chosen),
        synthetic=is_synthetic(connection),
        kept_from=pruned_before(connection, chosen.since),
    )


# A rejected record has no publication date to trust: what counts is when it was rejected.
_REJECTED = text("""
    SELECT error_code AS code, count(*) AS records, max(failed_at) AS latest,
           (array_agg(error_detail ORDER BY failed_at DESC))[1] AS example
    FROM dead_letter WHERE failed_at >= :since AND failed_at < :until
    GROUP BY error_code ORDER BY records DESC, code
""")


def _counts(connection: Connection, chosen: Filter) -> dict[str, Any]:
    given = values(connection, chosen)
    counted = connection.execute(_ABOUT_BRANDS if chosen.brands else _EVERYTHING, given).one()
    about = counted if chosen.brands else connection.execute(_ABOUT_ANY, given).one()
    mentions = counted.texts + counted.images
    few = mentions <= _NAMES_COUNTED
    return {
        "texts": counted.texts,
        "images": counted.images,
        "posts": mentions - counted.pairs,
        "sources": counted.sources,
        **_by_both(connection, chosen, mentions),
        "brand_posts": about.texts + about.images - about.pairs,
        "image_only": about.silent,
        "authors": connection.execute(text(_authors(chosen)), given).scalar_one() if few else None,
        **connection.execute(text(_others(chosen)), given).one()._asdict(),
        "models": tuple(ModelUse(**row._asdict()) for row in connection.execute(_MODELS, given)),
    }


def _by_both(connection: Connection, chosen: Filter, mentions: int) -> dict[str, int]:
    """Mentions by posts and by stories; one of them is known."""
    other: Counting = "stories" if chosen.counting == "posts" else "posts"
    found = how_many(connection, msgspec.structs.replace(chosen, counting=other))
    return {f"by_{chosen.counting}": mentions, f"by_{other}": found}


# Names of more mentions than this take longer to tell apart than a page may take.
_NAMES_COUNTED = 100_000


# `pairs` are posts whose text and picture are both counted: two mentions, but one post. Sources are grouped,
# which hashes: to count distinct names would sort.
_EVERYTHING: Final = text("""
    SELECT coalesce(sum(texts), 0)::bigint AS texts, coalesce(sum(images), 0)::bigint AS images,
           count(*) AS sources,
           (SELECT coalesce(sum(pairs), 0)::bigint
            FROM pair_counts(:since, :until, :sources, :kinds, :languages, :stories)) AS pairs
    FROM (
        SELECT source, sum(mentions) FILTER (WHERE kind = 'text') AS texts,
               sum(mentions) FILTER (WHERE kind = 'image') AS images
        FROM mention_counts(:since, :until, :sources, :kinds, :languages, :stories) GROUP BY source
    ) AS of_source
""")

_ABOUT_ANY: Final = text("""
    SELECT coalesce(sum(mentions) FILTER (WHERE kind = 'text'), 0)::bigint AS texts,
           coalesce(sum(mentions) FILTER (WHERE kind = 'image'), 0)::bigint AS images,
           (SELECT coalesce(sum(about), 0)::bigint
            FROM pair_counts(:since, :until, :sources, :kinds, :languages, :stories)) AS pairs,
           coalesce(sum(silent), 0)::bigint AS silent
    FROM about_any(:since, :until, :sources, :kinds, :languages, :stories)
""")

_ABOUT_BRANDS: Final = text("""
    SELECT coalesce(sum(texts), 0)::bigint AS texts, coalesce(sum(images), 0)::bigint AS images,
           count(*) FILTER (WHERE texts > 0 OR images > 0) AS sources,
           (SELECT coalesce(sum(posts), 0)::bigint
            FROM about_twice(:brand_ids, :since, :until, :sources, :kinds, :languages, :stories)) AS pairs,
           (SELECT coalesce(sum(pictures), 0)::bigint
            FROM about_silent(:brand_ids, :since, :until, :sources, :kinds, :languages, :stories)) AS silent
    FROM (
        SELECT source, sum(texts) AS texts, sum(images) AS images
        FROM about_counts(:brand_ids, :since, :until, :sources, :kinds, :languages, :stories) GROUP BY source
    ) AS of_source
""")

# Of all mentions of the period: which brand a mention is about changes nothing about who scored it.
_MODELS: Final = text("""
    SELECT model_version, kind, sum(mentions - unscored)::bigint AS mentions
    FROM mention_counts(:since, :until, :sources, :kinds, :languages, :stories)
    GROUP BY 1, 2 HAVING sum(mentions - unscored) > 0 ORDER BY kind DESC, mentions DESC, 1
""")


def _authors(chosen: Filter) -> str:
    """Grouped, which hashes: count(DISTINCT (source, author)) sorts, and takes six times as long."""
    table, where = "mention", chosen.where("m", "author IS NOT NULL")
    if chosen.brands:
        table, where = "presence", chosen.where("m", "author IS NOT NULL", "brand_id = ANY(:brand_ids)")
    return f"SELECT count(*) FROM (SELECT FROM {table} AS m WHERE {where} GROUP BY source, author) AS who"  # noqa: S608


def _others(chosen: Filter) -> str:
    """First and last mention, corrections in force."""
    if chosen.brands:
        ends = f"""
            unnest(CAST(:brand_ids AS int[])) AS b(id), LATERAL (
                SELECT min(published_at) AS first, max(published_at) AS last FROM presence AS p
                WHERE brand_id = b.id AND {chosen.where("p")})
        """  # noqa: S608 - the conditions are our own; their values travel as parameters
        where = chosen.where(
            "m", "EXISTS (SELECT FROM presence WHERE mention_id = m.id AND brand_id = ANY(:brand_ids))"
        )
    else:
        where = chosen.where("m")
        ends = f"""(SELECT min(published_at) AS first, max(published_at) AS last FROM mention AS m
                    WHERE {where})"""  # noqa: S608 - the conditions are our own
    return f"""
        SELECT min(ends.first) AS first_published, max(ends.last) AS last_published,
               (SELECT count(*) FROM correction AS c JOIN mention AS m ON m.id = c.mention_id
                WHERE c.undone_at IS NULL AND {where}) AS corrections
        FROM {ends} AS ends
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
