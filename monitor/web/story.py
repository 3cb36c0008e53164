"""What the overview and the page of one brand tell alike: figures, charts and quotes around one brand."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import Connection

from monitor.reports import charts
from monitor.reports.changes import BrandChange, changes
from monitor.reports.feeling import Unit, sentiment_over_time
from monitor.reports.figures import Summary
from monitor.reports.mentions import most_extreme, most_reached
from monitor.reports.origins import authors, sources
from monitor.reports.pictures import image_only
from monitor.reports.terms import terms
from monitor.reports.timeline import unit_for, without_gaps
from monitor.web.views import View

_TERMS: Final = 8
_QUOTES: Final = 4
_PICTURES: Final = 5
_ORIGINS: Final = 8
_KEPT: Final = 256
"""Charts kept in memory, a few kilobytes each: those of the last thirty pages or so."""


class _OfBrand(Protocol):
    @property
    def brand(self) -> str: ...


_Row = TypeVar("_Row", bound=_OfBrand)


def focus_of(figures: Summary) -> str | None:
    """The brand a page speaks of first: the most present of ours, else the most present of all."""
    present = sorted(figures.voice, key=lambda each: (not each.own, -each.posts))
    return present[0].brand if present else None


def of_brand(rows: tuple[_Row, ...], brand: str | None) -> _Row | None:
    """The row about a brand."""
    return next((row for row in rows if row.brand == brand), None)


def story(
    connection: Connection, view: View, figures: Summary, focus: str | None, zone: str
) -> dict[str, Any]:
    """Values of the templates overview.html.j2 and brand.html.j2."""
    chosen = view.chosen
    told: dict[str, Any] = {
        "figures": figures,
        "focus": focus,
        "ours": of_brand(figures.voice, focus),
        "felt": of_brand(figures.feeling, focus),
        "changed": changes(connection, chosen) if figures.voice else (),
        "timeline": (),
        "terms": (),
        "praise": (),
        "criticism": (),
        "reached": most_reached(connection, chosen, _QUOTES) if figures.voice else (),
        "unnamed": image_only(connection, chosen, _PICTURES) if figures.image_only else (),
        "sources": sources(connection, chosen, _ORIGINS),
        "authors": authors(connection, chosen, _ORIGINS),
    }
    told["ours_changed"] = of_brand(told["changed"], focus)
    told["rising"] = tuple(each for each in told["changed"] if each.brand != focus and _rises(each))
    unit = unit_for(view.first, view.last)
    if focus is not None:
        points = sentiment_over_time(connection, chosen, focus, unit, zone)
        told["timeline"] = without_gaps(points, unit) if points else ()
        told["terms"] = terms(connection, chosen, focus, _TERMS)
        told["praise"] = most_extreme(connection, chosen, focus, "positive", _QUOTES)
        told["criticism"] = most_extreme(connection, chosen, focus, "negative", _QUOTES)
    told["drawings"] = _drawings(told, unit)
    return told


def _drawings(told: Mapping[str, Any], unit: Unit) -> dict[str, charts.Drawing]:
    """The charts there is something to show for."""
    figures, focus, timeline = told["figures"], told["focus"], told["timeline"]
    drawn: dict[str, charts.Drawing | None] = {}
    if figures.voice:
        drawn["share"] = _drawn(charts.share_chart, figures.voice, figures.brand_posts)
        drawn["change"] = _drawn(charts.change_chart, told["changed"])
    if any(each.opinions for each in figures.feeling):
        drawn["health"] = _drawn(charts.health_chart, figures.feeling)
    if timeline:
        drawn["trend"] = _drawn(charts.trend_chart, focus, timeline, unit)
        drawn["health_over_time"] = _drawn(charts.health_over_time_chart, focus, timeline, unit)
    if told["terms"]:
        drawn["terms"] = _drawn(charts.terms_chart, focus, told["terms"])
    if told["sources"]:
        drawn["sources"] = _drawn(charts.sources_chart, told["sources"])
    return {name: drawing for name, drawing in drawn.items() if drawing is not None}


@functools.lru_cache(maxsize=_KEPT)
def _drawn(chart: Callable[..., charts.Drawing | None], *figures: Any) -> charts.Drawing | None:
    """Altair takes some 50 ms to build a chart; the same figures make the same one."""
    return chart(*figures)


def _rises(change: BrandChange) -> bool:
    return not change.own and change.share.significant and (change.share.difference or 0) > 0
