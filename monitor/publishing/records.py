"""What stands between a file and the topic: a record ready to send, or the reason why there is none."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from monitor.errors import DataError
from monitor.messages import JSON

# 128 of SHA-256's bits: no two mentions of a lifetime collide, and the id still fits on a line of a report.
_ID_DIGITS: Final = 32
_A_DAY: Final = timedelta(days=1)
"""Zones lie within it of each other, and most clocks of the right time."""
_LEAST_NOW: Final = datetime(2026, 12, 1, tzinfo=UTC)
"""When this was written: a clock that shows less was never set."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One Kafka record. `where` tells the person which line or file it came from."""

    where: str
    topic: str
    """`text` or `image`: the topic without its prefix."""
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """One input that is not sent, and why; `raw` is its text, where it has some."""

    where: str
    error: DataError
    raw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What is filled in where an input does not say it."""

    source: str
    published_at: datetime | None = None
    """None: when a picture was taken, by its EXIF, else when the file the input stands in was modified."""
    content_type: str = JSON
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def is_future(self, moment: datetime) -> bool:
        """Whether nothing can have been published then: it is more than a day ahead."""
        return moment - max(self.now(), _LEAST_NOW) > _A_DAY

    def moment(self, file: Path | None, taken: datetime | None = None) -> str | None:
        """RFC 3339 in UTC; None where nothing tells (standard input). Raises `OSError`.

        `taken` without a zone is in this machine's. More than a day after the file was modified, it is
        by a wrong clock.
        """
        if self.published_at is not None:
            return rfc3339(self.published_at)
        if file is None:
            return None
        modified = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        if taken is not None and (known := _zoned(taken)) is not None and known - modified < _A_DAY:
            return rfc3339(known)
        return rfc3339(modified)


def _zoned(moment: datetime) -> datetime | None:
    """None for the first and the last days that there are, which have no time in other zones."""
    try:
        return moment.astimezone(UTC)
    except (OverflowError, ValueError, OSError):
        return None


def rfc3339(moment: datetime) -> str:
    """The moment in UTC, as messages carry it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def derived_id(*parts: str | bytes | None) -> str:
    """An id that the same content gets again, so that publishing a file twice doubles nothing."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        # Lengths keep ("a", "bc") and ("ab", "c") apart; -1 keeps a missing part apart from an empty one.
        digest.update(f"{-1 if data is None else len(data)}:".encode())
        digest.update(data or b"")
    return digest.hexdigest()[:_ID_DIGITS]


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are there: `null` and absent mean the same to a publisher."""
    return {name: value for name, value in fields.items() if value is not None}


def content_type_header(content_type: str) -> tuple[tuple[str, bytes], ...]:
    """The one header of a mention."""
    return (("content-type", content_type.encode()),)


def to_json(fields: Mapping[str, Any]) -> bytes:
    """Fields as a JSON record, for the same checks that the service makes."""
    return msgspec.json.encode(fields)
