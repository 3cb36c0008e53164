"""EXIF: which way up, and when taken, from any bytes."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.pictures import Exif
from tests.pictures.writing import OFFSET, TAKEN, exif_block

WHOLE = exif_block({0x0112: 6}, {TAKEN: "2026:03:01 09:30:00", OFFSET: "+01:00"})


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"], ids=["bare", "with a prefix"])
def test_both_byte_orders(order: str, prefix: bytes) -> None:
    exif = Exif(prefix + exif_block({0x0112: 6}, {TAKEN: "2026:03:01 09:30:00", OFFSET: "+01:00"}, order))
    assert exif.orientation == 6
    assert exif.taken == datetime(2026, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=1)))


def test_nothing_is_said() -> None:
    for data in (b"", exif_block({}), b"MM\0*", exif_block({0x0112: 9}), exif_block({0x0112: "6"})):
        assert (Exif(data).orientation, Exif(data).taken) == (1, None)


@pytest.mark.parametrize(
    ("camera", "taken"),
    [
        ({TAKEN: "2026:03:01 09:30:00"}, datetime(2026, 3, 1, 9, 30)),
        ({TAKEN: "2026:03:01 09:30:00", OFFSET: "   :  "}, datetime(2026, 3, 1, 9, 30)),
        ({TAKEN: "0000:00:00 00:00:00"}, None),
        ({TAKEN: "    :  :     :  :  "}, None),
        ({TAKEN: "yesterday"}, None),
        ({OFFSET: "+01:00"}, None),
        ({TAKEN: 5}, None),
    ],
)
def test_a_moment_with_or_without_a_zone(camera: dict[int, int | str], taken: datetime | None) -> None:
    assert Exif(exif_block({}, camera)).taken == taken


@given(st.binary(max_size=200), st.integers(0, len(WHOLE)), st.booleans())
def test_any_bytes_are_read(data: bytes, at: int, cut: bool) -> None:
    exif = Exif(WHOLE[:at] + data + (b"" if cut else WHOLE[at + len(data) :]))
    assert 1 <= exif.orientation <= 8
    assert exif.taken is None or exif.taken.year > 0
