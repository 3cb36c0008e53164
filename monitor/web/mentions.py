"""Mentions to search, sort and page through, and one mention read in full."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BeforeValidator, Field
from starlette.responses import Response

from monitor.messages import Label
from monitor.reports.detail import MentionDetail, mention
from monitor.reports.listing import Order
from monitor.reports.mentions import how_many, search, toward
from monitor.web.framing import framed
from monitor.web.views import Choice, blank_as_missing

router: Final = APIRouter(include_in_schema=False)

_PAGE: Final = 25

# The limit stands with the text: around both it would be asked of None too.
Words = Annotated[Annotated[str, Field(max_length=500)] | None, BeforeValidator(blank_as_missing), Query()]
OneLabel = Annotated[Label | None, BeforeValidator(blank_as_missing), Query()]


@router.get("/mentions")
def mentions(
    request: Request,
    choice: Annotated[Choice, Depends()],
    q: Words = None,
    label: OneLabel = None,
    order: Order = "newest",
    after: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Mentions of the view that match, a page at a time."""
    with framed(request, choice) as frame:
        found = search(
            frame.connection,
            frame.view.chosen,
            text=q,
            label=label,
            order=order,
            after=after,
            limit=_PAGE,
        )
        return frame.page(
            "mentions.html.j2",
            found=found,
            felt=toward(frame.connection, [row.mention_id for row in found.rows], frame.view.chosen.brands),
            # Of a search nobody knows without reading all that fits.
            total=None if q or label else how_many(frame.connection, frame.view.chosen),
            q=q or "",
            label=label or "",
            order=order,
            after=after,
        )


@router.get("/mentions/{mention_id}")
def one(
    request: Request,
    mention_id: UUID,
    choice: Annotated[Choice, Depends()],
    saved: Annotated[int | None, Query(description="A correction just made.")] = None,
) -> Response:
    """One mention: all of its text, what was found, and forms to correct it."""
    with framed(request, choice) as frame:
        found = mention(frame.connection, mention_id)
        if found is None:
            raise HTTPException(404, "There is no mention with that id.")
        return frame.page(
            "mention.html.j2",
            found=found,
            pieces=_pieces(found),
            brands=frame.brands,
            saved=next((each for each in found.corrections if each.id == saved), None),
        )


def _pieces(found: MentionDetail) -> list[tuple[str, str | None]]:
    """The text cut where it names brands: (piece, brand or None)."""
    said = found.line.text or ""
    pieces: list[tuple[str, str | None]] = []
    at = 0
    for name in sorted(found.named, key=lambda each: (each.start, -each.end)):
        if name.start < at:
            continue  # another brand's name lies inside this one
        pieces += [(said[at : name.start], None), (said[name.start : name.end], name.brand)]
        at = name.end
    return [piece for piece in (*pieces, (said[at:], None)) if piece[0]]
