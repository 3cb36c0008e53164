"""The part of an address that says what is looked at: period, brands, sources, kinds, languages, and whether
posts or stories are counted. In every link."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Query
from pydantic import BeforeValidator
from sqlalchemy import Connection, text

from monitor.errors import DataError, ErrorCode
from monitor.messages import Kind
from monitor.reports.filters import Counting, Filter
from monitor.texts.language import tag_of

DEFAULT_DAYS: Final = 30
PRESETS: Final = (("7 days", 7), ("30 days", 30), ("90 days", 90), ("1 year", 365))

# Days that every time zone can express as a moment.
_FIRST, _LAST = date(2, 1, 1), date(9998, 12, 31)

_LONG: Final = 3660
"""Days: ten years."""


class WrongAddressError(Exception):
    """The address asks for something that makes no sense; the message says what and how to write it."""


def blank_as_missing(value: object) -> object:
    """Forms send empty fields as empty words."""
    return value or None


Day = Annotated[date | None, BeforeValidator(blank_as_missing)]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A filter with its days as people wrote them: from the start of `first` to the end of `last`."""

    chosen: Filter
    first: date
    last: date

    def link(self, path: str, **changes: object) -> str:
        """The address of a page with this view, changed: `None` takes a part out, other names are added."""
        parts: dict[str, object] = {
            "since": self.first.isoformat(),
            "until": self.last.isoformat(),
            "brand": self.chosen.brands,
            "source": self.chosen.sources,
            "kind": self.chosen.kinds,
            "lang": self.chosen.languages,
            "counting": None if self.chosen.counting == "posts" else self.chosen.counting,
        }
        return address(path, {**parts, **changes})

    def presets(self) -> tuple[tuple[str, date, bool], ...]:
        """Periods that end where this one ends: name, first day, whether it is this one."""
        return tuple(
            (name, first, first == self.first)
            for name, days in PRESETS
            for first in [max(_FIRST, self.last - timedelta(days=days - 1))]
        )

    @property
    def days(self) -> int:
        """Length of the period."""
        return (self.last - self.first).days + 1

    @property
    def narrowed(self) -> bool:
        """Whether brands, sources, kinds or languages are chosen."""
        chosen = self.chosen
        return bool(chosen.brands or chosen.sources or chosen.kinds or chosen.languages)


class Choice:
    """The parameters of an address, as FastAPI reads and documents them."""

    def __init__(
        self,
        since: Annotated[Day, Query(description="First day; default 30 days before the last.")] = None,
        until: Annotated[
            Day, Query(description="Last day, included; default that of the newest mention.")
        ] = None,
        brand: Annotated[list[str] | None, Query(description="Brands; none: all.")] = None,
        source: Annotated[list[str] | None, Query(description="Sources; none: all.")] = None,
        kind: Annotated[list[Kind] | None, Query(description="text or image; none: both.")] = None,
        lang: Annotated[
            list[str] | None,
            Query(description="Language codes (ISO 639), e.g. de; und: unknown, or no words; none: all."),
        ] = None,
        counting: Annotated[
            Counting,
            Query(description="posts: every mention; stories: of copies only the first one counts."),
        ] = "posts",
    ) -> None:
        self._since, self._until = since, until
        self._brands, self._sources, self._kinds = (_unique(each) for each in (brand, source, kind))
        self._languages = _unique([tag_of(code) for code in lang or ()])
        self._counting: Counting = counting

    def view(self, connection: Connection, zone: ZoneInfo) -> View:
        """With the missing days filled in. Raises `WrongAddressError`."""
        last = self._until or _newest_day(connection, zone)
        for name, day in (("since", self._since), ("until", last)):
            if day is not None and not _FIRST <= day <= _LAST:
                raise WrongAddressError(
                    f"{name} = {day} is out of range; take a day from {_FIRST} to {_LAST}"
                )
        first = self._since or max(_FIRST, last - timedelta(days=DEFAULT_DAYS - 1))
        if first > last:
            raise WrongAddressError(f"The first day ({first}) is after the last ({last}); exchange them")
        since, until = _looked_at(connection, first, last, zone)
        return View(
            chosen=Filter(
                since=since,
                until=until,
                brands=self._brands,
                sources=self._sources,
                kinds=self._kinds,  # type: ignore[arg-type]
                languages=self._languages,
                counting=self._counting,
            ),
            first=first,
            last=last,
        )


def address(path: str, parts: Mapping[str, object]) -> str:
    """`path?name=value&...`; a list gives several, `None`, "" and False give none."""
    pairs: list[tuple[str, object]] = []
    for name, value in parts.items():
        several = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        pairs += [(name, 1 if each is True else each) for each in several if each not in (None, "", False)]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def _newest_day(connection: Connection, zone: ZoneInfo) -> date:
    """The day of the newest mention that is not dated into the future; today without any."""
    now = datetime.now(UTC)
    query = text("SELECT max(published_at) FROM mention WHERE published_at <= :now")
    newest: datetime | None = connection.execute(query, {"now": now}).scalar()
    return (newest or now).astimezone(zone).date()


def _looked_at(connection: Connection, first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The days asked for as moments; of a very long period only the part that has mentions.

    Who types 2026 into a date field asks for the years 2, 20 and 202 on the way: whatever goes through a
    period hour by hour would go through two thousand empty years.
    """
    if (last - first).days > _LONG:
        query = text("""
            SELECT least(min(published_at), (SELECT min(hour) FROM mention_hour
                                             WHERE hour >= :since AND hour < :until AND hour < kept_from())),
                   max(published_at)
            FROM mention WHERE published_at >= :since AND published_at < :until
        """)
        since, until = _moments(first, last, zone)
        oldest, newest = connection.execute(query, {"since": since, "until": until}).one()
        first = last if oldest is None else oldest.astimezone(zone).date()
        last = last if newest is None else newest.astimezone(zone).date()
    return _moments(first, last, zone)


def _moments(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    return (
        datetime.combine(first, time.min, zone),
        datetime.combine(last + timedelta(days=1), time.min, zone),
    )


def _unique(values: Sequence[str] | None) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(value for value in values or () if value))
    if any("\x00" in value for value in chosen):
        raise DataError(ErrorCode.FIELD_INVALID, "a NUL character is in no name")
    return chosen
