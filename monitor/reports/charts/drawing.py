"""What all charts share: the drawing with its title and note, colours that survive print, one look.

A chart's title stands in the page, not in the drawing, so that it wraps on a phone. Text takes the page's
colour (`currentColor`), so one drawing serves light, dark and paper.
"""

from typing import Any, Final

import altair as alt
import msgspec
import vl_convert

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
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "labelLimit": 140,
    },
    "axisY": {"grid": False},
    "legend": {"labelColor": "currentColor", "labelFontSize": 11, "symbolType": "square"},
    "text": {"fontSize": 11},
}

MOST_BRANDS: Final = 8
"""Brands in a chart; the table beside it has all of them."""


class Drawing(msgspec.Struct, frozen=True):
    """A chart with its finding as title, what is counted and how many, and its Vega-Lite spec."""

    title: str
    note: str
    spec: dict[str, Any]

    @property
    def svg(self) -> str:
        """Drawn inside the process: no browser, no network."""
        svg: str = vl_convert.vegalite_to_svg(self.spec, vl_version=_VEGA_LITE)
        return svg

    @property
    def vega(self) -> dict[str, Any]:
        """Compiled to Vega, which a page draws at its own width."""
        compiled: dict[str, Any] = vl_convert.vegalite_to_vega(self.spec, vl_version=_VEGA_LITE)
        return compiled


def styled(chart: alt.Chart | alt.LayerChart, height: Any) -> dict[str, Any]:
    """The chart's Vega-Lite spec, in the look of all of them."""
    # Set on the finished spec: every `configure_*` of Altair copies the whole chart with its data once more.
    spec: dict[str, Any] = chart.to_dict(validate=False)
    step = isinstance(height, alt.Step)
    return {
        **spec,
        "width": _WIDTH,
        "height": height.to_dict(validate=False) if step else height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": {**spec.get("config", {}), **_LOOK},
    }


def left_out(found: int, shown: int = MOST_BRANDS) -> str:
    """What a note says of the rows that a chart has no room for."""
    return f" {found - shown} more in the table." if found > shown else ""
