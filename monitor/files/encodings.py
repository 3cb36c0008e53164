"""In which encoding a text file is: by its mark, by its zeros, by whether it reads as UTF-8."""

import codecs
import re
from typing import Final

from monitor.errors import DataError, ErrorCode, SetupError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16's, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HEAD: Final = 64
"""Bytes by which UTF-16 without a mark is told: names of columns and fields come first, and are ASCII."""
_ZEROS: Final = 0.25
"""Share of zeros in these from which on it is UTF-16; other text has none."""
_BINARY: Final = 0.01
"""Share of control characters from which on bytes are no text."""
_JSON: Final = re.compile(rb"\s*[\[{][^\0]")
_CONTROLS: Final = frozenset(range(32)) - {9, 10, 12, 13, 26, 27}

UNDECODABLE: Final = "\udcff"
"""Stands in a decoded text for each byte that the encoding does not have; no encoding writes it."""
ERRORS: Final = "brand-monitor-undecodable"
"""Name of the handler that puts it there."""


def register_errors() -> None:
    """Make `ERRORS` known to decoders."""
    codecs.register_error(ERRORS, _undecodable)


def _undecodable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return UNDECODABLE, error.end


def undecodable() -> DataError:
    """Why a row with `UNDECODABLE` in it is refused."""
    detail = "it holds bytes that are not in the file's encoding; save the file as UTF-8"
    return DataError(ErrorCode.FIELD_INVALID, detail)


def encoding_of(beginning: bytes, name: str) -> str:
    """The encoding as Python names it. Text in UTF-8 with a few broken bytes is UTF-8; text whose letters
    beyond ASCII do not read as UTF-8 is taken for Windows-1252, what spreadsheet programs write in the West.

    `beginning` is the file's, the more of it the surer. Raises `SetupError` for what is no text.
    """
    for mark, encoding in _MARKS:
        if beginning.startswith(mark):
            return encoding
    if _JSON.match(beginning):
        return "utf-8"  # whatever a later line holds is that line's fault
    if 0 in beginning[:65536]:
        return _utf_16(beginning[:_HEAD], name)
    if sum(byte in _CONTROLS for byte in beginning[:4096]) > _BINARY * len(beginning[:4096]):
        raise SetupError(
            f"{name} is no text (it begins with {beginning[:8].hex(' ')}); "
            "give a table (CSV, XLSX, Parquet) or JSON, plain or packed with gzip or zstd"
        )
    try:
        codecs.getincrementaldecoder("utf-8")().decode(beginning)  # the last letter may be cut
    except UnicodeDecodeError:
        return "utf-8" if _letters(beginning) else "cp1252"
    return "utf-8"


def _utf_16(head: bytes, name: str) -> str:
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) >= _ZEROS * len(head) and min(even, odd) == 0:
        return "utf-16-le" if odd else "utf-16-be"
    raise SetupError(f"{name} is no text: it holds zero bytes; give a table (CSV, XLSX, Parquet) or JSON")


def _letters(text: bytes) -> bool:
    """Whether more letters beyond ASCII read as UTF-8 than do not."""
    read = text.decode("utf-8", "replace")
    broken = read.count("\ufffd")
    return sum(not char.isascii() for char in read) - broken > broken
