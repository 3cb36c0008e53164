"""Statements in one round trip: whoever is cancelled in the middle leaves no connection that is stuck."""

import asyncio

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from monitor.errors import SetupError
from monitor.storage.driver import Statement, together
from monitor.storage.faults import translated

SLOW = Statement("SELECT pg_sleep(30)")
ONE = Statement("SELECT 1")


async def test_the_rows_of_each_in_their_order(worker_engine: AsyncEngine) -> None:
    async with worker_engine.begin() as connection:
        answers = await together(connection, ONE, Statement("SELECT %(n)s::int", {"n": 2}))
    assert answers == [[(1,)], [(2,)]]


async def test_a_cancelled_one_is_cancelled_and_nothing_else(worker_engine: AsyncEngine) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3), worker_engine.begin() as connection:
            await together(connection, ONE, SLOW, ONE)
    async with worker_engine.begin() as connection:
        assert await together(connection, ONE) == [[(1,)]]


async def test_a_lost_connection_is_the_error_and_the_next_one_works(worker_engine: AsyncEngine) -> None:
    async def lose(pid: int) -> None:
        await asyncio.sleep(0.3)
        async with worker_engine.begin() as other:
            await together(other, Statement("SELECT pg_terminate_backend(%(pid)s)", {"pid": pid}))

    async def write() -> None:
        async with worker_engine.begin() as connection:
            (((pid,),),) = await together(connection, Statement("SELECT pg_backend_pid()"))
            await asyncio.gather(together(connection, ONE, SLOW, ONE), lose(pid))

    with pytest.raises(psycopg.OperationalError, match=r"terminat|closed"):
        await write()
    async with worker_engine.begin() as connection:
        assert await together(connection, ONE) == [[(1,)]]


@pytest.mark.parametrize("taken", ["DEALLOCATE _pg3_0", "PREPARE _pg3_1 AS SELECT 2"])
async def test_a_pooler_that_gives_other_sessions_is_named(worker_engine: AsyncEngine, taken: str) -> None:
    """PgBouncer in transaction mode, in small: what was prepared is gone, or another's is there."""
    async with worker_engine.connect() as connection:
        await together(connection, ONE)
        await together(connection, Statement(taken, prepare=False))
        with pytest.raises(SetupError, match="pool_mode = session"), translated():
            await together(connection, ONE, Statement("SELECT 2"))
