"""Publishing: what files become, what is refused with its line, and that twice is the same as once."""

import asyncio
import base64
import io
import json
import os
import subprocess
import time
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ErrorCode, OutageError, SetupError
from monitor.files.interface import LeftOut
from monitor.files.pictures import read_images
from monitor.files.reading import read_texts
from monitor.messages import MSGPACK, ImageMention, TextMention, decode_deletion, decode_image, decode_text
from monitor.publishing import Defaults, Outgoing, Refused, publish, read_raw_texts
from monitor.publishing.records import derived_id
from monitor.queries.fields import host_of
from monitor.settings import Settings, load_settings
from monitor.stream.topics import create_topics
from tests.pictures.writing import OFFSET, TAKEN, exif_block, with_exif
from tests.typed import typed

MARCH = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
DEFAULTS = Defaults(source="upload", published_at=MARCH)
EXAMPLES = Path(__file__).parents[1] / "examples"
PICTURES = Path(__file__).parents[1] / "samples" / "pictures"
ONE, TWO = ((PICTURES / name).read_bytes() for name in ("coffee.jpg", "vmware-hall.jpg"))


def texts(
    content: str | bytes, *, name: str = "", defaults: Defaults = DEFAULTS
) -> list[TextMention | tuple[str, ErrorCode]]:
    """What a stream called so becomes."""
    data = content.encode() if isinstance(content, str) else content
    return became(read_texts(io.BytesIO(data), defaults, max_chars=1_000, name=name))


def became(records: Iterable[Outgoing | Refused | LeftOut]) -> list[TextMention | tuple[str, ErrorCode]]:
    found: list[TextMention | tuple[str, ErrorCode]] = []
    for record in records:
        assert not isinstance(record, LeftOut)
        if isinstance(record, Refused):
            found.append((record.where, record.error.code))
        else:
            assert record.topic == "text"
            mention = decode_text(
                record.value, dict(record.headers)["content-type"].decode(), max_chars=1_000
            )
            assert record.key == mention.id.encode()
            found.append(mention)
    return found


def text_of(content: str | bytes, **arguments: object) -> TextMention:
    (mention,) = texts(content, **arguments)  # type: ignore[arg-type]
    assert isinstance(mention, TextMention)
    return mention


def test_a_line_with_a_text_alone_gets_the_rest_from_the_defaults() -> None:
    mention = text_of('{"text": "hello"}')
    assert (mention.source, mention.published_at) == ("upload", MARCH)
    assert mention.id == text_of('{"text": "hello"}').id


def test_what_the_line_says_wins_and_unknown_fields_do_not_matter() -> None:
    mention = text_of(
        '{"id":"7","source":"x","text":"a","published_at":"2026-01-01T00:00:00Z","reach":5,"likes":3}'
    )
    assert (mention.id, mention.source, mention.reach) == ("7", "x", 5)
    assert mention.published_at.month == 1


def test_null_is_the_same_as_absent() -> None:
    assert text_of('{"text":"a","id":null,"author":null}') == text_of('{"text":"a"}')


@pytest.mark.parametrize(
    "line",
    ['{"text":"b"}', '{"text":"a","source":"other"}', '{"text":"a","published_at":"2026-01-01T00:00:00Z"}'],
)
def test_derived_ids_differ_where_text_source_or_date_do(line: str) -> None:
    assert text_of(line).id != text_of('{"text":"a"}').id


def test_touching_a_file_does_not_make_new_mentions(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text('{"text":"a"}')
    defaults = Defaults(source="upload")
    ids, moments = set(), set()
    for moment in (1_000_000_000, 1_100_000_000):
        os.utime(path, (moment, moment))
        (mention,) = became(read_texts(path, defaults, max_chars=1_000))
        assert isinstance(mention, TextMention)
        ids.add(mention.id)
        moments.add(mention.published_at.timestamp())
    assert len(ids) == 1
    assert moments == {1_000_000_000, 1_100_000_000}


def test_standard_input_needs_dates_on_its_lines() -> None:
    assert texts('{"text":"a"}', defaults=Defaults(source="upload")) == [("line 1", ErrorCode.FIELD_MISSING)]


def test_bad_lines_are_refused_by_number_and_the_rest_goes_on() -> None:
    found = texts(
        b'\xef\xbb\xbf{"text":"first"}\n'
        b"\n"
        b"not json\n"
        b"[1]\n"
        b'{"id":"1"}\n'
        b'{"text":"a","published_at":"2026-01-01T00:00:00"}\n'
        b'{"text":" "}\n'
        b'{"text":"' + b"x" * 1_001 + b'"}\n'
        b'{"text":"\xff"}\n'
        b'{"text":5}\n'
        b'{"text":"a","source":""}\r\n'
        b'{"text":"last"}'
    )
    assert [mention.text for mention in found if isinstance(mention, TextMention)] == ["first", "a", "last"]
    assert [refused for refused in found if isinstance(refused, tuple)] == [
        ("line 3", ErrorCode.JSON_INVALID),
        ("line 4", ErrorCode.FIELD_INVALID),
        ("line 5", ErrorCode.FIELD_MISSING),
        ("line 6", ErrorCode.DATE_WITHOUT_ZONE),
        ("line 7", ErrorCode.TEXT_EMPTY),
        ("line 8", ErrorCode.TEXT_TOO_LONG),
        ("line 9", ErrorCode.JSON_INVALID),
        ("line 10", ErrorCode.FIELD_INVALID),
    ]


@given(lines=st.lists(st.binary(max_size=60).map(lambda line: line.replace(b"\n", b"")), max_size=5))
def test_any_lines_are_records_or_refusals(lines: list[bytes]) -> None:
    found = texts(b"\n".join([b'{"text": "first"}', *lines]))
    assert len(found) == 1 + sum(bool(line.strip()) for line in lines)


def test_fields_in_fields_in_fields_are_sent_or_refused() -> None:
    for depth in range(700, 1_010):  # somewhere there reading works and writing no more
        (found,) = texts('{"text": "a", "unknown": ' + '{"a":' * depth + "1" + "}" * depth + "}")
        assert isinstance(found, TextMention) or found[1] in (ErrorCode.JSON_INVALID, ErrorCode.FIELD_INVALID)


def test_a_number_beyond_64_bits_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(ONE)
    listed = tmp_path / "list.jsonl"
    listed.write_text('{"file": "a.png", "reach": ' + "9" * 25 + "}")
    (refused,) = read_images([listed], Defaults(source="s"))
    assert isinstance(refused, Refused)
    assert refused.error.code is ErrorCode.FIELD_INVALID


def test_raw_lines_are_sent_as_they_stand() -> None:
    records = list(read_raw_texts([b"nope\r\n", b"\n", b"\xff"], "text/csv"))
    assert [(record.where, record.key, record.value) for record in records] == [
        ("line 1", None, b"nope"),
        ("line 3", None, b"\xff"),
    ]
    assert records[0].headers == (("content-type", b"text/csv"),)


def test_pictures_are_told_apart_by_their_bytes(tmp_path: Path) -> None:
    for name, data in (("a.jpg", ONE), ("b.jpg", ONE), ("c.jpg", TWO)):
        (tmp_path / name).write_bytes(data)
    paths = [tmp_path / "a.jpg", tmp_path / "b.jpg", tmp_path / "c.jpg"]
    records = [record for record in read_images(paths, DEFAULTS) if isinstance(record, Outgoing)]
    mentions = [decode_image(record.value) for record in records]
    assert [mention.image for mention in mentions] == [ONE, ONE, TWO]
    assert mentions[0].id == mentions[1].id != mentions[2].id
    assert mentions[0].published_at == MARCH


def image_of(path: Path, defaults: Defaults) -> ImageMention:
    (sent,) = read_images([path], defaults)
    assert isinstance(sent, Outgoing), sent
    return decode_image(sent.value, MSGPACK)


def test_a_picture_keeps_its_name_and_replaces_no_other_of_that_name(tmp_path: Path) -> None:
    defaults = Defaults(source="upload", content_type=MSGPACK)
    for folder, data in (("monday", ONE), ("tuesday", TWO), ("copies", ONE)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "booth 1.jpg").write_bytes(data)
    monday, tuesday, copied = (
        image_of(tmp_path / folder / "booth 1.jpg", defaults) for folder in ("monday", "tuesday", "copies")
    )
    assert monday.url == f"file://{tmp_path}/monday/booth%201.jpg"
    assert tuesday.url == f"file://{tmp_path}/tuesday/booth%201.jpg"
    assert monday.id != tuesday.id
    assert copied.id == monday.id
    assert host_of(monday.url) is None, "a file is of no site"


@pytest.mark.parametrize(
    ("camera", "published"),
    [
        ({TAKEN: "2025:12:24 18:00:00", OFFSET: "-05:00"}, datetime(2025, 12, 24, 23, tzinfo=UTC)),
        ({TAKEN: "2025:12:24 18:00:00"}, datetime(2025, 12, 24, 9, tzinfo=UTC)),  # as in Tokyo
        ({TAKEN: "2026:03:01 10:00:00", OFFSET: "+00:00"}, datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ({TAKEN: "2062:12:24 18:00:00", OFFSET: "-05:00"}, MARCH),  # a clock that was wrong
        ({TAKEN: "0000:00:00 00:00:00"}, MARCH),
        ({TAKEN: "0001:01:01 00:00:00"}, MARCH),
        ({}, MARCH),
    ],
)
def test_a_picture_was_published_when_it_was_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, camera: dict[int, int | str], published: datetime
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        picture = tmp_path / "a.jpg"
        picture.write_bytes(with_exif(ONE, exif_block({}, camera)))
        os.utime(picture, (MARCH.timestamp(), MARCH.timestamp()))
        assert image_of(picture, Defaults(source="s", content_type=MSGPACK)).published_at == published
        said = Defaults(source="s", content_type=MSGPACK, published_at=MARCH)
        assert image_of(picture, said).published_at == MARCH
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (b"", ErrorCode.IMAGE_EMPTY, "0 bytes"),
        (ONE[:2000], ErrorCode.IMAGE_TRUNCATED, "send the whole file"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", ErrorCode.IMAGE_FORMAT_UNSUPPORTED, "are HEIC"),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", ErrorCode.IMAGE_FORMAT_UNSUPPORTED, "are AVIF"),
    ],
)
def test_what_is_no_whole_picture_is_refused(tmp_path: Path, data: bytes, code: ErrorCode, says: str) -> None:
    (tmp_path / "a.jpg").write_bytes(data)
    (refused,) = read_images([tmp_path / "a.jpg"], DEFAULTS)
    assert isinstance(refused, Refused)
    assert refused.error.code is code
    assert says in refused.error.detail


def test_a_picture_list_says_what_a_file_cannot(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(ONE)
    lines = [
        {
            "file": "a.jpg",
            "id": "post-1",
            "source": "web",
            "caption": "us",
            "published_at": "2026-01-01T00:00:00Z",
        },
        {"file": "a.jpg", "published_at": "yesterday"},
        {"file": "gone.jpg"},
        {"caption": "no file"},
    ]
    path = tmp_path / "list.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n[]\nnope\n")
    sent, *refused = read_images([path], Defaults(source="upload", content_type=MSGPACK))
    assert isinstance(sent, Outgoing)
    mention = decode_image(sent.value, MSGPACK)
    assert (mention.id, mention.source, mention.caption, mention.image) == ("post-1", "web", "us", ONE)
    assert [
        (one.where.partition(" line ")[2], one.error.code) for one in refused if isinstance(one, Refused)
    ] == [
        ("2", ErrorCode.FIELD_INVALID),
        ("3", ErrorCode.FILE_UNREADABLE),
        ("4", ErrorCode.FIELD_MISSING),
        ("6", ErrorCode.FIELD_INVALID),
        ("7", ErrorCode.JSON_INVALID),
    ]


@pytest.mark.parametrize("name", ["gone.jpg", "gone.jsonl", "a\x00b.jpg"])
def test_a_path_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    (refused,) = read_images([tmp_path / name], DEFAULTS)
    assert isinstance(refused, Refused)
    assert refused.error.code is ErrorCode.FILE_UNREADABLE


@given(
    st.lists(st.none() | st.text() | st.binary(), min_size=1, max_size=3),
    st.lists(st.none() | st.text() | st.binary(), min_size=1, max_size=3),
)
def test_derived_ids_tell_parts_apart(one: list[str | bytes | None], other: list[str | bytes | None]) -> None:
    def as_bytes(parts: list[str | bytes | None]) -> list[bytes | None]:
        return [part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part for part in parts]

    assert (derived_id(*as_bytes(one)) == derived_id(*as_bytes(other))) is (as_bytes(one) == as_bytes(other))


@pytest.fixture
def settings(broker: object) -> Settings:
    """Topics of this test's own on each broker."""
    settings = load_settings(
        kafka_url=broker.url,  # type: ignore[attr-defined]
        topic_prefix=f"t{uuid.uuid4().hex[:8]}",
        topic_partitions=2,
        max_message_bytes=4_096,
    )
    asyncio.run(create_topics(settings))
    return settings


async def records_of(settings: Settings, topic: str) -> list[tuple[bytes | None, bytes]]:
    """All keys and values on a topic, by partition and offset."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap_servers, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [
            TopicPartition(settings.topic(topic), number) for number in range(settings.topic_partitions)
        ]
        consumer.assign(partitions)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(partitions)
        found: list[tuple[bytes | None, bytes]] = []
        while sum(ends.values()) > len(found):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += [(record.key, record.value) for record in records]
        return found
    finally:
        await consumer.stop()


def test_everything_acknowledged_is_on_the_topic_and_too_large_is_refused(settings: Settings) -> None:
    def records() -> Iterator[Outgoing | Refused]:
        for number in range(2_500):  # more than are ever under way at once
            yield Outgoing(f"line {number}", "text", b"%d" % number, b'{"n": %d}' % number)
        yield Outgoing("line 2500", "text", b"big", os.urandom(8_000))

    heard = []
    outcome = asyncio.run(publish(settings, records(), heard.append))
    assert outcome.sent == 2_500
    assert [(refused.where, refused.error.code) for refused in outcome.refused] == [
        ("line 2500", ErrorCode.TEXT_TOO_LONG)
    ]
    assert len(heard) == 2_501
    found = asyncio.run(records_of(settings, "text"))
    assert sorted(int(key) for key, _ in found if key) == list(range(2_500))


def test_what_the_reader_raises_reaches_the_caller(settings: Settings) -> None:
    def records() -> Iterator[Outgoing]:
        yield Outgoing("line 1", "text", b"1", b"{}")
        raise SetupError("the disk went away")

    with pytest.raises(SetupError, match="the disk went away"):
        asyncio.run(publish(settings, records()))


def test_missing_topics_are_not_created_by_accident(settings: Settings) -> None:
    other = settings.model_copy(update={"topic_prefix": "nowhere"})
    with pytest.raises(SetupError, match=r"nowhere\.text.*brand-monitor topics create"):
        asyncio.run(publish(other, []))
    assert asyncio.run(publish(settings, [])).sent == 0


def test_no_broker_is_an_outage() -> None:
    with pytest.raises(OutageError, match=r"127\.0\.0\.1:1"):
        asyncio.run(publish(load_settings(kafka_url="kafka://127.0.0.1:1"), []))


def command(settings: Settings, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = {
        **os.environ,
        "MONITOR_KAFKA_URL": settings.kafka_url,
        "MONITOR_TOPIC_PREFIX": settings.topic_prefix,
        "MONITOR_MAX_MESSAGE_BYTES": str(settings.max_message_bytes),
    }
    return typed("publish", *words, environment=environment, input=stdin)


def test_the_commands_publish_from_files_and_standard_input(settings: Settings, tmp_path: Path) -> None:
    example = json.loads((EXAMPLES / "text-mention.json").read_bytes())
    lines = (json.dumps(example) + "\nnope\n").encode()
    for _ in range(2):
        done = command(settings, "texts", "-", stdin=lines)
        assert done.returncode == 1
        assert done.stdout == b""
        assert b"line 2: json-invalid" in done.stderr
        assert b"1 text published, 1 refused" in done.stderr
    found = asyncio.run(records_of(settings, "text"))
    assert {key for key, _ in found} == {example["id"].encode()}

    picture = tmp_path / "folder" / "a.PNG"
    picture.parent.mkdir()
    picture.write_bytes(base64.b64decode(json.loads((EXAMPLES / "image-mention.json").read_bytes())["image"]))
    (picture.parent / "notes.txt").write_text("no picture")
    done = command(
        settings, "images", str(picture.parent), "-", "--source", "web", stdin=f"{picture}\n".encode()
    )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, b"2 pictures published, 0 refused")
    ((one, value), (other, _)) = asyncio.run(records_of(settings, "image"))
    mention = decode_image(value, MSGPACK)
    assert one == other == mention.id.encode()
    assert (mention.source, mention.image) == ("web", picture.read_bytes())


def test_the_command_publishes_deletions(settings: Settings) -> None:
    done = command(settings, "deletions", "--id", "7", "--id", "8", "--source", "forum")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, b"2 deletions published, 0 refused")
    for topic in ("text", "image"):
        found = [decode_deletion(value) for _, value in asyncio.run(records_of(settings, topic))]
        assert {one.id for one in found if one is not None} == {"7", "8"}
    lines = (EXAMPLES / "deletion.json").read_bytes().replace(b"\n", b"")
    done = command(settings, "deletions", "-", "--kind", "text", stdin=lines)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, b"1 deletion published, 0 refused")
    done = command(settings, "deletions")
    assert (done.returncode, b"not both" in done.stderr) == (2, True)
