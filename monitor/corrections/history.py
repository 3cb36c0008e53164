"""Who corrected what, when, and what of it is in force."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import Connection, text

from monitor.messages import Box, Label


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """One correction. `in_force`: not undone, and the text or picture is still the one that was judged."""

    id: int
    mention_id: UUID
    subject: Literal["sentiment", "logo"]
    brand: str | None
    """sentiment: toward this brand, None for the whole text. logo: what is there, None for nothing."""
    label: Label | None
    detection_id: UUID | None
    """logo: the find judged; None for a logo the model missed."""
    box: Box | None
    corrected_by: str
    corrected_at: datetime
    note: str | None
    undone_by: str | None
    undone_at: datetime | None
    in_force: bool


def history(connection: Connection, mention_id: UUID) -> tuple[Correction, ...]:
    """All corrections of a mention, and of its picture made at other mentions; the latest first."""
    return tuple(_correction(row._asdict()) for row in connection.execute(_HISTORY, {"id": mention_id}))


def _correction(row: dict[str, Any]) -> Correction:
    edges = [row.pop(edge) for edge in ("x", "y", "width", "height")]
    return Correction(**row, box=None if edges[0] is None else Box(*edges))


_HISTORY = text("""
    SELECT c.id, c.mention_id, c.subject, b.name AS brand, c.label, c.detection_id, c.x, c.y, c.width,
           c.height, c.corrected_by, c.corrected_at, c.note, c.undone_by, c.undone_at,
           c.undone_at IS NULL AND c.content_sha256 = CASE c.subject WHEN 'logo' THEN m.picture_sha256
               ELSE encode(sha256(convert_to(m.text, 'UTF8')), 'hex') END AS in_force
    FROM mention AS m
    JOIN correction AS c
      ON c.mention_id = m.id OR (c.subject = 'logo' AND c.content_sha256 = m.picture_sha256)
    LEFT JOIN brand AS b ON b.id = c.brand_id
    WHERE m.id = :id ORDER BY c.id DESC
""")
