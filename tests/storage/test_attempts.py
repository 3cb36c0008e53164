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


def test_who_leaves_in_good_order_is_no_death_and_takes_none_back(with_attempts: Any) -> None:
    async def come_and_go(one: Attempts) -> Claim:
        claimed = await one.claim([place(7)])
        await one.release([place(7)])
        return claimed[KEY]

    assert [with_attempts(come_and_go) for _ in range(4)] == [Claim()] * 4
    with_attempts(lambda one: one.claim([place(7)]))  # dies
    assert [with_attempts(come_and_go).deaths for _ in range(2)] == [1, 1]


async def die_with(one: Attempts, *offsets: int) -> Claim:
    """Tries these records in turn; the last never comes back."""
    claimed = await one.claim([place(7)])
    for offset in offsets:
        await one.begin(place(7), offset)
        if offset != offsets[-1]:
            await one.finish(place(7), offset)
    return claimed[KEY]


def test_a_record_begun_and_never_finished_is_remembered(with_attempts: Any) -> None:
    found = [with_attempts(lambda one: die_with(one, 8)).suspects for _ in range(3)]
    assert found == [{}, {8: 1}, {8: 2}]


def test_records_that_pass_before_the_culprit_do_not_hide_it(with_attempts: Any) -> None:
    """Stored and not yet committed they are tried again each time: 55 workers were killed by the next one."""
    found = [with_attempts(lambda one: die_with(one, 8, 9, 10)).suspects for _ in range(3)]
    assert found == [{}, {10: 1}, {10: 2}]


def test_two_culprits_are_told_apart(with_attempts: Any) -> None:
    with_attempts(lambda one: die_with(one, 12))
    with_attempts(lambda one: die_with(one, 8))
    with_attempts(lambda one: die_with(one, 8))
    assert with_attempts(lambda one: one.claim([place(7)]))[KEY].suspects == {8: 2, 12: 1}


def test_a_rebalance_takes_no_evidence_away(with_attempts: Any) -> None:
    async def give_back(one: Attempts) -> None:
        await one.claim([place(7)])
        await one.release([place(7)])

    with_attempts(lambda one: die_with(one, 8))
    with_attempts(give_back)
    assert with_attempts(lambda one: one.claim([place(7)]))[KEY] == Claim(deaths=1, suspects={8: 1})


def test_what_is_behind_the_position_is_forgotten(with_attempts: Any) -> None:
    with_attempts(lambda one: die_with(one, 8))
    with_attempts(lambda one: die_with(one, 12))
    assert with_attempts(lambda one: one.claim([place(9)]))[KEY] == Claim(suspects={12: 1})


def test_what_came_back_clears_its_own_mark_and_no_death_before(with_attempts: Any) -> None:
    async def blamed(one: Attempts) -> Claim:
        claimed = await one.claim([place(7)])
        await one.begin(place(7), 8)
        await one.finish(place(7), 8)
        await one.begin(place(7), 8)  # its storing failed
        return claimed[KEY]

    assert [with_attempts(blamed).suspects for _ in range(3)] == [{}, {8: 1}, {8: 2}]


def test_accusing_counts_as_so_many_deaths(with_attempts: Any) -> None:
    async def accuse(one: Attempts) -> None:
        await one.claim([place(7), place(3, partition=1)])
        await one.accuse(place(7), 3)
        await one.release([place(7)])

    with_attempts(accuse)
    claims = with_attempts(lambda one: one.claim([place(7), place(3, partition=1)]))
    assert (claims[KEY].deaths, claims["mentions.text", 1].deaths) == (3, 1)


def test_where_reading_began_stays_for_the_audit(with_attempts: Any, engine: Engine) -> None:
    with_attempts(lambda one: one.claim([place(7, low=5)]))
    with_attempts(lambda one: one.claim([place(90, low=60)]))
    with engine.connect() as connection:
        row = connection.execute(text("SELECT first_offset, low_offset, position FROM log_partition")).one()
    assert tuple(row) == (7, 5, 90)
