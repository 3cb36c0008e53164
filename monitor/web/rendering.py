"""Pages from templates, with what every page shows: navigation, who is here, whether the data is made up."""

from typing import Any

from fastapi import Request
from starlette.responses import HTMLResponse

from monitor import __version__
from monitor.web.roles import may
from monitor.web.site import person, site


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The page made from a template of monitor/web/templates."""
    here = site(request)
    shown = {
        "request": request,
        "may": may,
        "path": request.url.path,
        "zone": here.settings.web_zone,
        "person": person(request),
        "login": here.people is not None,
        "version": __version__,
        "view": None,
        "synthetic": False,
        "kept_from": None,
        "waiting": None,
        **values,
    }
    return HTMLResponse(here.templates.get_template(template).render(shown), status_code=status)
