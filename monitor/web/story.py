"""What the overview and the page of a brand tell alike: what happened, where brands stand, what was said."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import Connection

from monitor.insights.expected import learned
from monitor.insights.explained import explained
from monitor.insights.happenings import happened, headline
from monitor.insights.standings import standings
from monitor.reports import charts
from monitor.reports.authors import authors
from monitor.reports.feeling import Unit, sentiment_over_time
from monitor.reports.figures import Summary
from monitor.reports.mentions import most_extreme, most_reached
from monitor.reports.origins import sources
from monitor.reports.pictures import image_only
from monitor.reports.timeline import unit_for, without_gaps
from monitor.reports.versus import contenders, versus
from monitor.themes import themes
from monitor.web.views import View

_THEMES: Final = 6
_QUOTES: Final = 4
_PICTURES: Final = 5
_ORIGINS: Final = 8
_KEPT: Final = 256
"""Charts kept in memory, a few kilobytes each: those of the last thirty pages or so."""


class _OfBrand(Protocol):
    @property
    def brand(self) -> str: ...


_Row = TypeVar("_Row", bound=_OfBrand)


def of_brand(rows: Sequence[_Row], brand: str | None) -> _Row | None:
    """The row about a brand."""
    return next((row for row in rows if row.brand == brand), None)


def story(
    connection: Connection, view: View, figures: Summary, focus: str | None, zone: str
) -> dict[str, Any]:
    """Values of the templates overview.html.j2 and brand.html.j2."""
    chosen = view.chosen
    past = learned(connection, chosen, zone)
    found = happened(connection, chosen, zone, past)
    top, *others = explained(connection, found) or (None,)
    stand = standings(connection, chosen, zone, past) if figures.voice else ()
    standing = of_brand(stand, focus)
    told: dict[str, Any] = {
        "headline": headline(found, standing=standing),
        "top": top,
        "others": others,
        "of_focus": of_brand(found, focus),
        "standings": sorted(stand, key=lambda each: not each.own),
        "standing": standing,
        "figures": figures,
        "focus": focus,
        "spoken": of_brand(figures.voice, focus),
        "felt": of_brand(figures.feeling, focus),
        "timeline": (),
        "themes": (),
        "praise": (),
        "criticism": (),
        "reached": most_reached(connection, chosen, _QUOTES) if figures.voice else (),
        "unnamed": image_only(connection, chosen, _PICTURES) if figures.image_only else (),
        "sources": sources(connection, chosen, _ORIGINS),
        "authors": authors(connection, chosen, _ORIGINS),
    }
    unit = unit_for(view.first, view.last)
    if focus is not None:
        points = sentiment_over_time(connection, chosen, focus, unit, zone)
        told["timeline"] = without_gaps(points, unit) if points else ()
        told["themes"] = themes(connection, chosen, focus)[:_THEMES]
        told["praise"] = most_extreme(connection, chosen, focus, "positive", _QUOTES)
        told["criticism"] = most_extreme(connection, chosen, focus, "negative", _QUOTES)
    told["drawings"] = _drawings(connection, view, told, unit, zone)
    return told


def _drawings(
    connection: Connection, view: View, told: Mapping[str, Any], unit: Unit, zone: str
) -> dict[str, charts.Drawing]:
    """The charts there is something to show for."""
    figures, focus, timeline = told["figures"], told["focus"], told["timeline"]
    drawn: dict[str, charts.Drawing | None] = {}
    if figures.voice:
        drawn["share"] = _drawn(charts.share_chart, figures.voice, figures.brand_posts)
        drawn["versus"] = _versus(connection, view, figures, zone)
    if any(each.opinions for each in figures.feeling):
        drawn["health"] = _drawn(charts.health_chart, figures.feeling)
    if timeline:
        of_it = (focus, timeline, unit, told["of_focus"])
        drawn["trend"] = _drawn(charts.trend_chart, *of_it)
        drawn["health_over_time"] = _drawn(charts.health_over_time_chart, *of_it)
    if told["sources"]:
        drawn["sources"] = _drawn(charts.sources_chart, told["sources"])
    return {name: drawing for name, drawing in drawn.items() if drawing is not None}


def _versus(connection: Connection, view: View, figures: Summary, zone: str) -> charts.Drawing | None:
    unit, lines = versus(connection, view.chosen, contenders(figures.voice), zone)
    return _drawn(charts.versus_share_chart, lines, unit)


@functools.lru_cache(maxsize=_KEPT)
def _drawn(chart: Callable[..., charts.Drawing | None], *figures: Any) -> charts.Drawing | None:
    """Altair takes some 50 ms to build a chart; the same figures make the same one."""
    return chart(*figures)
