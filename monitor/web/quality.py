"""How far the data can be trusted."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from monitor.reports.figures import summary
from monitor.reports.quality import quality
from monitor.web.framing import framed
from monitor.web.views import Choice

router: Final = APIRouter(include_in_schema=False)


@router.get("/quality")
def data_quality(request: Request, choice: Annotated[Choice, Depends()]) -> Response:
    """Lag and coverage of everything stored; rejected inputs and models of the period, too."""
    with framed(request, choice) as frame:
        return frame.page(
            "quality.html.j2",
            state=quality(frame.connection),
            figures=summary(frame.connection, frame.view.chosen),
        )
