"""The frame of every page of figures: one connection, the view its address asks for, what can be chosen."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from sqlalchemy import Connection
from starlette.responses import HTMLResponse

from monitor.answers import waiting
from monitor.reports.quality import is_synthetic, pruned_before
from monitor.web.names import brand_names, has_own, language_names, source_names
from monitor.web.rendering import page
from monitor.web.site import site
from monitor.web.views import Choice, View


@dataclass(frozen=True, slots=True)
class Frame:
    """What a page is made from. Valid while the connection is open."""

    request: Request
    connection: Connection
    view: View
    brands: tuple[str, ...]
    sources: tuple[str, ...]
    languages: tuple[str, ...]
    synthetic: bool
    kept_from: datetime | None
    """Mentions of the view that were published earlier were pruned; None: none were."""

    @property
    def zone(self) -> str:
        """Name of the time zone days are counted in."""
        return site(self.request).settings.web_zone

    def page(self, template: str, **values: Any) -> HTMLResponse:
        """The page, with navigation and filters around `values`."""
        chosen = self.view.chosen
        return page(
            self.request,
            template,
            view=self.view,
            # Names an address asks for are offered even where no mention has them.
            brand_choices=tuple(dict.fromkeys((*self.brands, *chosen.brands))),
            source_choices=tuple(dict.fromkeys((*self.sources, *chosen.sources))),
            language_choices=tuple(dict.fromkeys((*self.languages, *chosen.languages))),
            synthetic=self.synthetic,
            kept_from=self.kept_from,
            ours=has_own(self.connection),
            waiting=waiting(self.connection, chosen),
            **values,
        )


@contextmanager
def framed(request: Request, choice: Choice) -> Iterator[Frame]:
    """Open a connection and read what the frame shows. Raises `WrongAddressError`, `OutageError`."""
    here = site(request)
    with here.databases.reading() as connection:
        view = choice.view(connection, here.zone)
        yield Frame(
            request=request,
            connection=connection,
            view=view,
            brands=brand_names(connection),
            sources=source_names(connection),
            languages=language_names(connection),
            synthetic=is_synthetic(connection),
            kept_from=pruned_before(connection, view.chosen.since),
        )
