"""Rows that name posts become deletions, checked as the service checks them."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.errors import ErrorCode
from monitor.files.deletions import Post, deletions, read_deletions
from monitor.messages import decode_deletion
from monitor.publishing import Outgoing, Refused

NOW = datetime(2026, 3, 2, 18, 5, tzinfo=UTC)
POST = Post(source="forum", deleted_at=NOW)


def test_a_post_is_deleted_on_both_topics_with_its_id_for_a_key() -> None:
    found = list(deletions("--id 7", {"id": "7"}, POST))
    assert all(isinstance(each, Outgoing) for each in found)
    assert [(each.topic, each.key) for each in found] == [("text", b"7"), ("image", b"7")]  # type: ignore[union-attr]
    deletion = decode_deletion(found[0].value)  # type: ignore[union-attr]
    assert deletion is not None
    assert (deletion.id, deletion.source, deletion.deleted_at) == ("7", "forum", NOW)


def test_what_the_row_says_wins_and_other_columns_do_not_matter() -> None:
    table = b"id,source,deleted_at,text\n7,shop,2026-03-01T09:30:00Z,hello\n8,,,\n"
    only = Post(source="forum", deleted_at=NOW, kinds=("image",))
    found = [
        decode_deletion(each.value)
        for each in read_deletions(io.BytesIO(table), only)
        if isinstance(each, Outgoing)
    ]
    assert [(one.id, one.source, one.deleted_at.day) for one in found if one is not None] == [
        ("7", "shop", 1),
        ("8", "forum", 2),
    ]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({}, ErrorCode.FIELD_MISSING),
        ({"id": ""}, ErrorCode.FIELD_MISSING),
        ({"id": "7", "source": 5}, ErrorCode.FIELD_INVALID),
        ({"id": "7", "deleted_at": "yesterday"}, ErrorCode.FIELD_INVALID),
        ({"id": "7", "deleted_at": "2026-03-01T09:30:00"}, ErrorCode.DATE_WITHOUT_ZONE),
    ],
)
def test_a_row_that_names_no_post_is_refused_and_the_rest_goes_on(
    row: dict[str, Any], code: ErrorCode
) -> None:
    lines = "\n".join([json.dumps(row), "{", json.dumps({"id": "8"})]).encode()
    first, second, *rest = read_deletions(io.BytesIO(lines), POST)
    assert isinstance(first, Refused)
    assert first.error.code is code
    assert isinstance(second, Refused)
    assert [each.key for each in rest if isinstance(each, Outgoing)] == [b"8", b"8"]


def test_without_a_source_nothing_is_named() -> None:
    (refused,) = deletions("--id 7", {"id": "7"}, Post(source=None, deleted_at=NOW))
    assert isinstance(refused, Refused)
    assert "--source" in refused.error.detail


def test_names_of_columns_are_read_as_import_reads_them() -> None:
    table = b"Author,ID,Source,Deleted At\nAnn,7,shop,2026-03-01T09:30:00Z\n"
    record, _ = read_deletions(io.BytesIO(table), POST)
    assert isinstance(record, Outgoing)
    deletion = decode_deletion(record.value)
    assert deletion is not None
    assert (deletion.id, deletion.source, deletion.deleted_at.day) == ("7", "shop", 1)


def test_a_table_without_ids_says_what_it_has() -> None:
    (refused,) = read_deletions(io.BytesIO(b"Post ID,text\n7,a\n"), POST)
    assert isinstance(refused, Refused)
    assert "`Post ID`" in refused.error.detail


def test_a_post_is_deleted_by_every_id_that_it_may_be_stored_by() -> None:
    post = Post(
        source="forum", deleted_at=NOW, kinds=("text",), ids=lambda source, id: (id, f"{source} {id}")
    )
    found = [each for each in deletions("--id 7", {"id": "7"}, post) if isinstance(each, Outgoing)]
    assert [each.key for each in found] == [b"7", b"forum 7"]
    assert [one.id for each in found if (one := decode_deletion(each.value)) is not None] == ["7", "forum 7"]
