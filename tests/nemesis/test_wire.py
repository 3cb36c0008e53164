"""Batches written by hand and read by hand, against aiokafka's own and against each other."""

import pytest
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from tests.nemesis import wire

STRANGE = wire.Bare(b"k", b"v" * 300, ((b"\xff\xfe", b"x"), (b"none", None)))


@pytest.mark.parametrize("codec", wire.CODECS)
def test_a_batch_comes_back_as_it_went(codec: str) -> None:
    data = wire.batch([STRANGE, wire.Bare(None, None), wire.Bare(b"", b"")], 1234, codec)
    (found,) = wire.batches(data)
    assert found.records is not None
    assert [(one.key, one.value, one.headers) for one in found.records] == [
        (b"k", b"v" * 300, STRANGE.headers),
        (None, None, ()),
        (b"", b"", ()),
    ]
    assert (found.first, found.last, found.control, found.transactional) == (0, 2, False, False)
    assert {one.timestamp for one in found.records} == {1234}


@pytest.mark.parametrize("codec", wire.CODECS)
def test_aiokafka_reads_what_we_write(codec: str) -> None:
    data = wire.batch([wire.Bare(b"k", b"v", ((b"name", b"x"),))], 1234, codec)
    (record,) = DefaultRecordBatch(bytes(data))
    assert (record.key, record.value, record.timestamp, record.headers) == (
        b"k",
        b"v",
        1234,
        [("name", b"x")],
    )


@pytest.mark.parametrize("codec", range(5))
def test_we_read_what_aiokafka_writes(codec: int) -> None:
    builder = DefaultRecordBatchBuilder(2, codec, True, 77, 1, 0, 10**6)
    for number in range(50):
        builder.append(number, 1000 + number, b"k%d" % number, b"v" * number, [("name", b"x")])
    (found,) = wire.batches(bytes(builder.build()))
    assert found.records is not None
    assert [one.value for one in found.records] == [b"v" * number for number in range(50)]
    assert [one.offset for one in found.records] == list(range(50))
    assert (found.producer, found.transactional) == (77, True)


@pytest.mark.parametrize("codec", wire.CODECS[1:])
def test_a_bomb_is_not_unpacked(codec: str) -> None:
    data = wire.batch([wire.Bare(b"bomb", bytes(wire.MOST_UNPACKED + 1))], 0, codec)
    (found,) = wire.batches(data)
    assert found.records is None
    assert "more than" in found.why


def test_a_batch_that_ends_early_is_left_for_the_next_fetch() -> None:
    data = wire.batch([STRANGE], 0)
    assert [one.first for one in wire.batches(data + data[:-1])] == [0]
