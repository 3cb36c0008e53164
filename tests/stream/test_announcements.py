"""A dead letter's headers hold what happened beside the original ones, whatever those were called."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from monitor.messages import Box, DeadLetter, ImageMention, WrittenBrand, encode
from monitor.storage.records import ImageResult, PictureRef, RecordPosition
from monitor.stream.announcements import ERROR_CODE, FAILED_AT, SOURCE_TOPIC, envelope, finding, opened

NAMES = st.sampled_from(["content-type", "trace", ERROR_CODE, SOURCE_TOPIC, FAILED_AT])


@given(st.lists(st.tuples(NAMES, st.binary(max_size=8)), max_size=6), st.text(max_size=50))
def test_original_headers_survive_the_envelope(headers: list[tuple[str, bytes]], detail: str) -> None:
    letter = DeadLetter(
        key=b"k",
        value=b"v",
        headers=tuple(headers),
        error_code="json-invalid",
        error_detail=detail,
        source_topic="mentions.text",
        source_partition=3,
        source_offset=17,
        failed_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    said, original = opened(envelope(letter))
    assert original == letter.headers
    assert said[ERROR_CODE] == "json-invalid"
    assert said[SOURCE_TOPIC] == "mentions.text"
    assert datetime.fromisoformat(said[FAILED_AT]) == letter.failed_at
    assert said["error-detail"] == detail.encode("utf-8", "replace").decode()


def test_a_finding_has_the_brands_written_in_the_picture() -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    name = WrittenBrand(brand="VMware", matched="vmware", line="by vmware", score=0.9, box=Box(0, 0, 1, 1))

    def announced(*written: WrittenBrand) -> bytes:
        result = ImageResult(
            position=RecordPosition(topic="mentions.image", partition=0, offset=0, timestamp=moment),
            mention=ImageMention(id="1", source="s", image=b"", published_at=moment),
            picture=PictureRef(
                sha256="0" * 64, media_type="image/png", width=1, height=1, n_bytes=1, url="file:///x"
            ),
            detections=(),
            model_version="logos@1+words-1",
            written=written,
        )
        return encode(finding(result))

    assert b'"written":[{"brand":"VMware","matched":"vmware","line":"by vmware","score":0.9' in announced(
        name
    )
    assert b"written" not in announced()
