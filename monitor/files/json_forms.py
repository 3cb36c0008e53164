"""Rows of JSON: an object a line, an array, objects one after the other, an array inside of an object."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final, TextIO

import msgspec

from monitor.errors import DataError, ErrorCode
from monitor.files.interface import Row, Unreadable
from monitor.files.names import known

_SCRIPT: Final = re.compile(
    r"\s*((?:var\s+|let\s+|const\s+)?[A-Za-z_$][\w.$]*(?:\[[^\]]*\])?\s*=)\s*(?=[\[{])"
)
_SPACE: Final = re.compile(r"[\s,;\ufeff]*")
_DEEPEST: Final = 12
"""Objects in objects that are made flat; what is deeper stays as it is."""
_LONGEST: Final = 2**28
"""Characters of one value: an item of an array, or an object that holds the array."""
_CHUNK: Final = 2**20
_LONGEST_LINE: Final = 2**26
"""Bytes. A picture may stand on a line, in base64."""
_SHOWN: Final = 2_000
"""Characters of what cannot be read that are kept to be shown."""

_PLAIN: Final = "; where each line is a text, say --from lines"


def script_of(beginning: str) -> str | None:
    """What JavaScript stands in front of the JSON, as `window.YTD.tweets.part0 =`; None where none does."""
    found = _SCRIPT.match(beginning)
    return found[1] if found else None


def flat(value: Mapping[str, Any]) -> dict[str, Any]:
    """An object without objects in it: `user.name`; empty values are left out, lists stay lists."""
    cells: dict[str, Any] = {}
    _flatten(value, "", cells, _DEEPEST)
    return cells


def _flatten(value: Mapping[str, Any], inner: str, cells: dict[str, Any], deep: int) -> None:
    for name, each in value.items():
        if isinstance(each, dict) and deep:
            _flatten(each, f"{inner}{name}.", cells, deep - 1)
        elif each is not None and each != "":
            cells[inner + name] = each


def line_rows(lines: BinaryIO) -> Iterator[Row | Unreadable]:
    """A row per line that is not blank, as soon as it is there."""
    decoder = msgspec.json.Decoder(dict[str, Any])
    number = 0
    while line := lines.readline(_LONGEST_LINE):
        number += 1
        where = f"line {number}"
        if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
            beginning = line[:_SHOWN]
            while (line := lines.readline(_CHUNK)) and not line.endswith(b"\n"):
                pass
            error = DataError(ErrorCode.TEXT_TOO_LONG, f"the line has more than {_LONGEST_LINE:,} bytes")
            yield Unreadable(where, error, beginning.decode(errors="backslashreplace"))
            continue
        if not line.strip():
            continue
        try:
            yield Row(where, flat(decoder.decode(line.removeprefix(b"\xef\xbb\xbf"))))
        except msgspec.ValidationError:
            error = DataError(ErrorCode.FIELD_INVALID, "the line is no JSON object; write {...} on each line")
            yield Unreadable(where, error, line.decode(errors="backslashreplace"))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            remedy = "" if line.lstrip().startswith(b"{") else _PLAIN
            error = DataError(ErrorCode.JSON_INVALID, f"not JSON: {problem}{remedy}")
            yield Unreadable(where, error, line.decode(errors="backslashreplace"))


class Utf8(io.RawIOBase):
    """Text in another encoding as bytes in UTF-8, a line at a time."""

    def __init__(self, text: TextIO) -> None:
        self._text = text

    def readline(self, size: int | None = -1, /) -> bytes:
        """Up to `size` characters of a line."""
        return self._text.readline(-1 if size is None else size).encode(errors="backslashreplace")


def document_rows(text: TextIO) -> Iterator[Row | Unreadable]:
    """The items of an array, wherever in an object it stands, and objects one after the other.

    After a fault nobody knows where the next item begins: the file ends there, and says so.
    """
    reading = _Text(text)
    number = 0
    try:
        reading.skip_script()
        while (opening := reading.next()) is not None:
            for value in reading.items() if opening == "[" else _rows_of(reading.value()):
                number += 1
                yield _row(f"item {number}", value)
    except ValueError as problem:  # JSON's own, a number of thousands of digits
        error = DataError(
            ErrorCode.JSON_INVALID,
            f"not JSON: {problem}; what follows the fault was not read, {number:,} before it",
        )
        yield Unreadable(f"item {number + 1}", error, reading.shown())
    except RecursionError:
        error = DataError(ErrorCode.JSON_INVALID, "lists in lists in lists; what follows was not read")
        yield Unreadable(f"item {number + 1}", error, reading.shown())


def _row(where: str, value: Any) -> Row | Unreadable:
    if not isinstance(value, dict):
        error = DataError(ErrorCode.FIELD_INVALID, "the item is no JSON object")
        return Unreadable(where, error, json.dumps(value)[:_SHOWN])
    return Row(where, flat(value))


def _rows_of(value: Any) -> list[Any]:
    """The objects of the array least deep in an object, the longest of those; the object itself where it says
    something, or holds none."""
    if not isinstance(value, dict) or any(
        known(name) == "text" and isinstance(each, str) and each for name, each in value.items()
    ):
        return [value]
    level: list[dict[str, Any]] = [value]
    for _ in range(_DEEPEST):
        lists = [
            each
            for one in level
            for each in one.values()
            if isinstance(each, list) and each and all(isinstance(item, dict) for item in each)
        ]
        if lists:
            return max(lists, key=len)
        level = [each for one in level for each in one.values() if isinstance(each, dict)]
    return [value]


class _Text:
    """JSON read value by value, no more of it in memory than a value needs."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._held = ""
        self._at = 0
        self._ended = False
        self._decode = json.JSONDecoder().raw_decode

    def skip_script(self) -> None:
        """Pass over JavaScript in front."""
        self._more()
        if found := _SCRIPT.match(self._held):
            self._at = found.end()

    def next(self) -> str | None:
        """The character with which the next value begins, behind blanks and commas; None at the end."""
        while True:
            found = _SPACE.match(self._held, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._held):
                return self._held[self._at]
            if not self._more():
                return None

    def items(self) -> Iterator[Any]:
        """The values of the array that begins here."""
        self._at += 1
        while (opening := self.next()) is not None:
            if opening == "]":
                self._at += 1
                return
            yield self.value()
        raise ValueError("the array does not end")

    def value(self) -> Any:
        """The value that begins here. Raises `ValueError`."""
        wanted = _CHUNK
        while True:
            try:
                value, self._at = self._decode(self._held, self._at)
            except ValueError:
                if len(self._held) - self._at > _LONGEST or not self._more(wanted):
                    raise
                wanted *= 2  # so that reading a long value over and over costs no more than twice
                continue
            return value

    def shown(self) -> str:
        """What stands where reading ended."""
        return self._held[self._at : self._at + _SHOWN]

    def _more(self, size: int = _CHUNK) -> bool:
        if self._ended:
            return False
        more = self._text.read(size)
        self._held, self._at = self._held[self._at :] + more, 0
        self._ended = not more
        return bool(more)
