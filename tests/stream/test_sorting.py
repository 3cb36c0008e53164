"""Deletions are told from mentions before anything is scored, whatever else lies in the batch."""

import json
from typing import Any

from monitor.messages import MSGPACK, Deletion, encode
from monitor.storage.records import DeletionResult, Rejection, TextResult
from monitor.stream.sorting import DeletionsApart
from tests.stream.conftest import ScriptedScoring

GONE = {"id": "gone", "source": "s", "deleted_at": "2026-03-02T18:05:00Z"}


def value(**fields: Any) -> bytes:
    return json.dumps({**GONE, **fields}).encode()


async def test_each_record_has_its_outcome_in_its_place(records: Any) -> None:
    scoring = ScriptedScoring()
    outcomes = await DeletionsApart("image", scoring).score(
        [records(0), records(1, value=value()), records(2, value=value(id=7)), records(3)]
    )
    assert [type(one) for one in outcomes] == [TextResult, DeletionResult, Rejection, TextResult]
    assert [one.position.offset for one in outcomes] == [0, 1, 2, 3]
    assert scoring.batches == [[0, 3]]
    gone = outcomes[1]
    assert isinstance(gone, DeletionResult)
    assert (gone.kind, gone.deletion.id, gone.deletion.source) == ("image", "gone", "s")


async def test_a_batch_of_nothing_but_deletions_is_not_scored(records: Any) -> None:
    scoring = ScriptedScoring()
    outcomes = await DeletionsApart("text", scoring).score([records(n, value=value()) for n in range(3)])
    assert len(outcomes) == 3
    assert scoring.batches == []


async def test_a_mention_with_a_null_is_a_mention(records: Any) -> None:
    body = {"id": "a", "source": "s", "text": "t", "published_at": "2026-03-01T09:30:00Z"}
    (outcome,) = await DeletionsApart("text", ScriptedScoring()).score(
        [records(0, value=json.dumps({**body, "deleted_at": None, "note": "deleted_at"}).encode())]
    )
    assert isinstance(outcome, TextResult)


async def test_messagepack_is_read_too(records: Any) -> None:
    from msgspec.json import decode
    from msgspec.structs import replace

    packed = encode(decode(value(), type=Deletion), MSGPACK)
    record = replace(records(0, value=packed), headers=(("content-type", MSGPACK.encode()),))
    (outcome,) = await DeletionsApart("text", ScriptedScoring()).score([record])
    assert isinstance(outcome, DeletionResult)
