"""Moments, days and zones as people type them: refused with a message, or exact."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import typer

from monitor.commands.moments import end_of, moment, start_of, zone
from monitor.publishing.records import rfc3339
from monitor.reports.filters import Filter
from tests.fuzz.material import text_of

LONGEST = 64
WORDS = (
    b"2026-03-01",
    b"T09:30:00Z",
    b"+14:00",
    b"0001-01-01",
    b"9999-12-31",
    b"Europe/Berlin",
    b"2026-W10-1",
)
_ZONES = (ZoneInfo("UTC"), ZoneInfo("Pacific/Kiritimati"), ZoneInfo("America/St_Johns"))


def seeds() -> Iterator[bytes]:
    """One byte of the zone, then two texts apart by a line."""
    for first, second in (
        ("2026-03-01", "2026-03-31"),
        ("2026-03-01T09:30:00Z", "2026-03-01T09:30:00.5+01:00"),
        ("0001-01-01T00:00:00+14:00", "9999-12-30"),
        ("2026-W10-1", "Europe/Berlin"),
        ("Europe", "../etc/passwd"),
        ("20260301T093000", "9999-12-31T23:59:59-14:00"),
    ):
        yield f"\1{first}\n{second}".encode()


def check(data: bytes) -> None:
    """Each text as each thing it may be."""
    where = _ZONES[(data[0] if data else 0) % len(_ZONES)]
    first, _, second = text_of(data[1:]).partition("\n")
    for text in (first, second):
        for read in (moment, zone):
            try:
                exact = read(text)
            except typer.BadParameter:
                continue
            if read is moment:
                rfc3339(exact)
    try:
        since, until = start_of(first, where), end_of(second, where)
    except typer.BadParameter:
        return
    assert since.tzinfo is not None
    assert until.tzinfo is not None
    try:
        chosen = Filter(since, until)
        chosen.previous()
    except ValueError:
        return
