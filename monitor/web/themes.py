"""What posts about a brand are about, and what sets another brand's posts apart from them."""

from collections.abc import Iterable
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from monitor.reports.mentions import MentionLine, in_order
from monitor.reports.pictures import pictures_of
from monitor.reports.voice import share_of_voice
from monitor.themes import Theme, both, themes
from monitor.web.framing import Frame, framed
from monitor.web.views import Choice

router: Final = APIRouter(include_in_schema=False)

_APART: Final = 12
"""Themes in the table of two brands: those that set them apart the most."""


@router.get("/themes")
def of_brand(
    request: Request,
    choice: Annotated[Choice, Depends()],
    name: Annotated[str | None, Query(description="The brand; default the first of ours.")] = None,
    other: Annotated[
        str | None, Query(description="The brand beside it; default the most present other one.")
    ] = None,
) -> Response:
    """The themes of one brand with posts of each, and its themes beside those of another."""
    with framed(request, choice) as frame:
        chosen = frame.view.chosen
        focus = name or next(iter((*chosen.brands, *frame.brands)), None)
        beside = _beside(frame, focus, other)
        known = focus is not None and focus in frame.brands
        found = themes(frame.connection, chosen, focus) if focus and known else ()
        lines = _lines(frame, found)
        return frame.page(
            "themes.html.j2",
            focus=focus,
            known=known,
            other=beside,
            themes=found,
            lines=lines,
            pictures=pictures_of(frame.connection, list(lines)),
            apart=both(frame.connection, chosen, focus, beside)[:_APART]
            if focus and beside and found
            else (),
        )


def _beside(frame: Frame, focus: str | None, wanted: str | None) -> str | None:
    """The brand beside it: the one asked for, else the most present that is not ours."""
    if wanted in frame.brands and wanted != focus:
        return wanted
    everything = share_of_voice(frame.connection, frame.view.chosen)
    others = [each for each in everything if each.brand != focus and each.brand in frame.brands]
    return min(others, key=lambda each: each.own).brand if others else None


def _lines(frame: Frame, found: Iterable[Theme]) -> dict[UUID, MentionLine]:
    """The posts that stand for themes, by their ids."""
    ids = dict.fromkeys(id for each in found for id in each.examples)
    return {line.mention_id: line for line in in_order(frame.connection, list(ids))}
