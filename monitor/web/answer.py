"""The queue of what waits for an answer, and the forms that say what became of it."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Annotated, Final, Literal
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from fastapi import Query as InAddress
from pydantic import BeforeValidator
from starlette.responses import RedirectResponse, Response

from monitor.answers import (
    OPEN,
    STATES,
    Card,
    MeanwhileError,
    Order,
    Queue,
    State,
    Wanted,
    answer,
    card,
    find,
    queue,
    undo,
)
from monitor.queries import QueryError
from monitor.web.corrections import Back, Name, Note, signer
from monitor.web.framing import framed
from monitor.web.mentions import Words, asked
from monitor.web.rendering import page
from monitor.web.site import site
from monitor.web.views import Choice, blank_as_missing

router: Final = APIRouter(include_in_schema=False)

_PAGE: Final = 20

Chosen = Literal["open", "new", "seen", "answered", "ignored", "all"]
States = Annotated[Chosen, InAddress(description="Stories in this state; open: new and seen.")]
Feels = Annotated[
    Literal["negative", "unsure"] | None,
    BeforeValidator(blank_as_missing),
    InAddress(description="negative: a text of the story is; unsure: the model was not sure of any."),
]
Who = Annotated[
    str | None, InAddress(max_length=300, description="Only stories whose state this person set.")
]
Sorted = Annotated[
    Order, InAddress(description="widest: by steps of reach, within one the oldest first; oldest; newest.")
]
Cursor = Annotated[str | None, InAddress(max_length=500, description="`next` of the page before.")]
# A bigint, as identities are.
Id = Annotated[int, Form(ge=0, le=2**63 - 1)]


class Asking:
    """Which cards an address asks for."""

    def __init__(
        self,
        q: Words = None,
        state: States = "open",
        label: Feels = None,
        who: Who = None,
        order: Sorted = "widest",
        after: Cursor = None,
    ) -> None:
        self.q, self.state, self.label, self.who = q, state, label, who or None
        self.order: Order = order
        self.after = after

    @property
    def states(self) -> tuple[State, ...]:
        """The states that are meant."""
        if self.state == "open":
            return OPEN
        return STATES if self.state == "all" else (self.state,)

    def wanted(self) -> Wanted:
        """Raises `QueryError`."""
        return Wanted(
            states=self.states, label=self.label, by=self.who, query=asked(self.q), order=self.order
        )


@router.get("/answer")
def answers(
    request: Request,
    choice: Annotated[Choice, Depends()],
    asking: Annotated[Asking, Depends()],
    saved: Annotated[int | None, InAddress(ge=0, le=2**63 - 1, description="An answer just set.")] = None,
) -> Response:
    """Stories about our brands that are negative or that the model was not sure of, one card each."""
    wrong = None
    with framed(request, choice) as frame:
        try:
            found = queue(
                frame.connection, frame.view.chosen, asking.wanted(), after=asking.after, limit=_PAGE
            )
        except QueryError as error:
            wrong, found = error, Queue(ours=frame.brands)
        done = find(frame.connection, saved) if saved else None
        return replace(frame, brands=found.ours).page(
            "answer.html.j2",
            status=422 if wrong else 200,
            found=found,
            groups=_groups(found.cards, by_reach=asking.order == "widest"),
            following=_following(found.cards),
            wrong=wrong,
            asking=asking,
            now=datetime.now(UTC),
            done=done,
            done_card=card(frame.connection, done.mention_id) if done else None,
        )


@router.post("/answer")
def set_state(
    request: Request,
    mention: Annotated[UUID, Form()],
    state: Annotated[State, Form()],
    seen: Id,
    by: Name = None,
    note: Note = None,
    back: Back = "",
    to: Annotated[Literal["queue", "mention"], Form()] = "queue",
    then: Annotated[UUID | None, BeforeValidator(blank_as_missing), Form()] = None,
) -> Response:
    """Say what became of a story; 409 with what somebody else did meanwhile, and nothing is written."""
    who = signer(request, by)
    here = site(request)
    try:
        with here.databases.correcting() as connection:
            made = answer(connection, mention, state, who, note, seen=seen)
    except MeanwhileError as error:
        with here.databases.reading() as connection:
            now = card(connection, mention)
        return page(
            request,
            "answer_meanwhile.html.j2",
            status=409,
            card=now,
            error=error,
            state=state,
            note=note or "",
            back=back,
            to=to,
        )
    return _back(back, made, mention if to == "mention" else None, then)


@router.post("/answer/{answer_id}/undo")
def take_back(
    request: Request,
    answer_id: int,
    mention: Annotated[UUID, Form()],
    by: Name = None,
    back: Back = "",
    to: Annotated[Literal["queue", "mention"], Form()] = "queue",
) -> Response:
    """Take an answer back: what was before it is in force again."""
    with site(request).databases.correcting() as connection:
        undo(connection, answer_id, signer(request, by))
    return _back(back, answer_id, mention if to == "mention" else None, mention)


def _groups(cards: tuple[Card, ...], *, by_reach: bool) -> list[tuple[int | None, list[Card]]]:
    """The cards by their steps of reach, in order; one group, without a step, in another order."""
    if not by_reach:
        return [(None, list(cards))]
    groups: list[tuple[int | None, list[Card]]] = []
    for each in cards:
        if not groups or groups[-1][0] != each.band:
            groups.append((each.band, []))
        groups[-1][1].append(each)
    return groups


def _following(cards: tuple[Card, ...]) -> dict[UUID, UUID | None]:
    """The post on the next card, where people go on when one is done."""
    ids = [each.line.mention_id for each in cards]
    return dict(zip_longest(ids, ids[1:]))


def _back(back: str, made: int, mention: UUID | None, then: UUID | None) -> Response:
    """The page the form stood on, with the choices it had: the mention's, or the queue at a card."""
    kept = [(name, value) for name, value in parse_qsl(back) if name != "saved"]
    if mention is not None:
        return RedirectResponse(f"/mentions/{mention}?{urlencode(kept)}#answers", status_code=303)
    query = urlencode([*kept, ("saved", str(made))])
    return RedirectResponse(f"/answer?{query}{f'#card-{then}' if then else ''}", status_code=303)
