"""Wire contracts: every kind of bad input has its code, arbitrary bytes raise nothing but `DataError`."""

import base64
import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.errors import DataError, ErrorCode
from monitor.messages import (
    JSON,
    MSGPACK,
    Deletion,
    ImageMention,
    TextMention,
    decode_deletion,
    decode_image,
    decode_text,
    encode,
    mention_uuid,
)

LIMIT = 1_000

TEXT: dict[str, Any] = {
    "id": "1",
    "source": "example",
    "text": "I like it",
    "published_at": "2026-03-01T09:30:00Z",
}
IMAGE: dict[str, Any] = {
    "id": "1",
    "source": "example",
    "image": base64.b64encode(b"\xff\xd8\xff").decode(),
    "published_at": "2026-03-01T09:30:00Z",
}


def text_with(**fields: Any) -> bytes:
    return json.dumps({**TEXT, **fields}).encode()


def text_without(field: str) -> bytes:
    return json.dumps({name: value for name, value in TEXT.items() if name != field}).encode()


@pytest.mark.parametrize(
    ("value", "code", "names"),
    [
        (None, ErrorCode.MESSAGE_EMPTY, "0 bytes"),
        (b"", ErrorCode.MESSAGE_EMPTY, "0 bytes"),
        (b"hello", ErrorCode.JSON_INVALID, "malformed"),
        (b'{"id": "1"', ErrorCode.JSON_INVALID, "truncated"),
        (b"\xff\xfe\x00", ErrorCode.JSON_INVALID, "malformed"),
        (b'{"id": "\xff"}', ErrorCode.JSON_INVALID, "utf-8"),
        (b'{"unknown":' + b"[" * 100_000, ErrorCode.JSON_INVALID, "not application/json"),
        (b"[" * 100_000, ErrorCode.FIELD_INVALID, "Expected `object`"),
        (b"[]", ErrorCode.FIELD_INVALID, "Expected `object`"),
        (b'"text"', ErrorCode.FIELD_INVALID, "Expected `object`"),
        *[(text_without(field), ErrorCode.FIELD_MISSING, f"`{field}`") for field in TEXT],
        (text_with(id=7), ErrorCode.FIELD_INVALID, "$.id"),
        (text_with(id=""), ErrorCode.FIELD_INVALID, "$.id"),
        (text_with(id="x" * 513), ErrorCode.FIELD_INVALID, "$.id"),
        (text_with(id="a\x00b"), ErrorCode.FIELD_INVALID, "$.id"),
        (text_with(source=None), ErrorCode.FIELD_INVALID, "$.source"),
        (text_with(text=["a"]), ErrorCode.FIELD_INVALID, "$.text"),
        (text_with(reach=-1), ErrorCode.FIELD_INVALID, "$.reach"),
        (text_with(published_at="0001-01-01T00:00:00+14:00"), ErrorCode.FIELD_INVALID, "from 2 to 9998"),
        (text_with(published_at="9999-12-31T23:59:59-14:00"), ErrorCode.FIELD_INVALID, "from 2 to 9998"),
        (text_with(reach=2**63), ErrorCode.FIELD_INVALID, "$.reach"),
        (text_with(reach=1.5), ErrorCode.FIELD_INVALID, "$.reach"),
        (text_with(published_at="2026-03-01T09:30:00"), ErrorCode.DATE_WITHOUT_ZONE, "$.published_at"),
        (text_with(published_at="yesterday"), ErrorCode.FIELD_INVALID, "$.published_at"),
        (text_with(published_at="2026-02-30T09:30:00Z"), ErrorCode.FIELD_INVALID, "$.published_at"),
        (text_with(text=""), ErrorCode.TEXT_EMPTY, "`text`"),
        (text_with(text=" \n\t\u00a0\u2003"), ErrorCode.TEXT_EMPTY, "`text`"),
        (text_with(text="\u3164\u2800\u200b\u200d\ufeff\u2060"), ErrorCode.TEXT_EMPTY, "`text`"),
        (text_with(text="x" * (LIMIT + 1)), ErrorCode.TEXT_TOO_LONG, "1,001"),
    ],
)
def test_each_bad_text_has_its_code_and_names_the_fault(
    value: bytes | None, code: ErrorCode, names: str
) -> None:
    with pytest.raises(DataError) as caught:
        decode_text(value, max_chars=LIMIT)
    assert caught.value.code is code
    assert names in caught.value.detail


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (json.dumps({**IMAGE, "image": "not base64!"}).encode(), ErrorCode.BASE64_INVALID),
        (json.dumps({**IMAGE, "image": "AAA"}).encode(), ErrorCode.BASE64_INVALID),
        (json.dumps({**IMAGE, "image": 5}).encode(), ErrorCode.FIELD_INVALID),
        (
            json.dumps({name: IMAGE[name] for name in IMAGE if name != "image"}).encode(),
            ErrorCode.FIELD_MISSING,
        ),
        (json.dumps({**IMAGE, "published_at": "2026-03-01T09:30"}).encode(), ErrorCode.FIELD_INVALID),
        (json.dumps({**IMAGE, "published_at": "2026-03-01T09:30:00"}).encode(), ErrorCode.DATE_WITHOUT_ZONE),
    ],
)
def test_each_bad_image_record_has_its_code(value: bytes, code: ErrorCode) -> None:
    with pytest.raises(DataError) as caught:
        decode_image(value)
    assert caught.value.code is code


@pytest.mark.parametrize(
    ("content_type", "code"),
    [
        ("text/plain", ErrorCode.CONTENT_TYPE_UNKNOWN),
        ("application/jsonx", ErrorCode.CONTENT_TYPE_UNKNOWN),
        (MSGPACK, ErrorCode.FIELD_INVALID),  # "{" reads as the MessagePack integer 123
    ],
)
def test_content_type_decides_how_bytes_are_read(content_type: str, code: ErrorCode) -> None:
    with pytest.raises(DataError) as caught:
        decode_text(text_with(), content_type, max_chars=LIMIT)
    assert caught.value.code is code


@pytest.mark.parametrize("content_type", [None, "", JSON, "Application/JSON; charset=utf-8"])
def test_json_is_the_default_and_parameters_do_not_matter(content_type: str | None) -> None:
    assert decode_text(text_with(), content_type, max_chars=LIMIT).text == "I like it"


GONE: dict[str, Any] = {"id": "1", "source": "example", "deleted_at": "2026-03-02T18:05:00Z"}


@pytest.mark.parametrize("content_type", [JSON, MSGPACK])
@pytest.mark.parametrize("beside", [{}, TEXT, IMAGE, {"other": ["deleted_at"]}])
def test_a_record_with_deleted_at_is_a_deletion_whatever_else_it_has(
    content_type: str, beside: dict[str, Any]
) -> None:
    encode_plain = msgspec.json.encode if content_type == JSON else msgspec.msgpack.encode
    deletion = decode_deletion(encode_plain({**beside, **GONE}), content_type)
    assert deletion == Deletion(id="1", source="example", deleted_at=datetime(2026, 3, 2, 18, 5, tzinfo=UTC))
    assert decode_deletion(encode(deletion, content_type), content_type) == deletion


@pytest.mark.parametrize(
    "value",
    [
        *(None, b"", b"hello", b"[]", b'"deleted_at"', b'{"deleted_at": ', b"\xff\xfe deleted_at"),
        text_with(),
        text_with(text="deleted_at"),
        text_with(deleted_at=None),
        text_with(other={"deleted_at": "2026-03-02T18:05:00Z"}),
    ],
)
def test_any_other_record_is_none(value: bytes | None) -> None:
    assert decode_deletion(value) is None


def test_a_name_written_in_escapes_is_the_same_name() -> None:
    escaped = json.dumps(GONE).replace("deleted_at", "deleted\\u005fat").encode()
    assert b"deleted_at" not in escaped
    assert decode_deletion(escaped) is not None


@pytest.mark.parametrize(
    ("fields", "code", "names"),
    [
        ({"deleted_at": "yesterday"}, ErrorCode.FIELD_INVALID, "$.deleted_at"),
        ({"deleted_at": True}, ErrorCode.FIELD_INVALID, "$.deleted_at"),
        ({"deleted_at": "2026-03-02T18:05:00"}, ErrorCode.DATE_WITHOUT_ZONE, "$.deleted_at"),
        ({"deleted_at": "0001-01-01T00:00:00Z"}, ErrorCode.FIELD_INVALID, "from 2 to 9998"),
        ({"id": 7}, ErrorCode.FIELD_INVALID, "$.id"),
        ({"source": "a\x00"}, ErrorCode.FIELD_INVALID, "$.source"),
    ],
)
def test_each_bad_deletion_has_its_code(fields: dict[str, Any], code: ErrorCode, names: str) -> None:
    with pytest.raises(DataError) as caught:
        decode_deletion(json.dumps({**GONE, **fields}).encode())
    assert caught.value.code is code
    assert names in caught.value.detail


@pytest.mark.parametrize("content_type", [None, JSON, MSGPACK, "text/plain"])
@given(value=st.binary(max_size=300))
@example(value=b'{"deleted_at":' + b"[" * 100_000)
@example(value=b'{"deleted_at":"0001-01-01T00:00:00+23:59","id":"1","source":"s"}')
def test_arbitrary_bytes_are_no_deletion_or_a_data_error(content_type: str | None, value: bytes) -> None:
    for each in (value, b"deleted_at" + value, b'{"deleted_at":' + value):
        with contextlib.suppress(DataError):
            decode_deletion(each, content_type)


def test_an_empty_record_says_how_to_delete() -> None:
    with pytest.raises(DataError, match="to delete a mention send its `id` and `source` with `deleted_at`"):
        decode_text(None, max_chars=LIMIT)


def test_msgpack_cut_off_is_reported_as_msgpack() -> None:
    whole = msgspec.msgpack.encode(TEXT)
    with pytest.raises(DataError) as caught:
        decode_text(whole[:-3], MSGPACK, max_chars=LIMIT)
    assert caught.value.code is ErrorCode.MSGPACK_INVALID


def test_unknown_fields_are_ignored() -> None:
    assert decode_text(text_with(likes=3, tags=["a"]), max_chars=LIMIT).id == "1"


def test_limit_counts_characters_not_bytes() -> None:
    assert len(decode_text(text_with(text="é" * LIMIT), max_chars=LIMIT).text) == LIMIT


@pytest.mark.parametrize("told", ["2026-03-01T10:30:00+01:00", "2026-03-02T09:29:00+23:59"])
def test_zone_is_kept_as_the_same_moment(told: str) -> None:
    moment = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    assert decode_text(text_with(published_at=told), max_chars=LIMIT).published_at == moment
    deletion = decode_deletion(text_with(deleted_at=told))
    assert deletion is not None
    assert deletion.deleted_at == moment


@pytest.mark.parametrize("content_type", [None, JSON, MSGPACK])
@given(value=st.binary(max_size=300))
@example(value=b'{"id":"1","source":"a","text":"\\ud800","published_at":"2026-03-01T09:30:00Z"}')
@example(value=b'{"published_at":"0001-01-01T00:00:00+23:59"}')
@example(value=b"\xdf\xff\xff\xff\xff")
def test_arbitrary_bytes_raise_nothing_but_data_errors(content_type: str | None, value: bytes) -> None:
    for decode in (
        lambda: decode_text(value, content_type, max_chars=LIMIT),
        lambda: decode_image(value, content_type),
    ):
        with pytest.raises(DataError):
            decode()


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
json_values = plain | st.lists(plain, max_size=3) | st.dictionaries(st.text(max_size=5), plain, max_size=3)


@given(
    fields=st.dictionaries(
        st.sampled_from([*TEXT, "image", "author", "url", "lang", "reach", "other"]), json_values, max_size=6
    )
)
def test_any_value_in_any_field_decodes_or_is_a_data_error(fields: dict[str, Any]) -> None:
    value = json.dumps({**TEXT, **fields}).encode()
    for decode in (lambda: decode_text(value, max_chars=LIMIT), lambda: decode_image(value)):
        with contextlib.suppress(DataError):
            decode()


identifiers = st.text(
    st.characters(min_codepoint=32, exclude_characters="\x7f", exclude_categories=["Cs"]), min_size=1
)
printable = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
moments = st.datetimes(
    datetime(2, 1, 3),
    datetime(9998, 12, 28),
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
optional = st.none() | printable


@pytest.mark.parametrize("content_type", [JSON, MSGPACK])
@given(
    mention=st.builds(
        TextMention,
        id=identifiers,
        source=identifiers,
        text=printable.filter(str.strip),
        published_at=moments,
        author=optional,
        url=optional,
        lang=optional,
        reach=st.none() | st.integers(0, 2**63 - 1),
    )
)
def test_texts_survive_the_wire(content_type: str, mention: TextMention) -> None:
    assert decode_text(encode(mention, content_type), content_type, max_chars=LIMIT) == mention


@pytest.mark.parametrize("content_type", [JSON, MSGPACK])
@given(
    mention=st.builds(
        ImageMention,
        id=identifiers,
        source=identifiers,
        image=st.binary(max_size=200),
        published_at=moments,
        caption=optional,
        author=optional,
    )
)
def test_images_survive_the_wire(content_type: str, mention: ImageMention) -> None:
    assert decode_image(encode(mention, content_type), content_type) == mention


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
@example(("a", "b:c"), ("a:b", "c"))
@example(("1", "1:a"), ("1:1", "a"))
def test_only_the_same_source_and_id_share_a_key(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (mention_uuid("text", *one) == mention_uuid("text", *other)) is (one == other)


def test_a_text_and_a_picture_of_one_post_have_different_keys() -> None:
    assert mention_uuid("text", "a", "1") != mention_uuid("image", "a", "1")
