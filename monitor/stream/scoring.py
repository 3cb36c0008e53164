"""What texts and pictures have in common while being scored: outcomes, and models that fail on one
mention."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from monitor.errors import DataError, ErrorCode, OutageError
from monitor.settings import Device
from monitor.storage.records import ImageResult, Rejection, TextResult
from monitor.stream.records import Record

Outcome = TextResult | ImageResult | Rejection

Item = TypeVar("Item")
Score = TypeVar("Score")
R = TypeVar("R")


class Scoring(Protocol):
    """Steps 1 and 2 of a batch: decode and score."""

    @property
    def device(self) -> Device:
        """Where the model really runs."""

    async def score(self, records: Sequence[Record]) -> list[Outcome]:
        """One outcome a record, in order; what is wrong with a record is its outcome, not an exception.

        Does not block the event loop. Raises `OutageError` where a server stays away, or the model no
        longer works at all.
        """


class ModelThread:
    """The one thread a model runs in: ONNX Runtime releases the GIL, the event loop stays free.

    One thread, because one run already takes all the cores it is allowed.
    """

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def __call__(self, work: Callable[[], R]) -> R:
        """Run `work` there. Cancelling the caller does not stop it."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


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
