"""What is wrong with a value that somebody typed into an address or a form, in words of people."""

from collections.abc import Mapping
from typing import Any, Final

_MOST: Final = 80
"""Characters shown of what was typed."""

_DAY: Final = "is no day; write it like 2026-03-31"
_NUMBER: Final = "is no whole number"

_WORDS: Final[dict[str, str]] = {
    "date_parsing": _DAY,
    "date_type": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "int_parsing": _NUMBER,
    "int_parsing_size": "is too large a number",
    "int_from_float": _NUMBER,
    "float_parsing": "is no number",
    "bool_parsing": "is neither true nor false",
    "literal_error": "cannot be chosen; take {expected}",
    "greater_than": "is too small; take more than {gt}",
    "greater_than_equal": "is too small; take {ge} or more",
    "less_than": "is too large; take less than {lt}",
    "less_than_equal": "is too large; take {le} or less",
    "string_too_short": "is too short; write {min_length} characters or more",
    "string_too_long": "is too long; write {max_length} characters or fewer",
    "uuid_parsing": "is no id of a mention or story",
}
"""By the kind of fault, as pydantic names them; their own numbers and choices fill the braces."""


def in_words(fault: Mapping[str, Any]) -> str:
    """One of pydantic's faults: which value, and how to write it; of rarer kinds as pydantic says it."""
    name = ".".join(map(str, fault["loc"][1:]))
    if fault["type"] == "missing":
        return f"{name} is missing"
    typed = fault.get("input")
    if isinstance(typed, str) and len(typed) > _MOST:
        typed = f"{typed[:_MOST]}…"
    words = _WORDS.get(fault["type"])
    if words is None:
        return f"{name} = {typed!r}: {fault['msg']}"
    return f"{name} = {typed!r} {words.format_map(fault.get('ctx') or {})}"
