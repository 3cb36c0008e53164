"""Writing corrections down and taking them back.

A correction judges content, not a row: it holds for the text or the picture with that SHA-256, so a mention
published again with another text is not called by a label given to the old one. Correcting again replaces the
correction in force, which stays in the history as undone.

Every function leaves the transaction open: the caller commits, once per correction.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from monitor.messages import Box, Label
from monitor.signature import signed


class CorrectionError(ValueError):
    """What was asked for does not fit what is there; the message says why, for the person who asked."""


def correct_sentiment(
    connection: Connection,
    mention_id: UUID,
    brand: str | None,
    label: Label,
    by: str,
    note: str | None = None,
) -> int:
    """Say how a text feels, toward one brand it names or (None) as a whole; returns the correction's id.

    Raises `CorrectionError` for an unknown mention, a picture, or a brand the text does not name.
    """
    who, why = signed(by, note, CorrectionError)
    mention = _mention(connection, mention_id)
    if mention.kind != "text":
        raise CorrectionError("a picture has no sentiment; correct its logos")
    brand_id = None if brand is None else _brand_id(connection, brand)
    if brand is not None and not _names(connection, mention_id, brand_id):
        raise CorrectionError(f"the text does not name {brand}")
    values = {
        "mention_id": mention_id,
        "brand_id": brand_id,
        "content": mention.content,
        "label": label,
        "by": who,
        "note": why,
    }
    connection.execute(_REPLACED_SENTIMENT, values)
    made = int(connection.execute(_SENTIMENT, values).scalar_one())
    _count(connection)
    return made


def correct_logo(
    connection: Connection,
    detection_id: UUID | None,
    mention_id: UUID,
    brand: str | None,
    box: Box | None,
    by: str,
    note: str | None = None,
) -> int:
    """Say what is in a picture; returns the correction's id. It holds wherever the same picture is shown.

    With a `detection_id`, that find is `brand` in `box` (None: where the model put it), or nothing (`brand`
    None). Without one, the model missed `brand` in `box`. Raises `CorrectionError` for what is not there or a
    box that leaves the picture.
    """
    who, why = signed(by, note, CorrectionError)
    mention = _mention(connection, mention_id)
    if mention.kind != "image":
        raise CorrectionError("a text shows no logo; correct its sentiment")
    if detection_id is None and (brand is None or box is None):
        raise CorrectionError("a missed logo needs its brand and its box")
    if detection_id is not None:
        found = connection.execute(_DETECTION, {"id": detection_id, "picture": mention.content}).one_or_none()
        if found is None:
            raise CorrectionError("that logo is not in this picture any more; reload the page")
        if brand is not None and box is None:
            box = Box(found.x, found.y, found.width, found.height)
    if brand is None:
        box = None
    values: dict[str, Any] = {
        "mention_id": mention_id,
        "detection_id": detection_id,
        "brand_id": None if brand is None else _brand_id(connection, brand),
        "content": mention.content,
        "by": who,
        "note": why,
        **_edges(box),
    }
    if detection_id is not None:
        connection.execute(_REPLACED_LOGO, values)
    made = int(connection.execute(_LOGO, values).scalar_one())
    _count(connection)
    return made


def undo(connection: Connection, correction_id: int, by: str) -> bool:
    """Take a correction back; False if it was undone before. Raises `CorrectionError` if there is none."""
    who, _ = signed(by, None, CorrectionError)
    found = connection.execute(
        text("SELECT undone_at FROM correction WHERE id = :id FOR UPDATE"), {"id": correction_id}
    ).one_or_none()
    if found is None:
        raise CorrectionError(f"there is no correction {correction_id}")
    if found.undone_at is not None:
        return False
    connection.execute(
        text("UPDATE correction SET undone_by = :by, undone_at = now() WHERE id = :id"),
        {"id": correction_id, "by": who},
    )
    _count(connection)
    return True


def _count(connection: Connection) -> None:
    """Move the roll-ups now and not at the commit: the figures shown next are of this transaction already."""
    connection.execute(text("SET CONSTRAINTS figures_caught_up IMMEDIATE"))
    connection.execute(text("SET CONSTRAINTS figures_caught_up DEFERRED"))


def _mention(connection: Connection, mention_id: UUID) -> Row[Any]:
    found = connection.execute(_MENTION, {"id": mention_id}).one_or_none()
    if found is None:
        raise CorrectionError(f"there is no mention {mention_id}")
    return found


def _brand_id(connection: Connection, brand: str) -> int:
    found = connection.execute(text("SELECT id FROM brand WHERE name = :name"), {"name": brand}).scalar()
    if found is None:
        raise CorrectionError(f"{brand} is none of the brands watched")
    return int(found)


def _names(connection: Connection, mention_id: UUID, brand_id: int | None) -> bool:
    query = text("SELECT EXISTS (SELECT FROM brand_mention WHERE mention_id = :id AND brand_id = :brand)")
    return bool(connection.execute(query, {"id": mention_id, "brand": brand_id}).scalar_one())


def _edges(box: Box | None) -> dict[str, float | None]:
    if box is None:
        return dict.fromkeys(("x", "y", "width", "height"))
    inside = (
        box.x >= 0
        and box.y >= 0
        and box.width > 0
        and box.height > 0
        and box.x + box.width <= 1.000001
        and box.y + box.height <= 1.000001
    )
    if not inside:
        raise CorrectionError("the box leaves the picture or has no area; edges are 0..1 of its size")
    return {"x": box.x, "y": box.y, "width": box.width, "height": box.height}


# The row is locked: two people who correct one text at once come one after the other.
_MENTION = text("""
    SELECT kind, coalesce(picture_sha256, encode(sha256(convert_to(text, 'UTF8')), 'hex')) AS content
    FROM mention WHERE id = :id FOR NO KEY UPDATE
""")

_REPLACED_SENTIMENT = text("""
    UPDATE correction SET undone_by = :by, undone_at = now()
    WHERE subject = 'sentiment' AND undone_at IS NULL AND mention_id = :mention_id
      AND brand_id IS NOT DISTINCT FROM :brand_id AND content_sha256 = :content
""")

_SENTIMENT = text("""
    INSERT INTO correction (mention_id, subject, content_sha256, label, brand_id, corrected_by, note)
    VALUES (:mention_id, 'sentiment', :content, :label, :brand_id, :by, :note) RETURNING id
""")

_DETECTION = text("""
    SELECT d.x, d.y, d.width, d.height FROM logo_detection AS d
    WHERE d.id = :id AND d.picture_sha256 = :picture
""")

_REPLACED_LOGO = text("""
    UPDATE correction SET undone_by = :by, undone_at = now()
    WHERE subject = 'logo' AND undone_at IS NULL AND detection_id = :detection_id
""")

_LOGO = text("""
    INSERT INTO correction (mention_id, subject, content_sha256, detection_id, brand_id, x, y, width, height,
                            corrected_by, note)
    VALUES (:mention_id, 'logo', :content, :detection_id, :brand_id, :x, :y, :width, :height, :by, :note)
    RETURNING id
""")
