"""Dates and numbers as exports write them: one reading, or a refusal that says what to do."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import DataError, ErrorCode, SetupError
from monitor.files.dates import OrderOfColumn, parse_moment, zone_named
from monitor.files.numbers import parse_count

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 28, 14, 5, tzinfo=BERLIN)


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-28T14:05:00+01:00",
        "2026-11-28T13:05:00Z",
        "2026-11-28 13:05:00 UTC",
        "2026-11-28 13:05:00 +0000",
        "20261128T140500",
        "28.11.2026 14:05",
        "28.11.2026, 14:05 Uhr",
        "11/28/2026 2:05 PM",
        "11/28/2026 02:05:00 p.m.",
        "28-Nov-2026 02:05PM",
        "Saturday, November 28th, 2026 at 2:05 PM",
        "Sat, 28 Nov 2026 14:05:00 +0100",
        "Sat Nov 28 13:05:00 +0000 2026",
        "Sat Nov 28 2026 14:05:00 GMT+0100 (Central European Standard Time)",
        "Nov 28, 2026 8:05 AM EST",
        "28. November 2026 14:05",
        "28 novembre 2026 à 14:05",
        "2026/11/28 14:05",
        "11/28/26 14:05",
        "46354.5868055556",
        46354.58680555556,
        1795871100,
        "1795871100",
        1795871100000,
        "1795871100000",
        1795871100.0,
        datetime(2026, 11, 28, 14, 5),
        datetime(2026, 11, 28, 13, 5, tzinfo=UTC),
    ],
)
def test_moments_in_every_spelling(value: Any) -> None:
    assert parse_moment(value, "Date", zone=BERLIN) == NOON


@pytest.mark.parametrize("value", ["28.11.2026", "11/28/2026", "2026-11-28", "46354", date(2026, 11, 28)])
def test_a_day_begins_at_midnight_of_its_zone(value: Any) -> None:
    assert parse_moment(value, "Date", zone=BERLIN) == datetime(2026, 11, 28, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("order", "meant"), [("dmy", date(2026, 4, 3)), ("mdy", date(2026, 3, 4)), (None, None)]
)
def test_day_and_month_are_never_guessed(order: Any, meant: date | None) -> None:
    if meant is not None:
        assert parse_moment("03/04/2026", "Date", order=order, zone=UTC).date() == meant
        return
    with pytest.raises(DataError) as refused:
        parse_moment("03/04/2026", "Date", zone=UTC)
    assert refused.value.code is ErrorCode.FIELD_INVALID
    for said in ("`Date`", "03/04/2026", "3 April 2026 or 4 March 2026", "--date-order dmy|mdy"):
        assert said in refused.value.detail


def test_three_numbers_of_two_digits_may_be_three_dates() -> None:
    with pytest.raises(DataError, match="1 February 2003 or 2 January 2003 or 3 February 2001"):
        parse_moment("01/02/03", "Date", zone=UTC)


def test_points_begin_with_the_day_unless_somebody_says_otherwise() -> None:
    assert parse_moment("03.04.2026", "Date", zone=UTC).month == 4
    assert parse_moment("03.04.2026", "Date", order="mdy", zone=UTC).month == 3


def test_a_date_against_the_order_is_refused() -> None:
    with pytest.raises(DataError, match="no date with the month first"):
        parse_moment("28/11/2026", "Date", order="mdy", zone=UTC)


def test_a_date_without_a_zone_is_refused_with_value_and_remedy() -> None:
    with pytest.raises(DataError) as refused:
        parse_moment("28.11.2026 14:05", "Date")
    assert refused.value.code is ErrorCode.DATE_WITHOUT_ZONE
    assert "28.11.2026 14:05" in refused.value.detail
    assert "--zone" in refused.value.detail


@pytest.mark.parametrize(
    "value",
    ["yesterday", "31/02/2026", "2026-13-01", "12:30", "25:00 28.11.2026", "", 7, True, "9" * 400, []],
)
def test_what_is_no_date_is_refused(value: Any) -> None:
    with pytest.raises(DataError, match="field-invalid: `Date` is "):
        parse_moment(value, "Date", zone=UTC)


@given(st.text(max_size=30) | st.floats() | st.integers())
def test_anything_is_a_moment_or_refused(value: Any) -> None:
    with suppress(DataError):
        assert parse_moment(value, "Date", zone=UTC).tzinfo is not None


@given(
    st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2099, 1, 1)).map(
        lambda moment: moment.replace(microsecond=0)
    ),
    st.sampled_from(
        [
            "%Y-%m-%d %H:%M:%S",
            "%d.%m.%Y %H:%M:%S",
            "%d %b %Y %I:%M:%S %p",
            "%B %d, %Y %H:%M:%S",
            "%d-%b-%Y %H:%M:%S",
        ]
    ),
    st.integers(-14, 14),
)
def test_what_is_written_is_read(moment: datetime, form: str, hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    assert parse_moment(moment.strftime(form), "Date", zone=zone) == moment.replace(tzinfo=zone)
    told = moment.strftime(form) + f" {'-' if hours < 0 else '+'}{abs(hours):02}:00"
    assert parse_moment(told, "Date") == moment.replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("dates", "order", "example"),
    [
        (["03/04/2026", "05/06/2026", "28/11/2026"], "dmy", "03/04/2026"),
        (["03/04/2026", "11/28/2026"], "mdy", "03/04/2026"),
        (["03/04/2026", "05/06/2026"], None, "03/04/2026"),
        (["03/04/2026", "28/11/2026", "11/28/2026"], None, "03/04/2026"),
        (["2026-03-04", "nonsense", ""], None, None),
        (["03.04.2026"], "dmy", None),
    ],
)
def test_the_whole_column_decides(dates: list[str], order: str | None, example: str | None) -> None:
    column = OrderOfColumn()
    for value in dates:
        column.seen(value)
    assert (column.order, column.example) == (order, example)


def test_a_zone_that_there_is_not_is_named() -> None:
    with pytest.raises(SetupError, match="'Europe/Atlantis' is no time zone"):
        zone_named("Europe/Atlantis")


@pytest.mark.parametrize(
    ("value", "count"),
    [
        ("1,234", 1234),
        ("1.234", 1234),
        ("1'234'567", 1234567),
        ("1\u202f234", 1234),
        ("12 345", 12345),
        ("1,23,456", 123456),
        ("1,234.00", 1234),
        ("1.234,00", 1234),
        ("12.0", 12),
        ("1.2K", 1200),
        ("1,2k", 1200),
        ("3M", 3_000_000),
        ("2.5 Mio.", 2_500_000),
        ("0", 0),
        (5.0, 5),
        (7, 7),
        ("n/a", None),
        ("-", None),
        (float("nan"), None),
    ],
)
def test_numbers_in_every_spelling(value: Any, count: int | None) -> None:
    assert parse_count(value, "Reach") == count


@pytest.mark.parametrize("value", ["lots", "12.5", "1.23456", 5.5, True, "1,2,3", "-5", "1e5", "9" * 100])
def test_what_is_no_whole_number_is_refused_with_value_and_remedy(value: Any) -> None:
    with pytest.raises(DataError, match=r"field-invalid: `Reach` is .*not a whole number; write 1234"):
        parse_count(value, "Reach")
