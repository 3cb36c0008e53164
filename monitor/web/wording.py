"""How the pages write what the report has no need for: amounts, delays, a brand's colour, a recipient."""

import zlib
from collections.abc import Callable
from typing import Any, Final

from monitor.delivery.recipients import as_people_write_it
from monitor.insights.compared import amount

HUES: Final = 7
"""Colours of boxes (Okabe and Ito 2008) in pages.css, and in monitor.logos.drawing."""

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_DAY: Final = 86400.0


def seconds(value: float | None) -> str:
    """A delay in the unit it is read in."""
    if value is None:
        return "unknown"
    for unit, name in ((_DAY, "days"), (_HOUR, "h"), (_MINUTE, "min")):
        if value >= 2 * unit:
            return f"{value / unit:,.0f} {name}"
    return f"{value:.1f} s"


def hue(brand: str) -> int:
    """A brand keeps its colour from picture to picture."""
    return zlib.crc32(brand.encode()) % HUES


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "amount": amount,
    "seconds": seconds,
    "hue": hue,
    "recipient": as_people_write_it,
}
