"""What a file or a message is asked to be about: a page of figures and what its address chose."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, get_args
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from monitor.messages import Verdict
from monitor.reports.filters import Filter
from monitor.reports.wording import language

Page = Literal["overview", "brand", "compare", "themes", "answer", "mentions", "pictures"]

PATHS: Final[Mapping[str, str]] = {page: "/" if page == "overview" else f"/{page}" for page in get_args(Page)}
"""Addresses of the pages, by name."""

TITLES: Final[Mapping[str, str]] = {
    "overview": "Overview",
    "brand": "Brand",
    "compare": "Brands compared",
    "themes": "Themes",
    "answer": "To answer",
    "mentions": "Mentions",
    "pictures": "Pictures",
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A page's view; the page of one brand has it as the only one in `chosen`."""

    page: Page = "overview"
    chosen: Filter
    query: str = ""
    """Mentions have to fit it, as in the search of the pages."""
    label: Verdict | None = None
    """How texts have to feel."""

    @property
    def address(self) -> str:
        """The page's address without days: what `read_address` reads."""
        chosen = self.chosen
        parts: list[tuple[str, str]] = []
        if self.page == "brand":
            parts += [("name", brand) for brand in chosen.brands[:1]]
        else:
            parts += [("brand", brand) for brand in chosen.brands]
        parts += [("source", source) for source in chosen.sources]
        parts += [("kind", kind) for kind in chosen.kinds]
        parts += [("lang", code) for code in chosen.languages]
        if chosen.counting != "posts":
            parts.append(("counting", chosen.counting))
        parts += [(name, said) for name, said in (("q", self.query), ("label", self.label)) if said]
        return f"{PATHS[self.page]}?{urlencode(parts)}" if parts else PATHS[self.page]

    @property
    def title(self) -> str:
        """`Brand: VMware`, `Mentions with “outage”, negative`; the rest is in `limits`."""
        said = TITLES[self.page]
        if self.page == "brand" and self.chosen.brands:
            said += f": {self.chosen.brands[0]}"
        if self.query:
            said += f" with \N{LEFT DOUBLE QUOTATION MARK}{self.query}\N{RIGHT DOUBLE QUOTATION MARK}"
        return f"{said}, {self.label}" if self.label else said

    @property
    def limits(self) -> str:
        """What the mentions were narrowed to, in words; empty where they were not."""
        chosen = self.chosen
        kinds = {"text": "texts", "image": "pictures"}
        parts = [
            f"brands: {', '.join(chosen.brands)}" if chosen.brands and self.page != "brand" else "",
            f"sources: {', '.join(chosen.sources)}" if chosen.sources else "",
            f"{' and '.join(kinds[kind] for kind in chosen.kinds)} only" if chosen.kinds else "",
            f"languages: {', '.join(map(language, chosen.languages))}" if chosen.languages else "",
            "the first of each story, no copies" if chosen.counting == "stories" else "",
        ]
        return "; ".join(part for part in parts if part)


def read_address(address: str, since: datetime, until: datetime) -> Asked:
    """The view of an address that `Asked.address` wrote, of [since, until).

    Raises `ValueError` for one that it could not have written.
    """
    parts = urlsplit(address)
    given: dict[str, list[str]] = {}
    for name, value in parse_qsl(parts.query):
        given.setdefault(name, []).append(value)
    page = next((name for name, path in PATHS.items() if path == parts.path), None)
    if page is None or parts.scheme or parts.netloc:
        raise ValueError(f"{parts.path} is no page that can be sent")
    if any("\x00" in value for values in given.values() for value in values):
        raise ValueError("a NUL character is in no name")
    chosen: dict[str, Any] = {
        "since": since,
        "until": until,
        "brands": given.get("name" if page == "brand" else "brand", []),
        "sources": given.get("source", []),
        "kinds": given.get("kind", []),
        "languages": given.get("lang", []),
        "counting": given.get("counting", ["posts"])[0],
    }
    label = given.get("label", [None])[0]
    return msgspec.convert(
        {"page": page, "chosen": chosen, "query": given.get("q", [""])[0], "label": label}, Asked
    )
