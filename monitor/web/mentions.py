"""Mentions to search, sort and page through, and one mention read in full."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi import Query as InAddress
from pydantic import BeforeValidator, Field
from starlette.responses import Response

from monitor.answers import card
from monitor.messages import Verdict
from monitor.queries import Query, QueryError, parse
from monitor.reports.detail import MentionDetail, mention
from monitor.reports.feeling import net_sentiment
from monitor.reports.languages import unscored
from monitor.reports.listing import Order
from monitor.reports.mentions import Page, copies, folded, how_many, search, toward
from monitor.reports.mentions import story as mentions_of_story
from monitor.reports.pictures import pictures_of
from monitor.web.framing import Frame, framed
from monitor.web.views import Choice, blank_as_missing

router: Final = APIRouter(include_in_schema=False)

_PAGE: Final = 25

# The limit stands with the text: around both it would be asked of None too.
Words = Annotated[
    Annotated[str, Field(max_length=4000)] | None,
    BeforeValidator(blank_as_missing),
    InAddress(
        description='A query: words, AND OR NOT, "phrases", NEAR/5, author:, lang: ... (docs/queries.md).'
    ),
]
OneLabel = Annotated[
    Verdict | None,
    BeforeValidator(blank_as_missing),
    InAddress(description="How a text feels; `unsure`: the model was not sure."),
]


@router.get("/mentions")
def mentions(
    request: Request,
    choice: Annotated[Choice, Depends()],
    q: Words = None,
    label: OneLabel = None,
    order: Order = "newest",
    after: Annotated[str | None, InAddress(max_length=500)] = None,
    story: Annotated[
        UUID | None, InAddress(description="The mentions of this story, whatever else is chosen.")
    ] = None,
) -> Response:
    """Mentions of the view that match, or those of a story, a page at a time."""
    if story is not None:
        return _story(request, choice, story, after)
    wrong = None
    with framed(request, choice) as frame:
        try:
            found = search(
                frame.connection,
                frame.view.chosen,
                query=asked(q),
                label=label,
                order=order,
                after=after,
                limit=_PAGE,
                fold=True,
            )
        except QueryError as error:
            wrong, found = error, Page(rows=(), next=None)
        return frame.page(
            "mentions.html.j2",
            status=422 if wrong else 200,
            found=found,
            shown=folded(frame.connection, found.rows),
            wrong=wrong,
            felt=toward(frame.connection, [row.mention_id for row in found.rows], frame.view.chosen.brands),
            pictures=pictures_of(frame.connection, [row.mention_id for row in found.rows]),
            # Of a search nobody knows without reading all that fits.
            numbers=None if q or label else _numbers(frame),
            q=q or "",
            label=label or "",
            order=order,
            after=after,
        )


def _numbers(frame: Frame) -> dict[str, Any]:
    """Mentions of the view by posts and by stories, and what of it is in no sentiment."""
    told: dict[str, Any] = {
        "feeling": net_sentiment(frame.connection, frame.view.chosen),
        "unscored": unscored(frame.connection, frame.view.chosen),
    }
    for counting in ("posts", "stories"):
        chosen = msgspec.structs.replace(frame.view.chosen, counting=counting)
        told[f"by_{counting}"] = how_many(frame.connection, chosen)
    return told


def asked(q: str | None) -> Query | None:
    """The query of an address; None where there is none. Raises `QueryError`."""
    return parse(q) if q and q.strip() else None


def _story(request: Request, choice: Choice, story: UUID, after: str | None) -> Response:
    with framed(request, choice) as frame:
        found = mentions_of_story(frame.connection, story, after=after, limit=_PAGE)
        return frame.page(
            "story.html.j2",
            found=found,
            story=story,
            number=copies(frame.connection, [story])[story] + 1,
            felt=toward(frame.connection, [row.mention_id for row in found.rows], frame.view.chosen.brands),
            pictures=pictures_of(frame.connection, [row.mention_id for row in found.rows]),
            after=after,
        )


@router.get("/mentions/{mention_id}")
def one(
    request: Request,
    mention_id: UUID,
    choice: Annotated[Choice, Depends()],
    saved: Annotated[int | None, InAddress(description="A correction just made.")] = None,
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
            likely=_likely(found),
            card=card(frame.connection, mention_id),
            saved=next((each for each in found.corrections if each.id == saved), None),
        )


def _likely(found: MentionDetail) -> list[str]:
    """The brands found in the picture, the surest first, and those that its caption names."""
    return list(dict.fromkeys((*(logo.brand for logo in found.logos), *(name.brand for name in found.named))))


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
