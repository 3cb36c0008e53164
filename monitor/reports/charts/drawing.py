"""What all charts share: the drawing with its title and note, colours that survive print, one look.

A chart's title stands in the page, not in the drawing, so that it wraps on a phone. Text takes the page's
colour (`currentColor`), so one drawing serves light, dark and paper.
"""

from typing import Any, Final

import altair as alt
import msgspec
import structlog

from monitor.reports.labels import distinct
from monitor.reports.renderer import RenderingError, renderer

_log = structlog.get_logger(__name__)

# Blue and vermilion of Okabe and Ito (2008), told apart with red-green blindness; the blue is darkened and
# the grey light, so that the three differ in grey print, too (L* 35, 54 and 82).
POSITIVE: Final = "#00558C"
NEUTRAL: Final = "#C8CCD1"
NEGATIVE: Final = "#D55E00"
WORDS: Final = "#00558C"
PICTURE: Final = "#E69F00"
# Rules and ticks.
QUIET: Final = "#8C949E"

# The Vega-Lite of Altair's schema, as vl-convert names it: 6.1.
_VEGA_LITE: Final = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])

MOST_COLUMNS: Final = 20
"""Columns of a name on an axis or in a legend: a third of a phone's width."""

_LISTS: Final = ("sort", "domain", "values")
"""Where a spec lists values of its rows."""

# Pixels of a phone's column: larger screens scale the drawing up, and its text stays readable on small ones.
_WIDTH: Final = 340
# The renderer measures text with Liberation Sans, which it carries; Arial and Helvetica are as wide.
_FONT: Final = "Liberation Sans, Arial, Helvetica, sans-serif"

_LOOK: Final[dict[str, Any]] = {
    "background": "transparent",
    "font": _FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "domainColor": QUIET,
        "tickColor": QUIET,
        "gridColor": QUIET,
        "gridOpacity": 0.25,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        # Vega would cut names where an emoji has its middle; they come cut.
        "labelLimit": 0,
    },
    "axisY": {"grid": False},
    "legend": {"labelColor": "currentColor", "labelFontSize": 12, "labelLimit": 0, "symbolType": "square"},
    "text": {"fontSize": 12},
}

MOST_BRANDS: Final = 8
"""Brands in a chart; the table beside it has all of them."""


class Drawing(msgspec.Struct, frozen=True):
    """A chart with its finding as title, what is counted and how many, and its Vega-Lite spec."""

    title: str
    note: str
    spec: dict[str, Any]

    @property
    def svg(self) -> str | None:
        """Drawn without browser or network, in a child process; None where it cannot be, and the log says
        why."""
        try:
            return renderer.chart(self.spec, _VEGA_LITE)
        except RenderingError as error:
            _log.error("chart left out", title=self.title, why=str(error))
            return None


def styled(chart: alt.Chart | alt.LayerChart, height: Any) -> dict[str, Any]:
    """The chart's Vega-Lite spec, in the look of all of them, its names fit to be drawn."""
    # Set on the finished spec: every `configure_*` of Altair copies the whole chart with its data once more.
    spec: dict[str, Any] = _labelled(chart.to_dict(validate=False))
    step = isinstance(height, alt.Step)
    return {
        **spec,
        "width": _WIDTH,
        "height": height.to_dict(validate=False) if step else height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": {**spec.get("config", {}), **_LOOK},
    }


def _labelled(spec: dict[str, Any]) -> dict[str, Any]:
    """The spec with each name of its rows as a label, and so in the orders and domains that list them."""
    rows = {name: list(found) for name, found in spec.get("datasets", {}).items()}
    names = dict.fromkeys(
        value
        for found in rows.values()
        for row in found
        for value in row.values()
        if isinstance(value, str) and value
    )
    labels = dict(zip(names, distinct(names, MOST_COLUMNS), strict=True))

    def shown(value: Any) -> Any:
        return labels.get(value, value) if isinstance(value, str) else value

    def relisted(part: Any) -> Any:
        if isinstance(part, dict):
            return {
                key: [shown(each) for each in value]
                if key in _LISTS and isinstance(value, list)
                else relisted(value)
                for key, value in part.items()
            }
        return [relisted(each) for each in part] if isinstance(part, list) else part

    relabelled = {
        name: [{field: shown(value) for field, value in row.items()} for row in found]
        for name, found in rows.items()
    }
    return {**relisted(spec), "datasets": relabelled}


def left_out(found: int, shown: int = MOST_BRANDS) -> str:
    """What a note says of the rows that a chart has no room for."""
    return f" {found - shown} more in the table." if found > shown else ""
