"""Counts of people as exports write them: 1,234 and 1.234 and 1.2K."""

import re
from typing import Any, Final

from monitor.errors import DataError, ErrorCode

_SPACES: Final = re.compile(r"[\s\u00a0\u2009\u202f'\u2019_]")
_NOTHING: Final = frozenset(
    {"", "-", "--", "\u2013", "\u2014", "n/a", "na", "nan", "none", "null", "unknown", "#n/a"}
)
_SCALES: Final = {"": 1, "k": 10**3, "m": 10**6, "mio": 10**6, "mn": 10**6, "b": 10**9, "bn": 10**9}
_WRITTEN: Final = re.compile(r"\+?(\d[\d.,]*)(k|mio|mn|m|bn|b)?\.?", re.IGNORECASE)
_GROUPED: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.0+)?|\d{1,3}(?:\.\d{3})+(?:,0+)?")
_INDIAN: Final = re.compile(r"\d{1,2}(?:,\d{2})+,\d{3}(?:\.0+)?")
_DECIMAL: Final = re.compile(r"(\d+)[.,](\d+)")
_MOST_DIGITS: Final = 19


def parse_count(value: Any, name: str) -> int | None:
    """The whole number that a cell says; None for a dash, "n/a" and the like.

    A point or comma in front of three digits sets thousands apart: people come whole. Raises `DataError` with
    the value and what to write instead.
    """
    if isinstance(value, bool):
        raise _wrong(value, name)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        if value != value:  # not a number: what spreadsheets and data tools leave in empty cells
            return None
        if not value.is_integer():
            raise _wrong(value, name)
        return int(value)
    text = _SPACES.sub("", str(value))
    if text.casefold() in _NOTHING:
        return None
    written = _WRITTEN.fullmatch(text)
    if written is None or len(text) > 2 * _MOST_DIGITS:
        raise _wrong(value, name)
    digits: str = written[1]
    scale: int = _SCALES[(written[2] or "").lower()]
    if digits.isdecimal():
        return int(digits) * scale
    if scale == 1 and (_GROUPED.fullmatch(digits) or _INDIAN.fullmatch(digits)):
        at = max(digits.rfind("."), digits.rfind(","))
        if at >= 0 and set(digits[at + 1 :]) == {"0"} and (digits.count(".") * digits.count(",") > 0):
            digits = digits[:at]  # cents that are none
        return int(digits.replace(".", "").replace(",", ""))
    if decimal := _DECIMAL.fullmatch(digits):
        scaled = int(decimal[1] + decimal[2]) * scale
        whole, rest = divmod(scaled, int("1".ljust(len(decimal[2]) + 1, "0")))
        if rest == 0 or scale > 1:
            return whole
    raise _wrong(value, name)


def _wrong(value: Any, name: str) -> DataError:
    return DataError(
        ErrorCode.FIELD_INVALID,
        f"`{name}` is {str(value)[:60]!r}, not a whole number; "
        "write 1234, 1,234, 1.234 or 1.2K, or leave it empty",
    )
