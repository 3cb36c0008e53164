"""Pictures that show logos: the wall of them, and those that show a brand nobody named."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection, text

from monitor.messages import Box, Evidence
from monitor.reports.counts import brand_ids
from monitor.reports.filters import Filter
from monitor.reports.wording import found_by, percent

LATEST: Final = 5000
"""Sightings that are ranked: more than anybody pages through, and few enough to rank at once."""


class ShownLogo(msgspec.Struct, frozen=True, kw_only=True):
    """A logo as it counts; evidence is as in `Detection`, None where a person said what is there."""

    brand: str
    score: float
    box: Box
    evidence: Evidence | None
    look: float | None
    letters: float | None
    line: str | None


class ShownPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture with logos, and one of the mentions that show it."""

    sha256: str
    url: str
    mentions: int
    detections: tuple[ShownLogo, ...]
    """The surest first."""
    unnamed: tuple[str, ...]
    """Brands in the picture that this mention does not name."""
    mention_id: UUID
    source: str
    author: str | None
    mention_url: str | None
    caption: str | None
    published_at: datetime

    @property
    def finds(self) -> str:
        """What it shows, each brand once, the surest first: `VMware x3, best 80% by its look; Citrix 61% by
        its letters: “citrix”`."""
        each: dict[str, list[ShownLogo]] = {}
        for found in self.detections:
            each.setdefault(found.brand, []).append(found)
        times = "\N{MULTIPLICATION SIGN}"
        return "; ".join(
            f"{brand} {f'{times}{len(logos)}, best ' if len(logos) > 1 else ''}{percent(logos[0].score)} "
            f"{found_by(logos[0].evidence, logos[0].line)}"
            for brand, logos in each.items()
        )


def pictures_of(connection: Connection, mentions: Sequence[UUID]) -> dict[UUID, str]:
    """SHA-256 of the picture of each mention that has one, itself or in the other half of its post."""
    query = text("""
        SELECT m.id, coalesce(m.picture_sha256, other.picture_sha256) AS sha256 FROM mention AS m
        LEFT JOIN LATERAL (
            SELECT o.picture_sha256 FROM mention AS o
            WHERE o.post_id = m.post_id AND o.picture_sha256 IS NOT NULL ORDER BY o.id LIMIT 1
        ) AS other ON true
        WHERE m.id = ANY(:ids) AND coalesce(m.picture_sha256, other.picture_sha256) IS NOT NULL
    """)
    return {row.id: row.sha256 for row in connection.execute(query, {"ids": list(mentions)})}


def shown_pictures(
    connection: Connection,
    chosen: Filter,
    limit: int,
    *,
    offset: int = 0,
    lowest_score: float = 0.0,
    unnamed_only: bool = False,
) -> tuple[ShownPicture, ...]:
    """Pictures with logos of the (chosen) brands, ours first, then by probability; each once.

    Of a period with very many, those among the `LATEST` sightings of a brand.

    `lowest_score` is the least probability of a logo of the chosen brands, 0..1; `unnamed_only` keeps
    pictures with a (chosen) brand that the post does not name.
    """
    wanted = ["p.shown", "p.brand_id = ANY(:brand_ids)", "p.score >= :lowest_score"]
    if unnamed_only:
        wanted.append("p.silent")
    query = f"""
        WITH latest AS (
            SELECT p.mention_id, p.brand_id, p.score FROM presence AS p
            WHERE {chosen.where("p", *wanted)} ORDER BY p.published_at DESC LIMIT {LATEST}
        ), ranked AS (
            SELECT m.picture_sha256 AS sha256, bool_or(b.own) AS own, max(l.score) AS score,
                   array_agg(DISTINCT l.mention_id) AS ids
            FROM latest AS l JOIN mention AS m ON m.id = l.mention_id JOIN brand AS b ON b.id = l.brand_id
            GROUP BY m.picture_sha256
            ORDER BY own DESC, score DESC, sha256 LIMIT :limit OFFSET :offset
        )
        SELECT r.sha256, i.url, cardinality(r.ids) AS mentions, found.detections,
               ARRAY(SELECT DISTINCT b.name FROM presence AS p JOIN brand AS b ON b.id = p.brand_id
                     WHERE p.mention_id = m.id AND p.silent ORDER BY 1) AS unnamed,
               m.id AS mention_id, m.source, m.author, m.url AS mention_url, m.text AS caption, m.published_at
        FROM ranked AS r JOIN picture AS i ON i.sha256 = r.sha256
        CROSS JOIN LATERAL (
            SELECT * FROM mention WHERE id = ANY(r.ids) ORDER BY reach DESC NULLS LAST, id LIMIT 1
        ) AS m
        CROSS JOIN LATERAL (
            SELECT json_agg(json_build_object('brand', b.name, 'score', d.score, 'x', d.x, 'y', d.y,
                                              'width', d.width, 'height', d.height,
                                              'evidence', d.evidence, 'look', d.look, 'letters', d.letters,
                                              'line', d.line)) AS detections
            FROM effective_detection AS d JOIN brand AS b ON b.id = d.brand_id
            WHERE d.picture_sha256 = r.sha256 AND d.model_version = m.model_version
        ) AS found
        ORDER BY r.own DESC, r.score DESC, r.sha256
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    given = {
        **chosen.values(),
        "brand_ids": brand_ids(connection, chosen),
        "limit": limit,
        "offset": offset,
        "lowest_score": lowest_score,
    }
    return tuple(_shown_picture(row._asdict()) for row in connection.execute(text(query), given))


def image_only(connection: Connection, chosen: Filter, limit: int) -> tuple[ShownPicture, ...]:
    """Pictures that show a (chosen) brand without a word about it."""
    return shown_pictures(connection, chosen, limit, unnamed_only=True)


def _shown_picture(row: dict[str, Any]) -> ShownPicture:
    surest = sorted(row["detections"], key=lambda each: -each["score"])
    detections = tuple(_shown_logo(each) for each in surest)
    return ShownPicture(**{**row, "detections": detections, "unnamed": tuple(row["unnamed"])})


def _shown_logo(row: dict[str, Any]) -> ShownLogo:
    box = Box(*(row.pop(edge) for edge in ("x", "y", "width", "height")))
    return ShownLogo(box=box, **row)
