"""Rows of dead letters: what a person needs to mend the publisher; the whole record lies in the topic."""

import uuid
from collections.abc import Iterable
from datetime import UTC
from typing import Final

from monitor.storage import driver
from monitor.storage.account_tables import dead_letter
from monitor.storage.driver import Statement, as_json
from monitor.storage.records import Rejection
from monitor.storage.rows import NAMESPACE, Row, clean, position_row

HEAD_BYTES: Final = 1024
"""Of key and value: enough to see what kind of thing was sent."""

_COLUMNS: Final = (
    *("id", "log_id", "topic", "partition", "record_offset", "recorded_at"),
    *("error_code", "error_detail", "failed_at", "record_key", "value_head", "value_bytes"),
)
_INSERT: Final = f"{driver.insert(dead_letter, _COLUMNS, order_by=('id',))} ON CONFLICT (id) DO NOTHING"


def write(rejections: Iterable[Rejection], log_id: str, *, keeps_head: bool = True) -> list[Statement]:
    """What writes them; one rejected before keeps its first row. `keeps_head`: with the beginning of the
    values."""
    rows = [_row(rejection, log_id, keeps_head) for rejection in rejections]
    return [Statement(_INSERT, as_json(rows))] if rows else []


def _row(rejection: Rejection, log_id: str, keeps_head: bool) -> Row:
    """Storable whatever the publisher sent."""
    place, letter = rejection.position, rejection.letter
    moment = place.timestamp.astimezone(UTC).isoformat()
    name = f"{log_id}:{place.topic}:{place.partition}:{place.offset}:{moment}"
    return {
        "id": uuid.uuid5(NAMESPACE, f"dead:{name}"),
        **position_row(place, log_id),
        "error_code": clean(letter.error_code),
        "error_detail": clean(letter.error_detail),
        "failed_at": letter.failed_at,
        "record_key": None if letter.key is None else letter.key[:HEAD_BYTES],
        "value_head": letter.value[:HEAD_BYTES] if keeps_head else b"",
        "value_bytes": len(letter.value),
    }
