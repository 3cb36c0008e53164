"""Positions only ever move forward, and only within one assignment."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.stream.ledger import Ledger, Partition

A, B = Partition("mentions.text", 0), Partition("mentions.text", 1)


def test_nothing_is_committable_before_something_is_stored() -> None:
    ledger = Ledger()
    ledger.assigned(1)
    assert ledger.committable(A) is None
    ledger.stored([(A, 5)], 1)
    assert (ledger.committable(A), ledger.committable(B)) == (5, None)


def test_a_new_assignment_starts_from_nothing() -> None:
    ledger = Ledger()
    ledger.assigned(1)
    ledger.stored([(A, 5)], 1)
    ledger.assigned(2)
    assert ledger.partitions() == []
    ledger.stored([(A, 9)], 1)
    assert ledger.committable(A) is None, "a batch of the old assignment came in late"


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.integers(1, 100)), max_size=30))
def test_a_position_is_the_highest_end_stored(ends: list[tuple[Partition, int]]) -> None:
    ledger = Ledger()
    ledger.assigned(1)
    for end in ends:
        ledger.stored([end], 1)
    for partition in (A, B):
        stored = [end for where, end in ends if where == partition]
        assert ledger.committable(partition) == (max(stored) if stored else None)
