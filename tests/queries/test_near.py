"""NEAR's stretches, against all pairs tried one by one."""

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.queries.near import Stretch, near, shortest

_stretches = st.lists(
    st.tuples(st.integers(0, 25), st.integers(0, 4)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    max_size=8,
)


def _all_pairs(
    left: list[Stretch], right: list[Stretch], between: int, *, ordered: bool, apart: bool
) -> set[Stretch]:
    found = set()
    for one in left:
        for two in right:
            follows = one[1] < two[0] <= one[1] + between + 1
            precedes = two[1] < one[0] <= two[1] + between + 1
            shares = one[0] <= two[1] and two[0] <= one[1]
            if follows or (not ordered and (precedes or (shares and not apart))):
                found.add((min(one[0], two[0]), max(one[1], two[1])))
    kept = set()
    for first, last in found:
        if last == min(end for start, end in found if start == first):
            kept.add((first, last))
        if first == max(start for start, end in found if end == last):
            kept.add((first, last))
    return kept


@settings(max_examples=500)
@given(_stretches, _stretches, st.integers(0, 6), st.booleans(), st.booleans())
def test_the_stretches_are_those_of_all_pairs(
    left: list[Stretch], right: list[Stretch], between: int, ordered: bool, apart: bool
) -> None:
    expected = _all_pairs(left, right, between, ordered=ordered, apart=apart)
    assert near(left, right, between, ordered=ordered, apart=apart) == sorted(expected)


@given(_stretches)
def test_there_are_never_more_stretches_than_words_twice(stretches: list[Stretch]) -> None:
    kept = shortest(stretches)
    assert kept == sorted(set(kept))
    assert set(kept) <= set(stretches)
    assert {first for first, _ in kept} == {first for first, _ in stretches}
    assert {last for _, last in kept} == {last for _, last in stretches}
    assert len(kept) <= 2 * len({first for first, _ in stretches} | {last for _, last in stretches})


def test_many_places_cost_little_more_than_their_number() -> None:
    left = [(at, at) for at in range(0, 100_000, 2)]
    right = [(at, at) for at in range(1, 100_000, 2)]
    began = time.process_time()
    found = near(left, right, 100, ordered=False, apart=True)
    assert time.process_time() - began < 5
    assert len(found) == 99_999
