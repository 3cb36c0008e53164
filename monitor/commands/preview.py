"""Shows what strangers sent without letting it act on the terminal: no control characters, no megabytes."""

from typing import Any, Final

import msgspec

_CHARS: Final = 2_000
"""Characters of a value's preview: a screenful."""

_BYTES: Final = 64
"""Bytes shown of a value that is no text: enough to know a file format by."""

_FIELD_CHARS: Final = 200
"""Characters of one field, so that a picture in base64 does not push the rest off the screen."""


def printable(data: bytes, limit: int = _CHARS) -> str:
    """The bytes as text on one line: escaped where not printable, in hex where not UTF-8."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return _cut(data[:_BYTES].hex(" "), len(data) > _BYTES, f"{len(data):,} bytes, not UTF-8")
    # Only as much as can be shown is escaped; one character more tells that something was cut off.
    shown = "".join(char if char.isprintable() else _escape(char) for char in text[: limit + 1])
    return _cut(shown[:limit], len(shown) > limit, f"{len(data):,} bytes")


def value_preview(value: bytes) -> str:
    """A record's value: objects (JSON, MessagePack) with long fields cut, anything else as `printable`."""
    fields = _fields(value)
    if fields is None:
        return printable(value)
    short = {name: _short(content) for name, content in fields.items()}
    return printable(msgspec.json.encode(short, enc_hook=repr))  # MessagePack has types that JSON lacks


def _fields(value: bytes) -> dict[str, Any] | None:
    for decode in (msgspec.json.decode, msgspec.msgpack.decode):
        try:
            fields = decode(value, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        return fields
    return None


def _short(content: Any) -> Any:
    if isinstance(content, bytes):
        return printable(content)
    if isinstance(content, str) and len(content) > _FIELD_CHARS:
        return f"{content[:_FIELD_CHARS]}... ({len(content):,} characters)"
    return content


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _cut(text: str, was_cut: bool, note: str) -> str:
    return f"{text}... ({note})" if was_cut else text
