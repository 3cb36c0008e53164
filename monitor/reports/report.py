"""Writes the report of a period: a page or a PDF that stands alone, or all mentions for other programs."""

import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from monitor import __version__
from monitor.errors import SetupError
from monitor.reports import tables
from monitor.reports.asked import Asked
from monitor.reports.content import Report, gather
from monitor.reports.exports import write_csv, write_json, write_parquet
from monitor.reports.figures import Summary, summary
from monitor.reports.filters import Filter
from monitor.reports.labels import label
from monitor.reports.layout import about, scope, sections
from monitor.reports.mentions import all_mentions
from monitor.reports.method import method
from monitor.reports.pages import template
from monitor.reports.pdf import pdf
from monitor.reports.thumbnails import thumbnail
from monitor.storage.pictures import PictureStore


class ReportFormat(StrEnum):
    """Kinds of file a report can be."""

    HTML = "html"
    PDF = "pdf"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def write_report(
    connection: Connection,
    store: PictureStore,
    path: Path,
    chosen: Filter,
    format: ReportFormat | str = ReportFormat.HTML,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Summary:
    """Write the mentions chosen, and inputs rejected in that period, and return the figures.

    The file appears when it is complete. Days are counted in the time zone of `chosen.since` if it is a named
    one (a `ZoneInfo`), else in UTC. Blocks; raises `SetupError` if the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figures = _write(connection, store, draft, chosen, ReportFormat(format), now())
        draft.replace(path)
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror or error}; give another --output") from error
    finally:
        with suppress(OSError):  # where the draft could not be made, there is none to remove
            draft.unlink(missing_ok=True)
    return figures


def page(report: Report, store: PictureStore) -> str:
    """The report as one HTML page that stands alone: no script, nothing fetched."""
    since, until = report.chosen.since, report.chosen.until
    return template(since.tzinfo if report.zone != "UTC" else UTC).render(
        report=report,
        about=label(about(report), 60),
        figures=report.figures,
        scope=scope(report),
        cards=tables.cards(report),
        sections=sections(report),
        method=method(report),
        thumbnail=partial(thumbnail, store),
        last_day=until - timedelta(microseconds=1),
        version=__version__,
    )


def _write(
    connection: Connection,
    store: PictureStore,
    path: Path,
    chosen: Filter,
    format: ReportFormat,
    now: datetime,
) -> Summary:
    if format in (ReportFormat.HTML, ReportFormat.PDF):
        report = gather(connection, Asked(chosen=chosen), now)
        if format is ReportFormat.PDF:
            path.write_bytes(pdf(report, store))
        else:
            path.write_text(page(report, store), "utf-8")
        return report.figures
    figures, mentions = summary(connection, chosen), all_mentions(connection, chosen)
    match format:
        case ReportFormat.CSV:
            with path.open("w", encoding="utf-8-sig", newline="") as sheet:
                write_csv(mentions, sheet)
        case ReportFormat.JSON:
            with path.open("wb") as file:
                write_json(figures, mentions, file, now)
        case ReportFormat.PARQUET:
            write_parquet(figures, mentions, path)
    return figures
