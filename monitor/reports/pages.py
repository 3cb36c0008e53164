"""The report's page template: everything escaped, numbers and dates written one way."""

from datetime import UTC, datetime, tzinfo
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


def template(zone: tzinfo | None = None) -> Template:
    """The report page; moments are shown in `zone`, or UTC."""
    pages = Environment(
        loader=PackageLoader("monitor.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["number"] = lambda n: f"{n:,}"
    pages.filters["percent"] = _percent
    pages.filters["signed"] = _signed
    pages.filters["day"] = lambda moment: _day(moment.astimezone(zone or UTC))
    pages.filters["minute"] = lambda moment: f"{moment.astimezone(zone or UTC):%Y-%m-%d %H:%M}"
    pages.filters["counted"] = _counted
    pages.tests["web_address"] = _is_web_address
    return pages.get_template("report.html.j2")


def _percent(share: float) -> str:
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def _signed(value: float) -> str:
    shown = f"{value:+.2f}"
    return "0.00" if float(shown) == 0 else shown.replace("-", "\N{MINUS SIGN}")


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _is_web_address(url: str | None) -> bool:
    """A link that only ever opens a page; `javascript:` and its like are not passed on."""
    try:
        return url is not None and urlsplit(url).scheme in ("http", "https")
    except ValueError:
        return False
