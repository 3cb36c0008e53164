"""A model that raises on one mention costs that mention; one that raises on all ends the worker."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from monitor.errors import DataError, ErrorCode, OutageError
from monitor.stream.scoring import Threads, score_each


async def test_threads_know_whether_they_are_at_work() -> None:
    threads = Threads("test")
    release = threading.Event()
    running = asyncio.create_task(threads(release.wait))
    await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert threads.busy, "cancelling the caller does not stop the work"
    release.set()
    assert await threads(lambda: 7) == 7
    assert not threads.busy


def halve(items: Sequence[int]) -> list[int]:
    if any(item % 2 for item in items):
        raise ValueError("odd")
    return [item // 2 for item in items]


def fine() -> None:
    """A warm-up that works."""


def broken() -> None:
    raise RuntimeError("CUDA error: device lost")


def test_all_at_once_where_nothing_fails() -> None:
    assert score_each([2, 4], halve, broken) == [1, 2]
    assert score_each([], halve, broken) == []


def test_one_failure_costs_one_mention() -> None:
    first, second, third = score_each([2, 3, 4], halve, broken)
    assert (first, third) == (1, 2)
    assert isinstance(second, DataError)
    assert second.code is ErrorCode.SCORING_FAILED
    assert "ValueError: odd" in second.detail


@pytest.mark.parametrize("items", [[1], [1, 3]])
def test_if_all_fail_the_warm_up_decides(items: list[int]) -> None:
    assert all(isinstance(outcome, DataError) for outcome in score_each(items, halve, fine))
    with pytest.raises(OutageError, match="warm-up included: CUDA error"):
        score_each(items, halve, broken)
