"""The first page: who is talked about, how people feel, what changed, what is said, where it comes from."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from monitor.reports.figures import summary
from monitor.web.framing import framed
from monitor.web.story import story
from monitor.web.views import Choice

router: Final = APIRouter(include_in_schema=False)


@router.get("/")
def overview(request: Request, choice: Annotated[Choice, Depends()]) -> Response:
    """All brands, and ours in front."""
    with framed(request, choice) as frame:
        figures = summary(frame.connection, frame.view.chosen)
        told = story(frame.connection, frame.view, figures, figures.focus, frame.zone)
        return frame.page("overview.html.j2", **told)
