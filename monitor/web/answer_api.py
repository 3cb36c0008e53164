"""The queue as JSON, and the same answers as the page's forms give."""

from typing import Annotated, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Body, Depends, Query, Request

from monitor.answers import Queue, State, answer, queue, undo
from monitor.web.answer import Asking
from monitor.web.api import By, Chosen, Undone, signer
from monitor.web.framing import framed
from monitor.web.openapi import Answer, answering
from monitor.web.site import site

router: Final = APIRouter(prefix="/api/answers", tags=["answers"])


class Answered(msgspec.Struct, frozen=True):
    """A state that was set."""

    answer: int
    """Its id: `seen` of whoever sets the next one; POST /api/answers/ID/undo takes it back."""


@router.get("", **answering(Queue))
def get_answers(
    request: Request,
    choice: Chosen,
    asking: Annotated[Asking, Depends()],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Answer:
    """Stories about our brands that are negative or unsure, one card each, and what was done about them."""
    with framed(request, choice) as frame:
        return Answer(
            queue(frame.connection, frame.view.chosen, asking.wanted(), after=asking.after, limit=limit)
        )


@router.post("", **answering(Answered))
def post_answer(
    request: Request,
    mention_id: Annotated[UUID, Body()],
    state: Annotated[State, Body()],
    seen: Annotated[
        int,
        Body(ge=0, le=2**63 - 1, description="Id of the answer in force as you know it; 0: none."),
    ],
    by: By = None,
    note: Annotated[str | None, Body()] = None,
) -> Answer:
    """Say what became of a mention's story; 409 where somebody else did since."""
    with site(request).databases.correcting() as connection:
        return Answer(Answered(answer(connection, mention_id, state, signer(request, by), note, seen=seen)))


@router.post("/{answer_id}/undo", **answering(Undone))
def post_undo(request: Request, answer_id: int, by: Annotated[By, Body(embed=True)] = None) -> Answer:
    """Take an answer back; 409 where a later one is in force."""
    with site(request).databases.correcting() as connection:
        return Answer(Undone(undo(connection, answer_id, signer(request, by))))
