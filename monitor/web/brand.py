"""The page of one brand."""

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from monitor.reports.figures import summary
from monitor.reports.mentions import how_many
from monitor.web.framing import framed
from monitor.web.names import is_known
from monitor.web.story import story
from monitor.web.views import Choice

router: Final = APIRouter(include_in_schema=False)


@router.get("/brand")
def brand(
    request: Request,
    choice: Annotated[Choice, Depends()],
    name: Annotated[str | None, Query(description="The brand; default the first of ours.")] = None,
) -> Response:
    """Everything about one brand; the brands chosen in the address wait for the way back."""
    with framed(request, choice) as frame:
        chosen = frame.view.chosen
        focus = name or next(iter((*chosen.brands, *frame.brands)), None)
        only = msgspec.structs.replace(
            frame.view, chosen=msgspec.structs.replace(chosen, brands=(focus,) if focus else ())
        )
        figures = summary(frame.connection, only.chosen)
        told = story(frame.connection, only, figures, focus, frame.zone)
        known = is_known(frame.connection, focus)
        stored = how_many(frame.connection, msgspec.structs.replace(chosen, brands=()))
        return frame.page("brand.html.j2", only=only, known=known, stored=stored, **told)
