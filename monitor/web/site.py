"""What every page needs, made once when the server starts."""

from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Request
from jinja2 import Environment

from monitor.errors import SetupError
from monitor.reports.pages import environment
from monitor.settings import Settings
from monitor.storage.pictures import PictureStore
from monitor.web import wording
from monitor.web.assets import static_address
from monitor.web.database import Databases
from monitor.web.people import People, load_people


@dataclass(frozen=True, slots=True)
class Site:
    """Settings, database pools, picture store, templates, who may log in (`None`: everybody is let in)."""

    settings: Settings
    databases: Databases
    pictures: PictureStore
    people: People | None
    zone: ZoneInfo

    @property
    def templates(self) -> Environment:
        """Of every page; what was compiled once stays."""
        return _templates(self.zone)


@cache
def _templates(zone: ZoneInfo) -> Environment:
    templates = environment("monitor.web", zone)
    templates.globals["static"] = static_address
    templates.filters |= wording.FILTERS
    return templates


def open_site(settings: Settings) -> Site:
    """Raises `SetupError` for settings that cannot be used; connects to nothing yet."""
    try:
        zone = ZoneInfo(settings.web_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SetupError(
            f"MONITOR_WEB_ZONE = {settings.web_zone!r} is no time zone; name it like Europe/Berlin"
        ) from error
    return Site(
        settings, Databases(settings), PictureStore(settings.picture_store), load_people(settings), zone
    )


def site(request: Request) -> Site:
    """The site a request came to."""
    found: Site = request.app.state.site
    return found


def person(request: Request) -> str | None:
    """Who logged in, or who gave this name with an earlier correction; None if nobody did."""
    named: str | None = getattr(request.state, "name", None) or request.session.get("name")
    return named
