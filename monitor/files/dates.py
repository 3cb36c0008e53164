"""Dates as exports write them: one reading or none. Day and month are never guessed, nor is a zone."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor.errors import DataError, ErrorCode, SetupError
from monitor.files.interface import DateOrder

ORDERS: Final[tuple[DateOrder, ...]] = ("dmy", "mdy", "ymd")

_ISO: Final = re.compile(r"\d{4}-?\d\d-?\d\d(?:[Tt ]\d\d.*)?")
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)?")
_TIME: Final = re.compile(
    r"(?<![\d:])(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*([ap]\.?m\.?)?(?![\d:])"
    r"\s*((?:UTC|GMT|Z|[ECMP][SD]T)?(?:[+-]\d\d(?::?\d\d)?)?)(?![\w:])",
    re.IGNORECASE,
)
_ASIDE: Final = re.compile(r"\([^)]*\)|(?<=\d)(?:st|nd|rd|th)\b|\b(?:at|um|à|a las|uhr|de)\b", re.IGNORECASE)
_PARTS: Final = re.compile(r"[\s,./-]+")
_SAID: Final = {"dmy": "the day first", "mdy": "the month first", "ymd": "the year first"}
_POINTED: Final = re.compile(r"\s*\d{1,2}\.\s?\d{1,2}\.\s?\d{2}(?!\d\d?\.)")
_DAYS: Final = re.compile(
    r"^(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|mié|jue|vie|sáb|dom)"
    r"[a-zäéáè]*\.?,?\s+",
    re.IGNORECASE,
)
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar jän jänner janv janvier enero ene janeiro gennaio januari",
            "feb february februar febr févr février febrero fevereiro febbraio februari",
            "mar march mär märz mrz mars marzo março maart",
            "apr april avr avril abril abr aprile",
            "may mai mayo maio maggio mei",
            "jun june juni juin junio junho giugno",
            "jul july juli juil juillet julio julho luglio",
            "aug august août agosto ago augustus",
            "sep sept september septembre septiembre setembro settembre",
            "oct october okt oktober octobre octubre outubro ottobre",
            "nov november novembre noviembre novembro",
            "dec december dez dezember déc décembre diciembre dic dezembro dicembre",
        ),
        1,
    )
    for name in names.split()
}
_ZONES: Final = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
"""Hours; the abbreviations that RFC 2822 defines."""
_EXCEL_ZERO: Final = datetime(1899, 12, 30)
_SERIALS: Final = range(20_000, 80_000)
"""Days as spreadsheets count them, 1954 to 2119: no moment in seconds is so small."""
_SCALES: Final = (
    (10**8, 10**10, 1),
    (10**11, 10**13, 10**3),
    (10**14, 10**16, 10**6),
    (10**17, 10**19, 10**9),
)
"""From, below, units a second: 1973 to 2286 in seconds, milli-, micro- and nanoseconds since 1970."""
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2199
_PIVOT: Final = 70
"""Of two digits: from here on in the 1900s."""


def zone_named(name: str) -> tzinfo:
    """The IANA zone. Raises `SetupError`."""
    try:
        return UTC if name.upper() in ("UTC", "GMT", "Z") else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SetupError(f"{name!r} is no time zone; name it like Europe/Berlin or UTC") from error


def parse_moment(
    value: Any, name: str, *, order: DateOrder | None = None, zone: tzinfo | None = None
) -> datetime:
    """The moment, with a zone: the cell's own, else `zone`.

    Raises `DataError` with the value and the remedy: `date-without-zone`, or `field-invalid` for what is no
    date or could be two.
    """
    shown = f"`{name}` is {str(value)[:60]!r}"
    try:
        found = readings(value)
    except (ValueError, OverflowError, OSError):
        found = {}
    if not found:
        raise DataError(
            ErrorCode.FIELD_INVALID,
            f"{shown}, not a date that can be read; write it like 2026-03-01T09:30:00Z",
        )
    if order is None and _POINTED.match(str(value)):
        order = "dmy"  # nobody writes points and begins with the month
    if order is not None and order not in found:
        raise DataError(
            ErrorCode.FIELD_INVALID,
            f"{shown}, which is no date with {_SAID[order]}; correct it, or --date-order",
        )
    if order is None and len(set(found.values())) > 1:
        raise DataError(
            ErrorCode.FIELD_INVALID,
            f"{shown}, which is {told(found)}; say which with --date-order {'|'.join(found)}",
        )
    moment = found[order] if order is not None else next(iter(found.values()))
    if moment.tzinfo is None:
        if zone is None:
            raise DataError(
                ErrorCode.DATE_WITHOUT_ZONE,
                f"{shown}, which names no zone; append Z or the offset, "
                "or import the file with --zone (UTC, Europe/Berlin, ...)",
            )
        moment = moment.replace(tzinfo=zone)
    return moment


def told(found: Mapping[DateOrder, datetime]) -> str:
    """Readings in words: "3 April 2026 or 4 March 2026"."""
    return " or ".join(dict.fromkeys(f"{one.day} {one:%B} {one.year}" for one in found.values()))


def readings(value: Any) -> Mapping[DateOrder, datetime]:
    """What the value may mean, by the order of day, month and year under which it does; with no zone where it
    says none. Where the order does not matter, all orders mean the same. Empty, or `ValueError`: no date."""
    if isinstance(value, datetime):
        return _surely(value)
    if isinstance(value, date):
        return _surely(datetime.combine(value, time.min))
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return {}
    if not isinstance(value, str):
        return _surely(_of_number(value))
    return _of_text(" ".join(value.split()))


@lru_cache(maxsize=1024)
def _of_text(text: str) -> Mapping[DateOrder, datetime]:
    if _ISO.fullmatch(text):
        try:
            return _surely(datetime.fromisoformat(text.upper()))
        except ValueError:
            pass  # perhaps a blank in front of the zone
    if _NUMBER.fullmatch(text):
        return _surely(_of_number(float(text.replace(",", "."))))
    if len(text) > 80:
        return {}
    rest, at, zone = _split_time(_ASIDE.sub(" ", text))
    rest = rest.strip(" ,")
    found = _days(rest) or _days(_DAYS.sub("", rest))  # "mar" may be March, or a Tuesday
    if not found:
        try:
            return _surely(parsedate_to_datetime(text))
        except (ValueError, TypeError, IndexError):
            return {}
    dated: dict[DateOrder, datetime] = {
        order: datetime.combine(day, at, zone) for order, day in found.items()
    }
    return dated


def _surely(moment: datetime) -> Mapping[DateOrder, datetime]:
    return dict.fromkeys(ORDERS, moment)


def _of_number(number: float) -> datetime:
    """Days of a spreadsheet, or units since 1970. Raises `ValueError`."""
    if int(number) in _SERIALS:
        # Spreadsheets keep a fraction of a day: to the second is what they show.
        return _EXCEL_ZERO + timedelta(seconds=round(number * 86_400))
    for low, high, scale in _SCALES:
        if low <= number < high:
            return datetime.fromtimestamp(0, UTC) + timedelta(seconds=number / scale)
    raise ValueError("no moment")


def _split_time(text: str) -> tuple[str, time, tzinfo | None]:
    """What stands around the time, the time (midnight where there is none), and its zone.

    Raises `ValueError`.
    """
    found = _TIME.search(text)
    if found is None:
        return text, time.min, None
    hours, minutes, seconds, fraction, half, zone = found.groups()
    hour = int(hours)
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(hours)
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    at = time(hour, int(minutes), int(seconds or 0), micro)
    return f"{text[: found.start()]} {text[found.end() :]}", at, _zone(zone)


def _zone(text: str) -> tzinfo | None:
    if not text:
        return None
    name, _, _ = text.upper().partition("+")
    name = name.partition("-")[0]
    hours = timedelta(hours=_ZONES.get(name, 0))
    if offset := text[len(name) :]:
        digits = offset[1:].replace(":", "").ljust(4, "0")
        size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        hours += size if offset[0] == "+" else -size
    return timezone(hours) if hours else UTC


def _days(text: str) -> dict[DateOrder, date]:
    """The days that three parts may mean, by order; empty where they mean none."""
    parts = [part for part in _PARTS.split(text) if part]
    if len(parts) != 3:
        return {}
    months = [at for at, part in enumerate(parts) if part.casefold() in _MONTHS]
    if len(months) == 1:
        return _with_name(parts, months[0])
    if not all(part.isdecimal() and len(part) in (1, 2, 4) for part in parts):
        return {}
    if len(parts[0]) == 4:
        orders: tuple[DateOrder, ...] = ("ymd",)
    elif len(parts[2]) == 4:
        orders = ("dmy", "mdy")
    else:
        orders = ORDERS
    found: dict[DateOrder, date] = {}
    for order in orders:
        year, month, day = (parts[order.index(letter)] for letter in "ymd")
        if (one := _day(year, int(month), day)) is not None:
            found[order] = one
    if len(parts[0]) == 4 and found:
        return dict.fromkeys(ORDERS, found["ymd"])
    return found


def _with_name(parts: list[str], at: int) -> dict[DateOrder, date]:
    numbers = [part for place, part in enumerate(parts) if place != at]
    if not all(part.isdecimal() and len(part) in (1, 2, 4) for part in numbers):
        return {}
    first, second = numbers
    day, year = (second, first) if len(first) == 4 else (first, second)
    found = _day(year, _MONTHS[parts[at].casefold()], day)
    return dict.fromkeys(ORDERS, found) if found else {}


def _day(year: str, month: int, day: str) -> date | None:
    number = int(year)
    if len(year) <= 2:
        number += 1900 if number >= _PIVOT else 2000
    if not _FIRST_YEAR <= number <= _LAST_YEAR:
        return None
    try:
        return date(number, month, int(day))
    except ValueError:
        return None


class OrderOfColumn:
    """In which order a column has day, month and year: what all of its dates allow.

    `seen` takes its values one by one.
    """

    def __init__(self) -> None:
        self._possible = set(ORDERS)
        self.told = False
        """Whether any date says something of the order."""
        self.example: str | None = None
        """The first date that can be read in more than one way."""

    def seen(self, value: Any) -> None:
        """One more value; what is no date says nothing."""
        try:
            found = readings(value)
        except (ValueError, OverflowError, OSError):
            return
        if not found or (len(found) == len(ORDERS) and len(set(found.values())) == 1):
            return
        self.told = True
        if _POINTED.match(str(value)):
            self._possible &= {"dmy"}
            return
        self._possible &= set(found)
        if len(set(found.values())) > 1 and self.example is None:
            self.example = str(value)

    @property
    def order(self) -> DateOrder | None:
        """The only order in which all of them are dates; None where several are, or none is."""
        return next(iter(self._possible)) if len(self._possible) == 1 else None

    @property
    def contradicts(self) -> bool:
        """Whether no order fits all of them."""
        return not self._possible
