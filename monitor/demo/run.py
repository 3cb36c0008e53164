"""The demo's steps: publish the samples, wait for each, add everything up, write the report."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import func, select

from monitor.demo.samples import Samples
from monitor.errors import OutageError
from monitor.local.system import LocalSystem
from monitor.publishing import publish
from monitor.reports.figures import Summary
from monitor.reports.filters import Filter
from monitor.reports.report import ReportFormat, write_report
from monitor.settings import Settings
from monitor.status import Status, read_status
from monitor.storage.audit import AuditReport
from monitor.storage.engine import sync_engine
from monitor.storage.faults import translated
from monitor.storage.mention_tables import mention
from monitor.storage.pictures import PictureStore
from monitor.stream.dead_letters import read_dead_letters

_PATIENCE: Final = 120.0
"""Seconds for the samples to be processed; two slow cores take a tenth of it."""

_LOOK: Final = 0.5
"""Seconds between looks at the progress."""


class Progress(Protocol):
    """Hears how far the demo is."""

    def __call__(self, step: str, done: int, total: int) -> None:
        """`done` of `total` records have been through `step`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOutcome:
    """What the demo came to; `faults` is empty where every sample ended as it must."""

    published: int
    codes: Counter[str]
    audit: AuditReport
    figures: Summary
    report: Path
    faults: tuple[str, ...]


def run_demo(system: LocalSystem, samples: Samples, report: Path, progress: Progress) -> DemoOutcome:
    """Publish the samples into the running system, wait for all of them, add up, write the report.

    Blocks. Raises `OutageError` if a part of the system ends, or not everything is processed within two
    minutes.
    """
    settings = system.settings
    total = len(samples.records)
    published = 0

    def count(_: object) -> None:
        nonlocal published
        published += 1
        progress("publishing", published, total)

    outcome = asyncio.run(publish(settings, samples.records, count))
    status = _wait(system, total, progress)
    letters = asyncio.run(read_dead_letters(settings))
    codes = Counter(filed.letter.error_code for filed in letters)
    figures = _report(settings, report)
    return DemoOutcome(
        published=outcome.sent,
        codes=codes,
        audit=status.audit,
        figures=figures,
        report=report,
        faults=(
            *(f"{refused.where} was not published: {refused.error}" for refused in outcome.refused),
            *status.audit.faults,
            *_differences(samples, status.audit, codes),
        ),
    )


def _wait(system: LocalSystem, total: int, progress: Progress) -> Status:
    """Until every record is a row or a dead letter, and its offset committed."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        status = asyncio.run(read_status(system.settings))
        books = status.audit
        processed = books.stored + books.replaced + books.rejected + books.deleted
        progress("processing", processed, total)
        if processed >= total and not status.lag:
            return status
        system.check()
        if time.monotonic() > deadline:
            raise OutageError(
                f"{processed} of {total} samples were processed within {_PATIENCE:.0f} s; logs: {system.logs}"
            )
        time.sleep(_LOOK)


def _differences(samples: Samples, books: AuditReport, codes: Counter[str]) -> list[str]:
    """Where the counts are not what the samples folder says they must be."""
    faults = []
    if books.mentions != samples.good:
        faults.append(f"{books.mentions} mentions in the database, the samples hold {samples.good} good ones")
    faults += [
        f"{codes[code]} dead letters with code {code}, the samples hold {samples.expected_codes[code]}"
        for code in sorted(codes | samples.expected_codes)
        if codes[code] != samples.expected_codes[code]
    ]
    return faults


def _report(settings: Settings, path: Path) -> Summary:
    """Figures and files over all samples: from the first one published until now."""
    engine = sync_engine(settings)
    try:
        with translated(), engine.connect() as connection:
            until = datetime.now(UTC)
            since = connection.execute(select(func.min(mention.c.published_at))).scalar() or until
            store = PictureStore(settings.picture_store)
            write_report(connection, store, path.with_suffix(".pdf"), Filter(since, until), ReportFormat.PDF)
            return write_report(connection, store, path, Filter(since, until), ReportFormat.HTML)
    finally:
        engine.dispose()
