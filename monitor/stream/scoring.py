"""What texts and pictures have in common while being scored: outcomes, and models that fail on one
mention."""

import asyncio
import math
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

from monitor.errors import DataError, ErrorCode, OutageError
from monitor.settings import Device
from monitor.storage.records import Change, ImageResult, Rejection
from monitor.stream.records import Record

Outcome = Change | Rejection

KeptFrom = Callable[[], datetime | None]
"""From when on mentions are kept, as far as the worker knows: what is older need not be looked at. The writer
knows it exactly. None: all are kept."""

Item = TypeVar("Item")
Score = TypeVar("Score")
R = TypeVar("R")


def everything_is_kept() -> None:
    """A `KeptFrom` of where nothing was pruned."""


class Scoring(Protocol):
    """Steps 1 and 2 of a batch: decode and score."""

    @property
    def device(self) -> Device:
        """Where the model really runs."""

    @property
    def busy(self) -> bool:
        """Whether a thread of its own is still at work; true after a cancelled `score` that had begun."""

    async def score(self, records: Sequence[Record]) -> list[Outcome]:
        """One outcome a record, in order; what is wrong with a record is its outcome, not an exception.

        Does not block the event loop. Raises `OutageError` where a server stays away, or the model no
        longer works at all, and `StuckError` where it does not come back.
        """

    async def restore(self, results: Sequence[ImageResult]) -> None:
        """Put the files of these pictures into the store again, where they are not. Raises `OutageError`."""


_STEP: Final = 1.0
"""Seconds between looks at work under way."""


class StuckError(Exception):
    """Work did not come back in time, and its thread cannot be stopped."""


class Threads:
    """Where blocking work runs, so that the event loop stays free. A model gets one thread, which divides its
    batch among the cores. `limit` is in seconds.
    """

    def __init__(self, name: str, count: int = 1, limit: float | None = None) -> None:
        self._name = name
        self._limit = math.inf if limit is None else limit
        self._executor = ThreadPoolExecutor(max_workers=count, thread_name_prefix=name)
        self._running: set[Future[Any]] = set()

    @property
    def busy(self) -> bool:
        """Whether work is under way; the interpreter would wait for it at exit, however long it takes."""
        return bool(self._running)

    async def __call__(self, work: Callable[[], R]) -> R:
        """Run `work` there. Cancelling the caller does not stop it. Raises `StuckError` after the limit."""
        future = self._executor.submit(work)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        result = asyncio.wrap_future(future)
        left = self._limit
        while not result.done():
            # In small steps: a process that was stopped for a while (SIGSTOP, a frozen container) took one.
            await asyncio.wait([result], timeout=min(left, _STEP))
            left -= _STEP
            if left <= 0 and not result.done():
                raise StuckError(
                    f"{self._name} has been at work for {self._limit:.0f} s (MONITOR_SCORE_TIMEOUT)"
                )
        return result.result()


def score_each(
    items: Sequence[Item],
    score: Callable[[Sequence[Item]], Sequence[Score]],
    probe: Callable[[], None],
) -> list[Score | DataError]:
    """Score all items at once; where the model raises, one by one, so that one mention costs only itself.

    If none passes, `probe` (the model's warm-up) tells bad mentions from a broken model. Blocks as long as
    the model takes. Raises `OutageError` if the probe fails, too: then it is not the mentions' fault and
    they stay in Kafka.
    """
    if not items:
        return []
    try:
        return list(score(items))
    except Exception as error:
        first = error
    outcomes: list[Score | DataError] = [_failure(first)]
    if len(items) > 1:
        outcomes = [_score_one(item, score) for item in items]
    if all(isinstance(outcome, DataError) for outcome in outcomes):
        try:
            probe()
        except Exception as error:
            raise OutageError(f"the model fails on every input, its warm-up included: {error}") from first
    return outcomes


def _score_one(item: Item, score: Callable[[Sequence[Item]], Sequence[Score]]) -> Score | DataError:
    try:
        return score([item])[0]
    except Exception as error:
        return _failure(error)


def _failure(error: Exception) -> DataError:
    return DataError(ErrorCode.SCORING_FAILED, f"the model raised {type(error).__name__}: {error}")
