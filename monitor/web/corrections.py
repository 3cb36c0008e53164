"""Forms that correct a sentiment or a logo, and take a correction back."""

from typing import Annotated, Final
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Request
from pydantic import BeforeValidator
from starlette.responses import RedirectResponse, Response

from monitor.corrections import correct_logo, correct_sentiment, undo
from monitor.messages import Box, Label
from monitor.web.site import person, site
from monitor.web.views import blank_as_missing

router: Final = APIRouter(include_in_schema=False)

_ROUNDING: Final = 0.02
"""Per cent: two numbers rounded to hundredths are at most this much too long together."""

Name = Annotated[str | None, BeforeValidator(blank_as_missing), Form(max_length=300)]
Note = Annotated[str | None, BeforeValidator(blank_as_missing), Form(max_length=3000)]
Back = Annotated[str, Form(max_length=4000, description="The query of the page the form stood on.")]
# Per cent of the picture, as people read it off a ruler.
Percent = Annotated[float | None, BeforeValidator(blank_as_missing), Form(ge=0, le=100)]


@router.post("/mentions/{mention_id}/sentiment")
def sentiment(
    request: Request,
    mention_id: UUID,
    label: Annotated[Label, Form()],
    brand: Name = None,
    by: Name = None,
    note: Note = None,
    back: Back = "",
) -> Response:
    """Say how a text feels, as a whole or toward a brand."""
    with site(request).databases.correcting() as connection:
        made = correct_sentiment(connection, mention_id, brand, label, signer(request, by), note)
    return _to_mention(mention_id, back, made)


@router.post("/mentions/{mention_id}/logo")
def logo(
    request: Request,
    mention_id: UUID,
    detection: Annotated[UUID | None, BeforeValidator(blank_as_missing), Form()] = None,
    brand: Name = None,
    x: Percent = None,
    y: Percent = None,
    width: Percent = None,
    height: Percent = None,
    by: Name = None,
    note: Note = None,
    back: Back = "",
) -> Response:
    """Say what a find is (no brand: nothing is there), or what the model missed."""
    box = None
    if x is not None and y is not None and width is not None and height is not None:
        box = Box(x / 100, y / 100, _inside(x, width), _inside(y, height))
    with site(request).databases.correcting() as connection:
        made = correct_logo(connection, detection, mention_id, brand, box, signer(request, by), note)
    return _to_mention(mention_id, back, made)


@router.post("/corrections/{correction_id}/undo")
def take_back(
    request: Request,
    correction_id: int,
    mention: Annotated[UUID, Form()],
    by: Name = None,
    back: Back = "",
) -> Response:
    """Take a correction back: the model's word counts again."""
    with site(request).databases.correcting() as connection:
        undo(connection, correction_id, signer(request, by))
    return _to_mention(mention, back, correction_id)


def _inside(start: float, length: float) -> float:
    """A length as a share; edges that rounding to hundredths pushed out of the picture are back in it."""
    over = start + length - 100
    return (length - over if 0 < over <= _ROUNDING else length) / 100


def signer(request: Request, given: str | None) -> str:
    """Who logged in; without a login, the name given, remembered for the next correction."""
    if site(request).people is None and given:
        request.session["name"] = given
    return person(request) or ""


def _to_mention(mention_id: UUID, back: str, correction: int) -> Response:
    """The mention's page again, with the period and the other choices it had."""
    kept = [(name, value) for name, value in parse_qsl(back) if name != "saved"]
    query = urlencode([*kept, ("saved", str(correction))])
    return RedirectResponse(f"/mentions/{mention_id}?{query}", status_code=303)
