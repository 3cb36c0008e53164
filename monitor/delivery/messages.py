"""A report as a message: findings in words, the files attached.

Findings name sources, themes and authors as publishers wrote them: every line of the text is made harmless.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import structlog
from sqlalchemy import Engine

from monitor.delivery.harmless import harmless
from monitor.delivery.recipients import Message
from monitor.reports.asked import Asked
from monitor.reports.content import Report, gather
from monitor.reports.pdf import pdf
from monitor.reports.report import page
from monitor.reports.tables import cards
from monitor.reports.wording import counted, day
from monitor.storage.pictures import PictureStore

_log = structlog.get_logger(__name__)

_FILE_TYPES: Final = ("pdf", "html")

_MOST_LINE: Final = 1_000
"""Columns of a line: a sentence that names everything it may is shorter."""


def report_message(
    engine: Engine,
    store: PictureStore,
    asked: Asked,
    attach: str,
    folder: Path,
    now: datetime,
    missed: int = 0,
    site: str | None = None,
) -> Message:
    """The report of a view; `attach` names file types ("pdf html"), written to `folder`.

    `missed` is how many earlier reports were never sent because the service was down; `site`, where the pages
    are reached (`links.base_address`), makes a link to the view.
    """
    with engine.connect() as connection:
        report = gather(connection, asked, now)
    chosen = asked.chosen
    first = chosen.since.date().isoformat()
    last = (chosen.until - timedelta(microseconds=1)).date().isoformat()
    asked_for = [
        folder / f"brand-report-{first}-to-{last}.{suffix}"
        for suffix in _FILE_TYPES
        if suffix in attach.split()
    ]
    files = tuple(path for path in asked_for if _made(report, store, path) or _made(report, store, path))
    body = _body(report, missed, site)
    for path in asked_for:
        if path not in files:
            body += f"\n\n{path.name} could not be made, tried twice; the log says why."
    return Message(_title(report), body, files)


def no_report(view: str, since: datetime, until: datetime, site: str | None) -> Message:
    """What recipients get instead of a report that cannot be made."""
    zone, last = since.tzinfo, until - timedelta(microseconds=1)
    days = f"{day(since, zone)} to {day(last, zone)}"
    body = (
        f"The report of {days} was due, and could not be made, tried several times. Whoever runs Brand "
        "Monitor finds the reason in the log of its schedule."
    )
    if site:
        body += f"\n\nThe page: {site}{_with_days(view, since, last)}"
    return Message(f"Brand report, {days}: could not be made", body)


def _made(report: Report, store: PictureStore, path: Path) -> bool:
    """Whether the file was written; else the log says why not. A chart that fails is left out inside."""
    try:
        if path.suffix == ".pdf":
            path.write_bytes(pdf(report, store))
        else:
            path.write_text(page(report, store), "utf-8")
    except Exception:
        _log.exception("file of a report could not be made", file=path.name)
        return False
    return True


def _title(report: Report) -> str:
    zone = report.chosen.since.tzinfo
    last = report.chosen.until - timedelta(microseconds=1)
    made_up = "SYNTHETIC DATA: " if report.figures.synthetic else ""
    about = "Brand report" if report.asked.page == "overview" else report.asked.title
    return f"{made_up}{harmless(about, 120)}, {day(report.chosen.since, zone)} to {day(last, zone)}"


def _body(report: Report, missed: int, site: str | None) -> str:
    told = [f"{each.happening.title}. {each.happening.certainty}" for each in report.happened[1:]]
    told += [f"{name}: {value}{f' ({words})' if words else ''}." for name, value, words in cards(report)]
    lines = [harmless(f"{report.headline}.", _MOST_LINE), ""]
    lines += [f"- {harmless(each, _MOST_LINE)}" for each in told]
    if report.waiting and report.asked.page != "answer":
        verb = "waits" if report.waiting == 1 else "wait"
        lines.append(f"- {counted(report.waiting, 'story')} {verb} for an answer.")
    if report.limits:
        lines += ["", harmless(f"Only {report.limits}.", _MOST_LINE)]
    if site:
        lines += ["", f"The page: {site}{_link(report)}"]
    if missed:
        lines += [
            "",
            f"{missed} earlier report{'s were' if missed > 1 else ' was'} not sent, because the service was "
            "down; brand-monitor report --since DAY --until DAY makes them.",
        ]
    return "\n".join(lines).strip()


def _link(report: Report) -> str:
    """The page with the days of the report."""
    last = report.chosen.until - timedelta(microseconds=1)
    return _with_days(report.asked.address, report.chosen.since, last)


def _with_days(address: str, since: datetime, last: datetime) -> str:
    days = urlencode({"since": since.date().isoformat(), "until": last.date().isoformat()})
    return f"{address}{'&' if '?' in address else '?'}{days}"
