"""What lies in the log costs its own record and never the stream."""

import struct
import zlib
from collections.abc import Sequence

import cramjam
import pytest
from aiokafka.codec import gzip_encode
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ErrorCode
from monitor.stream import codecs
from monitor.stream.wire import Entry, Fetch
from tests.stream.batches import ENCODERS, batch, marker, record

LIMIT = 2**20


def read(
    data: bytes, position: int = 0, aborted: Sequence[tuple[int, int]] = (), limit: int = LIMIT
) -> tuple[list[Entry], int]:
    """Everything in a fetch, and the position behind it."""
    fetch = Fetch(data, list(aborted), position, limit)
    entries: list[Entry] = []
    while not fetch.exhausted:
        entries += fetch.take(3, 2**20)
    return entries, fetch.next_fetch_offset


def codes(entries: Sequence[Entry]) -> list[tuple[int, str | None]]:
    return [(one.offset, one.fault and one.fault.code.value) for one in entries]


@pytest.mark.parametrize("codec", list(ENCODERS))
def test_every_codec_of_kafka_is_read(codec: int) -> None:
    headers = [(b"content-type", b"application/json"), (b"empty", None)]
    data = batch(7, [record(0, b"a" * 5000, b"k", headers), record(1, None)], codec=codec)
    entries, position = read(data, 7)
    assert entries == [
        Entry(
            7, 1_772_357_400_000, b"k", b"a" * 5000, (("content-type", b"application/json"), ("empty", None))
        ),
        Entry(8, 1_772_357_400_000, None, None, ()),
    ]
    assert position == 9


@pytest.mark.parametrize("codec", [1, 2, 3, 4])
def test_a_batch_that_unpacks_beyond_the_limit_is_one_letter_with_its_bytes(codec: int) -> None:
    bomb = batch(3, [record(n, b"0" * LIMIT) for n in range(5)], codec=codec)
    entries, position = read(bomb + batch(8, [record(0, b"next")]), 3)
    assert codes(entries) == [(3, "batch-unreadable"), (8, None)]
    assert entries[0].value == bomb
    assert "offsets 3 to 7: unpacks to more than 1,048,576 bytes" in str(entries[0].fault)
    assert position == 9


@pytest.mark.parametrize("codec", [1, 2, 3, 4, 5])
def test_what_does_not_unpack_is_one_letter(codec: int) -> None:
    entries, position = read(batch(3, [b"", b""], codec=codec, payload=b"\x1f\x8bnothing of the kind"), 3)
    assert codes(entries) == [(3, "batch-unreadable")]
    assert position == 5


def test_a_checksum_that_does_not_fit_is_one_letter() -> None:
    data = bytearray(batch(3, [record(0, b"value")]))
    data[-3] ^= 1
    entries, position = read(bytes(data), 3)
    assert (codes(entries), position) == ([(3, "batch-unreadable")], 4)


@pytest.mark.parametrize("codec", [0, 4])
def test_a_header_name_that_is_not_utf8_costs_nothing(codec: int) -> None:
    named = record(1, b"two", headers=[(b"\xff\xfe", b"x"), (b"content-type", b"application/json")])
    entries, _ = read(batch(0, [record(0, b"one"), named, record(2, b"three")], codec=codec))
    assert [one.value for one in entries] == [b"one", b"two", b"three"]
    assert entries[1].headers == (("\\xff\\xfe", b"x"), ("content-type", b"application/json"))
    assert codes(entries) == [(0, None), (1, None), (2, None)]


def test_a_broken_record_costs_itself() -> None:
    broken = b"\x0c" + b"\x00\x00\x02\x7f\x7f\x7f"  # six bytes; a key longer than they are
    entries, position = read(batch(0, [record(0, b"one"), broken, record(2, b"three")]))
    assert codes(entries) == [(0, None), (1, "record-unreadable"), (2, None)]
    assert entries[1].value == broken[1:]
    assert position == 3


def test_a_length_that_leads_nowhere_costs_what_is_behind_it() -> None:
    entries, position = read(batch(0, [record(0, b"one"), b"\xfe\xff\x7f", record(2, b"lost")]))
    assert codes(entries) == [(0, None), (1, "record-unreadable")]
    assert "offsets 1 to 2" in str(entries[1].fault)
    assert position == 3


def test_aborted_transactions_and_markers_are_skipped_and_still_move_the_position() -> None:
    data = (
        batch(0, [record(0, b"aborted")], attributes=0x10, producer=7)
        + batch(1, [record(0, b"other")], attributes=0x10, producer=8)
        + marker(2, 7, commit=False)
        + marker(3, 8, commit=True)
        + batch(4, [record(0, b"again")], attributes=0x10, producer=7)
        + marker(5, 7, commit=True)
    )
    entries, position = read(data, aborted=[(7, 0)])
    assert [(one.offset, one.value) for one in entries] == [(1, b"other"), (4, b"again")]
    assert position == 6


def test_only_markers_move_the_position_too() -> None:
    fetch = Fetch(marker(4, 7, commit=True), [], 4, LIMIT)
    assert (fetch.take(10, 10), fetch.next_fetch_offset, fetch.exhausted) == ([], 5, True)


def test_what_compaction_removed_is_skipped() -> None:
    data = batch(10, [record(2, b"kept"), record(5, b"too")], last_delta=9)
    entries, position = read(data, 10)
    assert [one.offset for one in entries] == [12, 15]
    assert position == 20


def test_a_fetch_begins_inside_a_batch_and_ends_inside_another() -> None:
    whole = batch(0, [record(n, b"v%d" % n) for n in range(5)])
    entries, position = read(whole + batch(5, [record(0, b"cut")])[:-2], 3)
    assert ([one.offset for one in entries], position) == ([3, 4], 5)


def test_an_unreadable_batch_met_half_way_is_still_told() -> None:
    entries, position = read(batch(0, [b"", b"", b""], codec=1, payload=b"no"), 2)
    assert (codes(entries), position) == ([(2, "batch-unreadable")], 3)


def test_unreadable_records_before_the_position_are_not_told_again() -> None:
    data = batch(5, [b""] * 4, payload=b"\0" * 8) + batch(9, [record(0, b"next")])
    entries, position = read(data, 6)
    assert (codes(entries), position) == ([(n, "record-unreadable") for n in (6, 7, 8)] + [(9, None)], 10)


@pytest.mark.parametrize(
    ("codec", "piece"), [(1, gzip_encode(b"")), (2, b"\0\0\0\3\x01\x00a")], ids=["gzip", "snappy"]
)
def test_a_million_pieces_of_nothing_are_one_letter(codec: int, piece: bytes) -> None:
    start = b"\x82SNAPPY\0" + b"\0" * 8 if codec == 2 else b""
    entries, _ = read(batch(0, [b""], codec=codec, payload=start + piece * 20_000))
    assert codes(entries) == [(0, "batch-unreadable")]


def test_a_bomb_in_an_old_format_is_one_letter() -> None:
    bomb = old_message(1, gzip_encode(old_message(0, b"0" * 2 * LIMIT)), attributes=1)
    entries, position = read(bomb, 0)
    assert (codes(entries), position) == ([(1, "batch-unreadable")], 2)


def test_a_message_of_an_old_format_holds_those_before_its_offset() -> None:
    held = gzip_encode(old_message(0, b"a") + old_message(1, b"b"))
    data = old_message(6, held, attributes=1) + old_message(7, b"c")
    assert codes(read(data, 0)[0]) == [(5, None), (6, None), (7, None)]
    assert codes(read(data, 6)[0]) == [(6, None), (7, None)]


def old_message(offset: int, value: bytes, attributes: int = 0) -> bytes:
    """A message of format 1 without a key, as Kafka wrote until 0.11."""
    body = struct.pack(">bbqii", 1, attributes, 1_772_357_400_000, -1, len(value)) + value
    body = struct.pack(">I", zlib.crc32(body)) + body
    return struct.pack(">qi", offset, len(body)) + body


def test_slices_bound_what_is_held() -> None:
    fetch = Fetch(batch(0, [record(n, b"x" * 100) for n in range(10)]), [], 0, LIMIT)
    assert [one.offset for one in fetch.take(4, 10_000)] == [0, 1, 2, 3]
    assert [one.offset for one in fetch.take(10, 250)] == [4, 5, 6], "by bytes: the third goes over"
    assert fetch.next_fetch_offset == 7
    assert not fetch.exhausted


@given(
    codec=st.sampled_from(list(ENCODERS)),
    values=st.lists(st.binary(max_size=40), min_size=1, max_size=6),
    cuts=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=5),
    end=st.integers(0, 10_000),
    fit=st.booleans(),
)
def test_no_bytes_raise_or_stand_still(
    codec: int, values: list[bytes], cuts: list[tuple[int, int]], end: int, fit: bool
) -> None:
    data = bytearray(batch(5, [record(n, value) for n, value in enumerate(values)], codec=codec))
    for place, byte in cuts:
        data[place % len(data)] = byte
    if fit:
        data = bytearray(batch(5, [bytes(data[61:])] * len(values), payload=bytes(data[61:]), codec=codec))
    entries, position = read(bytes(data[: max(62, end % (len(data) + 1))]), 5)
    offsets = [one.offset for one in entries]
    assert offsets == sorted(set(offsets))
    assert all(5 <= offset < position for offset in offsets)
    assert {one.fault.code for one in entries if one.fault} <= {
        ErrorCode.BATCH_UNREADABLE,
        ErrorCode.RECORD_UNREADABLE,
    }


@pytest.mark.parametrize("codec", [1, 2, 3, 4])
@given(data=st.binary(max_size=5000))
def test_unpacking_is_the_reverse_of_packing(codec: int, data: bytes) -> None:
    assert codecs.unpack(codec, ENCODERS[codec](data), 5000) == data


def test_gzip_in_several_members_and_snappy_in_one_block_are_read() -> None:
    twice = b"".join(zlib.compress(part, wbits=31) for part in (b"one", b"two"))
    assert codecs.unpack(codecs.GZIP, twice, 6) == b"onetwo"
    with pytest.raises(codecs.TooLargeError):
        codecs.unpack(codecs.GZIP, twice, 5)
    assert codecs.unpack(codecs.SNAPPY, bytes(cramjam.snappy.compress_raw(b"raw")), 3) == b"raw"
