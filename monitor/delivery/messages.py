"""A report as a message: findings in words, the files attached. No word of a publisher's is in the text."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from monitor.delivery.recipients import Message
from monitor.reports.content import Report, gather
from monitor.reports.filters import Filter
from monitor.reports.pdf import pdf
from monitor.reports.report import page
from monitor.reports.wording import day
from monitor.storage.pictures import PictureStore

_FILE_TYPES: Final = ("pdf", "html")


def report_message(
    engine: Engine,
    store: PictureStore,
    chosen: Filter,
    attach: str,
    folder: Path,
    now: datetime,
    missed: int = 0,
) -> Message:
    """The report of the mentions chosen; `attach` names file types ("pdf html"), written to `folder`.

    `missed` is how many earlier reports were never sent because the service was down.
    """
    with engine.connect() as connection:
        report = gather(connection, chosen, now)
    first = chosen.since.date().isoformat()
    last = (chosen.until - timedelta(microseconds=1)).date().isoformat()
    files = []
    for suffix in (each for each in _FILE_TYPES if each in attach.split()):
        path = folder / f"brand-report-{first}-to-{last}.{suffix}"
        if suffix == "pdf":
            path.write_bytes(pdf(report, store))
        else:
            path.write_text(page(report, store), "utf-8")
        files.append(path)
    return Message(_title(report), _body(report, missed), tuple(files))


def _title(report: Report) -> str:
    zone = report.chosen.since.tzinfo
    last = report.chosen.until - timedelta(microseconds=1)
    made_up = "SYNTHETIC DATA: " if report.figures.synthetic else ""
    return f"{made_up}Brand report {day(report.chosen.since, zone)} to {day(last, zone)}"


def _body(report: Report, missed: int) -> str:
    lines = [f"{report.headline}.", ""]
    lines += [f"- {finding}." for finding in report.findings]
    if report.limits:
        lines += ["", f"Only {report.limits}."]
    if missed:
        lines += [
            "",
            f"{missed} earlier report{'s were' if missed > 1 else ' was'} not sent, because the service was "
            "down; brand-monitor report --since DAY --until DAY makes them.",
        ]
    return "\n".join(lines).strip()
