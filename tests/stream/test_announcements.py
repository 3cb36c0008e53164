"""A dead letter's headers hold what happened beside the original ones, whatever those were called."""

import json
from datetime import UTC, datetime

import msgspec
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from monitor.messages import Box, DeadLetter, Deletion, Detection, ImageMention, encode
from monitor.storage.records import DeletionResult, ImageResult, PictureRef, RecordPosition
from monitor.stream.announcements import (
    ERROR_CODE,
    FAILED_AT,
    SOURCE_TOPIC,
    VALUE_BYTES,
    deleted,
    envelope,
    finding,
    opened,
)

NAMES = st.sampled_from(["content-type", "trace", ERROR_CODE, SOURCE_TOPIC, FAILED_AT, VALUE_BYTES])
LETTER = DeadLetter(
    key=b"k",
    value=b"v",
    headers=(),
    error_code="json-invalid",
    error_detail="why",
    source_topic="mentions.text",
    source_partition=3,
    source_offset=17,
    failed_at=datetime(2026, 3, 1, tzinfo=UTC),
)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=8)), max_size=6), st.text(max_size=50))
def test_original_headers_survive_the_envelope(headers: list[tuple[str, bytes]], detail: str) -> None:
    letter = msgspec.structs.replace(LETTER, headers=tuple(headers), error_detail=detail)
    said, original = opened(envelope(letter))
    assert original == letter.headers
    assert VALUE_BYTES not in said
    assert said[ERROR_CODE] == "json-invalid"
    assert said[SOURCE_TOPIC] == "mentions.text"
    assert datetime.fromisoformat(said[FAILED_AT]) == letter.failed_at
    assert said["error-detail"] == detail.encode("utf-8", "replace").decode()


@given(
    st.lists(st.tuples(st.text(st.characters(), max_size=8), st.none() | st.binary(max_size=8)), max_size=6)
)
def test_any_header_can_be_sent(headers: list[tuple[str, bytes | None]]) -> None:
    sent = envelope(msgspec.structs.replace(LETTER, headers=tuple(headers)))
    assert DefaultRecordBatchBuilder.estimate_size_in_bytes(b"k", b"v", sent) > 0
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=2**16,
    )
    assert builder.append(0, 0, b"k", b"v", sent) is not None
    (record,) = DefaultRecordBatch(bytes(builder.build()))
    said, original = opened(record.headers)
    assert said[ERROR_CODE] == LETTER.error_code
    assert VALUE_BYTES not in said
    assert [value for _, value in original] == [value or b"" for _, value in headers]
    for (name, _), (asked, _) in zip(original, headers, strict=True):
        assert name == asked or "\\ud" in name


def test_a_finding_says_by_what_a_brand_was_found() -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    found = Detection(
        brand="VMware", score=0.9, box=Box(0, 0, 1, 1), evidence="letters", letters=0.97, line="by vmware"
    )
    result = ImageResult(
        position=RecordPosition(topic="mentions.image", partition=0, offset=0, timestamp=moment),
        mention=ImageMention(id="1", source="s", image=b"", published_at=moment),
        picture=PictureRef(
            sha256="0" * 64, media_type="image/png", width=1, height=1, n_bytes=1, url="file:///x"
        ),
        detections=(found,),
        model_version="logos@1+words-1",
    )
    (told,) = json.loads(encode(finding(result)))["detections"]
    assert told == {
        "brand": "VMware",
        "score": 0.9,
        "box": {"x": 0.0, "y": 0.0, "width": 1.0, "height": 1.0},
        "evidence": "letters",
        "look": None,
        "letters": 0.97,
        "line": "by vmware",
    }


def test_a_deletion_is_told_on_as_such() -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    result = DeletionResult(
        position=RecordPosition(topic="mentions.image", partition=0, offset=0, timestamp=moment),
        kind="image",
        deletion=Deletion(id="1", source="s", deleted_at=moment),
    )
    assert json.loads(encode(deleted(result))) == {
        "kind": "image",
        "id": "1",
        "source": "s",
        "deleted_at": "2026-03-01T00:00:00Z",
    }
