"""Previews of what strangers sent: nothing that acts on a terminal, never more than a screenful."""

import json

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.commands.preview import printable, value_preview


@given(
    st.binary(max_size=5_000)
    | st.text(max_size=2_000).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
@example(b"\x1b]0;title\x07\x1b[2J")
@example("\u202eright to left".encode())
@example(b'{"text": "\\u001b[2J", "image": "' + b"A" * 100_000 + b'"}')
def test_no_value_reaches_the_terminal_with_control_characters(value: bytes) -> None:
    for shown in (printable(value), value_preview(value)):
        assert shown.isprintable()
        assert len(shown) < 2_100


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"", ""),
        ("Citroën 😀".encode(), "Citroën 😀"),
        (b"a\nb\x1b", "a\\nb\\x1b"),
        (b"\xff\x00", "ff 00"),
        (b"x" * 3_000, "x" * 2_000 + "... (3,000 bytes)"),
    ],
)
def test_printable(value: bytes, shown: str) -> None:
    assert printable(value) == shown


def test_long_fields_are_cut_and_short_ones_kept() -> None:
    fields = {"id": "1", "image": "A" * 1_000}
    expected = {"id": "1", "image": "A" * 200 + "... (1,000 characters)"}
    assert json.loads(value_preview(json.dumps(fields).encode())) == expected


def test_msgpack_is_read_too() -> None:
    assert (
        value_preview(msgspec.msgpack.encode({"id": "1", "image": b"\xff\xd8"}))
        == '{"id":"1","image":"ff d8"}'
    )
