"""Brand against brand: where each stands, and how their shares and their health went over time."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from monitor.insights.standings import standings
from monitor.reports import charts
from monitor.reports.versus import beside, contenders, versus
from monitor.reports.voice import share_of_voice
from monitor.web.framing import framed
from monitor.web.views import Choice

router: Final = APIRouter(include_in_schema=False)


@router.get("/compare")
def compare(request: Request, choice: Annotated[Choice, Depends()]) -> Response:
    """The brands chosen, or ours and the most present others; five at most have a line each."""
    with framed(request, choice) as frame:
        chosen = frame.view.chosen
        voice = share_of_voice(frame.connection, chosen)
        unit, lines = versus(frame.connection, chosen, contenders(voice), frame.zone)
        return frame.page(
            "compare.html.j2",
            standings=sorted(
                standings(frame.connection, chosen, frame.zone) if voice else (),
                key=lambda each: not each.own,
            ),
            beside=beside(lines) if lines else "",
            unit=unit,
            lines=lines,
            share=charts.versus_share_chart(lines, unit),
            health=charts.versus_health_chart(lines, unit),
        )
