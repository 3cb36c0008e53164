"""One mention in full: what was found in it, how sure, what people corrected, and the rest of its post."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, text

from monitor.corrections import Correction, history
from monitor.messages import Box, Evidence
from monitor.reports.mentions import MentionLine, copies


class FoundLogo(msgspec.Struct, frozen=True, kw_only=True):
    """A logo as it counts. `detection_id` is None for one a person added; evidence is as in `Detection`, None
    where a person said what is there."""

    detection_id: UUID | None
    correction_id: int | None
    brand: str
    score: float
    box: Box
    evidence: Evidence | None
    look: float | None
    letters: float | None
    line: str | None
    model_version: str


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """How the text feels, as a whole (`brand` None) or toward a brand that it names."""

    brand: str | None
    label: str
    """What counts: a person's word first."""
    p_negative: float | None
    """None where a person judged what the model did not score."""
    p_neutral: float | None
    p_positive: float | None
    model_version: str | None
    corrected: bool


class NamedBrand(msgspec.Struct, frozen=True, kw_only=True):
    """Where the text names a brand: characters `start` to before `end`, from 0."""

    brand: str
    start: int
    end: int
    matched: str


class MentionDetail(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known of one mention."""

    line: MentionLine
    picture_sha256: str | None
    logos: tuple[FoundLogo, ...]
    opinions: tuple[Opinion, ...]
    named: tuple[NamedBrand, ...]
    corrections: tuple[Correction, ...]
    """The latest first, undone ones included."""
    siblings: tuple[UUID, ...]
    """The other mentions of the same post: the picture of a text, the text of a picture."""
    copies: int
    """The other mentions of the same story."""


def mention(connection: Connection, id: UUID) -> MentionDetail | None:
    """The mention with that id; None if there is none."""
    found = connection.execute(
        text("SELECT * FROM mention_detail WHERE mention_id = :id"), {"id": id}
    ).one_or_none()
    if found is None:
        return None
    fields = found._asdict()
    fields |= {name: tuple(fields[name]) for name in ("brands_named", "brands_shown", "shown_by")}
    return MentionDetail(
        line=MentionLine(**fields),
        picture_sha256=connection.execute(
            text("SELECT picture_sha256 FROM mention WHERE id = :id"), {"id": id}
        ).scalar_one(),
        logos=tuple(FoundLogo(**_boxed(row)) for row in _rows(connection, _LOGOS, id)),
        opinions=tuple(Opinion(**row) for row in _rows(connection, _OPINIONS, id)),
        named=tuple(NamedBrand(**row) for row in _rows(connection, _NAMED, id)),
        corrections=history(connection, id),
        siblings=tuple(row["id"] for row in _rows(connection, _SIBLINGS, id)),
        copies=copies(connection, [fields["story_id"]])[fields["story_id"]],
    )


def _boxed(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its four edges as one box."""
    box = Box(*(row.pop(edge) for edge in ("x", "y", "width", "height")))
    return {**row, "box": box}


def _rows(connection: Connection, query: str, id: UUID) -> list[dict[str, Any]]:
    return [row._asdict() for row in connection.execute(text(query), {"id": id})]


_LOGOS = """
    SELECT d.detection_id, d.correction_id, b.name AS brand, d.score, d.x, d.y, d.width, d.height,
           d.evidence, d.look, d.letters, d.line, d.model_version
    FROM mention AS m
    JOIN effective_detection AS d ON d.picture_sha256 = m.picture_sha256 AND d.model_version = m.model_version
    JOIN brand AS b ON b.id = d.brand_id
    WHERE m.id = :id ORDER BY d.score DESC, d.x, d.y
"""

_OPINIONS = """
    SELECT NULL AS brand, label, p_negative, p_neutral, p_positive, model_version,
           correction_id IS NOT NULL AS corrected
    FROM effective_sentiment WHERE mention_id = :id AND brand_id IS NULL
    UNION ALL
    SELECT NULL, label, NULL, NULL, NULL, NULL, true
    FROM sentiment_correction AS c
    WHERE mention_id = :id AND brand_id IS NULL
      AND NOT EXISTS (SELECT FROM sentiment AS s WHERE s.mention_id = c.mention_id)
    UNION ALL
    (SELECT brand, label, p_negative, p_neutral, p_positive, model_version, corrected
     FROM brand_sentiment WHERE mention_id = :id ORDER BY brand)
"""

_NAMED = """
    SELECT b.name AS brand, n.start_char AS start, n.end_char AS "end", n.matched
    FROM brand_mention AS n JOIN brand AS b ON b.id = n.brand_id
    WHERE n.mention_id = :id ORDER BY n.start_char, b.name
"""

_SIBLINGS = """
    SELECT other.id FROM mention AS m JOIN mention AS other ON other.post_id = m.post_id AND other.id <> m.id
    WHERE m.id = :id ORDER BY other.id
"""
