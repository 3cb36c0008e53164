"""Positions only ever move forward, without a gap, and only within one assignment."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.stream.ledger import GapError, Ledger
from monitor.stream.records import Partition, Stretch

A, B = Partition("mentions.text", 0), Partition("mentions.text", 1)


def stretch(partition: Partition, start: int, end: int, generation: int = 1) -> Stretch:
    return Stretch(partition=partition, start=start, end=end, records=(), size=0, generation=generation)


@pytest.fixture
def ledger() -> Ledger:
    made = Ledger()
    made.assigned(1)
    made.begin({A: 2, B: 0})
    return made


def test_nothing_is_committable_before_something_is_stored(ledger: Ledger) -> None:
    assert ledger.committable(A) is None
    ledger.stored([stretch(A, 2, 5)])
    assert (ledger.committable(A), ledger.committable(B)) == (5, None)


def test_a_start_that_the_group_does_not_know_is_committable(ledger: Ledger) -> None:
    ledger.assigned(2)
    ledger.begin({A: 2, B: 7}, untold={B})
    assert (ledger.committable(A), ledger.committable(B)) == (None, 7)
    assert ledger.partitions() == [B]


def test_a_new_assignment_starts_from_nothing(ledger: Ledger) -> None:
    ledger.stored([stretch(A, 2, 5)])
    ledger.assigned(2)
    assert ledger.partitions() == []
    ledger.stored([stretch(A, 5, 9)])
    assert ledger.committable(A) is None, "a batch of the old assignment came in late"


def test_a_gap_is_never_committed_over(ledger: Ledger) -> None:
    ledger.stored([stretch(A, 2, 5)])
    with pytest.raises(GapError, match="up to offset 5, and now from 6 on"):
        ledger.stored([stretch(A, 6, 9)])
    assert ledger.committable(A) == 5


def test_what_left_the_log_is_no_gap(ledger: Ledger) -> None:
    ledger.begin({A: 7})  # found to have expired while 2 to 4 were still under way
    ledger.stored([stretch(A, 2, 5), stretch(A, 7, 9)])
    assert ledger.committable(A) == 9


def test_a_log_that_drops_records_twice_before_the_first_are_stored_is_no_gap(ledger: Ledger) -> None:
    ledger.begin({A: 7})
    ledger.begin({A: 20})
    ledger.stored([stretch(A, 2, 5), stretch(A, 7, 9), stretch(A, 20, 21)])
    assert ledger.committable(A) == 21


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.integers(1, 9)), max_size=30))
def test_a_position_is_the_end_of_what_was_stored(steps: list[tuple[Partition, int]]) -> None:
    ledger = Ledger()
    ledger.assigned(1)
    ledger.begin({A: 0, B: 0})
    ends = {A: 0, B: 0}
    for partition, length in steps:
        one: Any = stretch(partition, ends[partition], ends[partition] + length)
        ledger.stored([one, replace(one, generation=0, start=99)])
        ends[partition] = one.end
    for partition, end in ends.items():
        assert ledger.committable(partition) == (end or None)
