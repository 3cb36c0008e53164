"""Writes the report of a period: a page that stands alone, or the mentions as CSV or JSON."""

import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from monitor import __version__
from monitor.errors import SetupError
from monitor.reports import charts
from monitor.reports.exports import write_csv, write_json
from monitor.reports.figures import BrandFeeling, BrandVoice, Summary, sentiment_over_time, summary
from monitor.reports.mentions import all_mentions, most_reached, quotes, shown_pictures
from monitor.reports.pages import template
from monitor.reports.thumbnails import thumbnail
from monitor.reports.timeline import unit_for, without_gaps
from monitor.storage.pictures import PictureStore

_MOST_MENTIONS: Final = 40
"""Rows of the page's table: read in a minute; CSV has all."""

_MOST_PICTURES: Final = 24
_MOST_QUOTES: Final = 3


class ReportFormat(StrEnum):
    """Kinds of file a report can be."""

    HTML = "html"
    CSV = "csv"
    JSON = "json"


def write_report(
    connection: Connection,
    store: PictureStore,
    path: Path,
    since: datetime,
    until: datetime,
    format: ReportFormat | str = ReportFormat.HTML,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Summary:
    """Write mentions published, and inputs rejected, from `since` to before `until`, and return the figures.

    The file appears when it is complete. Days are counted in the time zone of `since` if it is a named one (a
    `ZoneInfo`), else in UTC. Blocks; raises `SetupError` if the file cannot be written.
    """
    figures = summary(connection, since, until)
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        match ReportFormat(format):
            case ReportFormat.HTML:
                draft.write_text(_page(connection, store, figures, now()), "utf-8")
            case ReportFormat.CSV:
                with draft.open("w", encoding="utf-8-sig", newline="") as sheet:
                    write_csv(all_mentions(connection, since, until), sheet)
            case ReportFormat.JSON:
                with draft.open("wb") as file:
                    write_json(figures, all_mentions(connection, since, until), file, now())
        draft.replace(path)
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror or error}; give another --output") from error
    finally:
        with suppress(OSError):  # where the draft could not be made, there is none to remove
            draft.unlink(missing_ok=True)
    return figures


def _page(connection: Connection, store: PictureStore, figures: Summary, generated_at: datetime) -> str:
    since, until = figures.since, figures.until
    zone: str = getattr(since.tzinfo, "key", "UTC")
    focus = _focus(figures)
    pictures = shown_pictures(connection, since, until, _MOST_PICTURES)
    return template(since.tzinfo if zone != "UTC" else UTC).render(
        figures=figures,
        focus=focus,
        ours=_named(figures.voice, focus),
        felt=_named(figures.feeling, focus),
        drawings=_drawings(connection, figures, focus, zone),
        praise=quotes(connection, focus, "positive", since, until, _MOST_QUOTES) if focus else (),
        criticism=quotes(connection, focus, "negative", since, until, _MOST_QUOTES) if focus else (),
        pictures=[(shown, thumbnail(store, shown)) for shown in pictures],
        mentions=most_reached(connection, since, until, _MOST_MENTIONS),
        zone=zone,
        last_day=until - timedelta(microseconds=1),
        generated_at=generated_at,
        version=__version__,
    )


def _focus(figures: Summary) -> str | None:
    """The brand the report speaks of first: the most present of ours, else the most present of all."""
    present = sorted(figures.voice, key=lambda each: (not each.own, -each.posts))
    return present[0].brand if present else None


def _named(rows: tuple[Any, ...], brand: str | None) -> BrandVoice | BrandFeeling | None:
    return next((row for row in rows if row.brand == brand), None)


def _drawings(
    connection: Connection, figures: Summary, focus: str | None, zone: str
) -> dict[str, charts.Drawing]:
    """The charts there is something to show for."""
    drawings: dict[str, charts.Drawing] = {}
    if figures.voice:
        drawings["share"] = charts.share_chart(figures.voice, figures.brand_posts)
    if any(each.opinions for each in figures.feeling):
        drawings["health"] = charts.health_chart(figures.feeling)
    if focus and figures.first_published and figures.last_published:
        unit = unit_for(figures.first_published.date(), figures.last_published.date())
        points = sentiment_over_time(connection, focus, figures.since, figures.until, unit, zone)
        if points:
            drawings["trend"] = charts.trend_chart(focus, without_gaps(points, unit), unit)
    return drawings
