"""What people take out of a page: its rows as CSV, and the report of it as PDF."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Annotated, Final

import msgspec
import structlog
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from starlette.responses import Response, StreamingResponse

from monitor.reports.asked import Asked, Page
from monitor.reports.content import gather
from monitor.reports.exports import csv_lines
from monitor.reports.pdf import pdf
from monitor.reports.renderer import RenderingError
from monitor.reports.sheets import sheet
from monitor.web.framing import framed
from monitor.web.mentions import OneLabel, Words, asked
from monitor.web.site import site
from monitor.web.views import Choice, View

router: Final = APIRouter(include_in_schema=False)

_log = structlog.get_logger(__name__)

_PATIENCE: Final = 30.0
"""Seconds that somebody waits for the report of another before being told to come again."""

_making: Final = threading.Lock()
"""One PDF at a time: each takes a core for some seconds."""


@router.get("/take/{page}.csv")
def as_csv(
    request: Request,
    page: Page,
    choice: Annotated[Choice, Depends()],
    name: Annotated[str | None, Query(description="The brand of the page of one brand.")] = None,
    q: Words = None,
    label: OneLabel = None,
) -> Response:
    """The mentions of the view, or its table, columns as in docs/reports.md, sent as they are read."""
    with framed(request, choice) as frame:
        view = frame.view
    wanted = asked_of(page, view, name, q, label)
    asked(q)  # what is wrong with it is said now, not in the file
    lines = _lines(request, wanted)
    # What the database refuses, it refuses before the first rows are there.
    first = list(islice(lines, 2))
    return StreamingResponse(
        (part.encode() for part in chain(["\ufeff"], first, lines)),
        media_type="text/csv; charset=utf-8",
        headers=_as_file(page, view, "csv"),
    )


@router.get("/take/{page}.pdf")
def as_pdf(
    request: Request,
    page: Page,
    choice: Annotated[Choice, Depends()],
    name: Annotated[str | None, Query(description="The brand of the page of one brand.")] = None,
    q: Words = None,
    label: OneLabel = None,
) -> Response:
    """The report of the view, made while one waits."""
    asked(q)
    with _one_at_a_time(), framed(request, choice) as frame:
        wanted = asked_of(page, frame.view, name, q, label)
        report = gather(frame.connection, wanted, datetime.now(UTC))
        try:
            made = pdf(report, site(request).pictures)
        except RenderingError as error:
            _log.error("report could not be made", page=page, why=str(error))
            raise HTTPException(
                503, "This report could not be made; the log says why. The CSV has its figures."
            ) from error
        return Response(made, media_type="application/pdf", headers=_as_file(page, frame.view, "pdf"))


def asked_of(page: Page, view: View, name: str | None, q: str | None, label: OneLabel) -> Asked:
    """The view of a page by what its address says; `name` is the brand that its page is about."""
    chosen = view.chosen
    if page in ("brand", "themes") and name:
        chosen = msgspec.structs.replace(chosen, brands=(name,))
    return Asked(page=page, chosen=chosen, query=q or "", label=label)


def _lines(request: Request, wanted: Asked) -> Iterator[str]:
    here = site(request)
    with here.databases.reading() as connection:
        yield from csv_lines(*sheet(connection, wanted, here.settings.web_zone))


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    if not _making.acquire(timeout=_PATIENCE):
        raise HTTPException(503, "The report of somebody else is being made. Try again in a minute.")
    try:
        yield
    finally:
        _making.release()


def _as_file(page: Page, view: View, suffix: str) -> dict[str, str]:
    name = f"{page}-{view.first}-to-{view.last}.{suffix}"
    return {"content-disposition": f'attachment; filename="{name}"'}
