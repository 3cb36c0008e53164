"""What APIs answer, read item by item: a malformed one costs only itself."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec

from monitor.messages import LONGEST_ID
from monitor.sources.http import Response
from monitor.sources.interface import Skipped, SourceOutageError

_Raw = TypeVar("_Raw", bound=msgspec.Struct)
_Made = TypeVar("_Made")
# A pair of surrogates, half of one, any other escape.
_ESCAPE: Final = re.compile(
    r"\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(u[dD][89a-fA-F][\da-fA-F]{2})|.)",
    re.DOTALL,
)
_MOST_DIGITS: Final = 4_000
"""Of an integer that Python reads."""


def json_of(text: str) -> Any:
    """JSON as platforms write it: line breaks in strings, numbers without bounds, halves of surrogate pairs
    (which become U+FFFD) are taken, so that one of them does not cost all else.

    Raises `ValueError`.
    """
    try:
        return json.loads(_ESCAPE.sub(_whole, text), strict=False, parse_int=_int)
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None


def object_of(response: Response) -> dict[str, Any]:
    """The JSON object that an API answered.

    Raises `SourceOutageError` for anything else: pages of proxies, answers that were cut.
    """
    where = response.url.split("?")[0]
    try:
        answer = json_of(response.body.decode("utf-8", "replace"))
    except ValueError as error:
        raise SourceOutageError(f"{where}: answers no JSON: {error}") from None
    if not isinstance(answer, dict):
        raise SourceOutageError(f"{where}: answers no JSON object")
    return answer


def items_of(
    raw: Iterable[object], kind: type[_Raw], read: Callable[[_Raw], _Made | None], where: str
) -> tuple[_Made | Skipped, ...]:
    """What `read` makes of each; None is left out. What is no `kind`, and what `read` raises `ValueError`
    for, is `Skipped`, named by its place in `where`."""
    items: list[_Made | Skipped] = []
    for number, one in enumerate(raw, 1):
        item: _Made | Skipped | None
        try:
            item = read(msgspec.convert(one, kind, strict=False))
        except (msgspec.ValidationError, ValueError, OverflowError) as error:
            item = Skipped(where=f"{where}, item {number}", reason=str(error))
        if item is not None:
            items.append(item)
    return tuple(items)


def moment_of(epoch: float) -> datetime:
    """A moment in UTC. Raises `ValueError` for one that no calendar holds."""
    try:
        return datetime.fromtimestamp(epoch, UTC)
    except (OSError, OverflowError) as error:
        raise ValueError(f"{epoch!r} is no moment") from error


def identifier(written: str) -> str:
    """An id as the wire contract allows it: what is longer, or holds control characters, by its SHA-256."""
    if len(written) <= LONGEST_ID and written.isprintable() and written.strip():
        return written
    return hashlib.sha256(written.encode("utf-8", "replace")).hexdigest()


def _int(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _whole(escape: re.Match[str]) -> str:
    return r"\ufffd" if escape[1] else escape[0]
