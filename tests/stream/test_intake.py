"""Batches are full, or as old as they may get."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.stream.intake import Intake


@pytest.fixture
def one(records: Any, stretches: Any) -> Any:
    return lambda offset: stretches(records(offset))


def offsets(batch: list[Any]) -> list[int]:
    return [record.position.offset for stretch in batch for record in stretch.records]


async def test_a_full_batch_does_not_wait(one: Any) -> None:
    intake = Intake(3, wait=60)
    for n in range(3):
        await intake.put(one(n))
    async with asyncio.timeout(1):
        assert offsets(await intake.batch()) == [0, 1, 2]


async def test_a_partial_batch_goes_after_the_wait(one: Any) -> None:
    intake = Intake(3, wait=0.05)
    await intake.put(one(0))
    started = asyncio.get_running_loop().time()
    assert len(await intake.batch()) == 1
    assert 0.04 < asyncio.get_running_loop().time() - started < 1


async def test_what_came_while_the_last_batch_was_scored_has_waited_already(one: Any) -> None:
    now = [0.0]
    intake = Intake(3, wait=60, clock=lambda: now[0])
    await intake.put(one(0))
    now[0] = 61.0
    async with asyncio.timeout(5):
        assert offsets(await intake.batch()) == [0]


async def test_records_keep_their_order_over_many_batches(one: Any) -> None:
    intake = Intake(4, wait=0.001)

    async def feed() -> None:
        for n in range(100):
            await intake.put(one(n))
            if n % 7 == 0:
                await asyncio.sleep(0.002)

    feeding = asyncio.create_task(feed())
    taken: list[int] = []
    while len(taken) < 100:
        taken += offsets(await intake.batch())
    await feeding
    assert taken == list(range(100))


async def test_a_long_stretch_is_cut_into_batches_without_a_gap(records: Any, stretches: Any) -> None:
    intake = Intake(2, wait=0.01)
    await intake.put(stretches(*(records(n) for n in (3, 5, 6, 9, 10)), start=2, end=15))
    batches = [await intake.batch() for _ in range(3)]
    assert [offsets(batch) for batch in batches] == [[3, 5], [6, 9], [10]]
    assert [(one.start, one.end) for batch in batches for one in batch] == [(2, 6), (6, 10), (10, 15)]


async def test_large_records_fill_a_batch_by_their_bytes(
    records: Any, stretches: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """64 records of 60 MB each, 4 MB on the wire, were 4 GB in every step."""
    monkeypatch.setattr("monitor.stream.intake.LARGEST_BATCH", 250)
    intake = Intake(64, wait=60)
    for n in range(3):
        await intake.put(stretches(records(n, value=b"x" * 100)))
    waiting = asyncio.create_task(intake.put(stretches(records(3, value=b"x" * 100))))
    async with asyncio.timeout(1):
        assert offsets(await intake.batch()) == [0, 1, 2]
        await waiting


@given(
    gaps=st.lists(st.integers(1, 4), min_size=1, max_size=20),
    before=st.integers(0, 3),
    behind=st.integers(0, 3),
    count=st.integers(1, 25),
)
def test_cutting_keeps_every_offset_and_record(
    records: Any, stretches: Any, gaps: list[int], before: int, behind: int, count: int
) -> None:
    places = [before + sum(gaps[:n]) for n in range(len(gaps))]
    whole = stretches(*(records(place) for place in places), start=0, end=places[-1] + 1 + behind)
    first, rest = whole.cut(count)
    pieces = [first] if rest is None else [first, rest]
    assert [one for piece in pieces for one in piece.records] == list(whole.records)
    assert len(first.records) == min(count, len(places))
    assert [pieces[0].start, *(piece.end for piece in pieces)] == sorted({0, first.end, whole.end})
    for piece in pieces:
        assert all(piece.start <= one.position.offset < piece.end for one in piece.records)


async def test_clearing_makes_room_for_who_waits(one: Any) -> None:
    intake = Intake(1, wait=0.01)
    await intake.put(one(0))
    waiting = asyncio.create_task(intake.put(one(1)))
    await asyncio.sleep(0)
    await intake.clear()
    await asyncio.wait_for(waiting, 1)
    assert offsets(await intake.batch()) == [1]
