"""Answers of APIs: one item, one character that is none costs only itself."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from monitor.sources.answers import identifier, json_of, object_of
from monitor.sources.http import Response
from monitor.sources.interface import SourceOutageError


def answer(body: bytes) -> Response:
    return Response(200, CIMultiDictProxy(CIMultiDict()), body, "https://api.example/things?token=secret")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (rb'{"a": "\ud83d\ude00 \ud83d \ude00 \\ud83d"}', "\U0001f600 \ufffd \ufffd \\ud83d"),
        (b'{"a": "\xff"}', "\ufffd"),
        (b'{"a": "two\nlines"}', "two\nlines"),
        (b'{"a": 1e999}', float("inf")),
        (b'{"a": 1' + b"0" * 5000 + b"}", float("inf")),
        (rb'{"a": "\"\\"}', '"\\'),
    ],
)
def test_what_is_almost_json_is_read(body: bytes, said: Any) -> None:
    assert object_of(answer(body)) == {"a": said}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"7", b'{"a":', b'{"a":' * 100_000, b"\x00"])
def test_anything_else_is_an_outage(body: bytes) -> None:
    with pytest.raises(SourceOutageError, match=r"^https://api\.example/things: answers no JSON") as raised:
        object_of(answer(body))
    assert "secret" not in str(raised.value)


@given(st.text(alphabet='{}[]":,\\ud83Ee9 1n\n'))
def test_no_text_is_more_than_no_json(text: str) -> None:
    try:
        json_of(text)
    except ValueError:
        return


@given(st.text())
def test_an_id_fits_the_contract(written: str) -> None:
    made = identifier(written)
    assert 1 <= len(made) <= 512
    assert made.isprintable()
    assert made in (written, identifier(written))
