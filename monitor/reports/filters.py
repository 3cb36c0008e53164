"""What a page or report is about: a period, and the brands, sources and kinds looked at."""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from monitor.messages import Kind

# A day late: the first of all has no moment in zones east of Greenwich.
_DAWN: Final = datetime(1, 1, 2)


Counting = Literal["posts", "stories"]
"""Every mention, or of copies of one text or picture only the first: where and when the story appeared."""


class Filter(msgspec.Struct, frozen=True):
    """Mentions published in [since, until), both with a zone; an empty tuple of names means all of them.

    A mention is about a brand that it names or shows. `kinds` are kinds of mention: a picture's caption
    belongs to the picture. `languages` are codes (ISO 639; und: unknown, or a picture without words).
    """

    since: datetime
    until: datetime
    brands: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    languages: tuple[str, ...] = ()
    counting: Counting = "posts"

    def __post_init__(self) -> None:
        for name, moment in (("since", self.since), ("until", self.until)):
            if moment.tzinfo is None:
                raise ValueError(f"{name} is {moment.isoformat()}, without a zone")
        if self.since >= self.until:
            raise ValueError(f"since {self.since.isoformat()} is not before until {self.until.isoformat()}")

    def previous(self) -> "Filter":
        """The period as long as this one that ends where it begins; shorter where dates begin.

        Raises `ValueError` where there is none.
        """
        length = min(self.until - self.since, self.since - _DAWN.replace(tzinfo=self.since.tzinfo))
        return msgspec.structs.replace(self, since=self.since - length, until=self.since)

    def values(self) -> dict[str, Any]:
        """Its parts as the parameters of SQL; null of sources, kinds and languages stands for all of them."""
        return {
            "since": self.since,
            "until": self.until,
            "brands": list(self.brands),
            "sources": list(self.sources) or None,
            "kinds": list(self.kinds) or None,
            "languages": list(self.languages) or None,
            "stories": self.counting == "stories",
        }

    def where(self, table: str, *more: str) -> str:
        """The SQL condition on `published_at`, `source`, `kind`, `language` and `lead` of a table or its
        alias, and `more`."""
        parts = [f"{table}.published_at >= :since", f"{table}.published_at < :until"]
        if self.sources:
            parts.append(f"{table}.source = ANY(:sources)")
        if self.kinds:
            parts.append(f"{table}.kind = ANY(:kinds)")
        if self.languages:
            parts.append(f"{table}.language = ANY(:languages)")
        if self.counting == "stories":
            parts.append(f"{table}.lead")
        return " AND ".join((*parts, *more))
