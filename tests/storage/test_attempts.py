"""What outlives a worker: where the last one died, and with which record."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine, text

from monitor.settings import Settings
from monitor.storage.attempts import Attempts, Claim, Place
from monitor.storage.engine import async_engine

T = TypeVar("T")

KEY = ("mentions.text", 0)


def place(position: int, partition: int = 0, low: int = 0) -> Place:
    return Place(log_id="log", topic="mentions.text", partition=partition, position=position, low=low)


@pytest.fixture
def with_attempts(settings: Settings) -> Callable[[Callable[[Attempts], Awaitable[Any]]], Any]:
    """Runs something with the real thing, in a loop and on connections of its own, as each worker does."""

    def run(work: Callable[[Attempts], Awaitable[T]]) -> T:
        async def go() -> T:
            engine = async_engine(settings)
            try:
                return await work(Attempts(engine))
            finally:
                await engine.dispose()

        return asyncio.run(go())

    return run


def test_deaths_at_one_position_are_counted_and_a_step_forward_forgets_them(with_attempts: Any) -> None:
    claims = [with_attempts(lambda one: one.claim([place(7)]))[KEY] for _ in range(3)]
    assert claims == [Claim(), Claim(deaths=1), Claim(deaths=2)]
    assert with_attempts(lambda one: one.claim([place(9)]))[KEY] == Claim()


def test_who_leaves_in_good_order_leaves_no_suspicion(with_attempts: Any) -> None:
    async def come_and_go(one: Attempts) -> Claim:
        claimed = await one.claim([place(7)])
        await one.begin(place(7), 8)
        await one.release([place(7)])
        return claimed[KEY]

    for _ in range(4):
        claim = with_attempts(come_and_go)
    assert claim == Claim()


def test_a_record_begun_and_never_finished_is_remembered(with_attempts: Any) -> None:
    async def die(one: Attempts, offset: int) -> Claim:
        claimed = await one.claim([place(7)])
        await one.begin(place(7), offset)
        return claimed[KEY]

    async def pass_one(one: Attempts) -> Claim:
        claimed = await one.claim([place(7)])
        await one.begin(place(7), 8)
        await one.finish(place(7), 8)
        return claimed[KEY]

    assert with_attempts(lambda one: die(one, 8)).record_deaths == 0
    assert with_attempts(lambda one: die(one, 8))[1:3] == (8, 1)
    assert with_attempts(lambda one: die(one, 9))[1:3] == (8, 2)
    assert with_attempts(pass_one)[1:3] == (9, 1)
    assert with_attempts(pass_one)[1:3] == (None, 0)


def test_what_is_behind_the_position_is_forgotten(with_attempts: Any) -> None:
    async def begin(one: Attempts) -> None:
        await one.claim([place(7)])
        await one.begin(place(7), 8)

    with_attempts(begin)
    assert with_attempts(lambda one: one.claim([place(9)]))[KEY][1:3] == (None, 0)


def test_what_came_back_clears_its_own_mark_and_no_death_before(with_attempts: Any) -> None:
    async def blamed(one: Attempts) -> Claim:
        claimed = await one.claim([place(7)])
        await one.begin(place(7), 8)
        await one.finish(place(7), 8)
        await one.begin(place(7), 8)  # its storing failed
        return claimed[KEY]

    assert [with_attempts(blamed)[1:3] for _ in range(3)] == [(None, 0), (8, 1), (8, 2)]


def test_accusing_counts_as_so_many_deaths(with_attempts: Any) -> None:
    async def accuse(one: Attempts) -> None:
        await one.claim([place(7), place(3, partition=1)])
        await one.accuse(place(7), 3)

    with_attempts(accuse)
    claims = with_attempts(lambda one: one.claim([place(7), place(3, partition=1)]))
    assert claims[KEY].deaths == 4
    assert claims["mentions.text", 1].deaths == 1


def test_where_reading_began_stays_for_the_audit(with_attempts: Any, engine: Engine) -> None:
    with_attempts(lambda one: one.claim([place(7, low=5)]))
    with_attempts(lambda one: one.claim([place(90, low=60)]))
    with engine.connect() as connection:
        row = connection.execute(text("SELECT first_offset, low_offset, position FROM log_partition")).one()
    assert tuple(row) == (7, 5, 90)
