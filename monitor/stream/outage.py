"""Retries through an outage: exponential back-off with jitter, up to a limit, then `OutageError` stops the
worker."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog

from monitor.errors import OutageError

_FIRST_PAUSE: Final = 0.2
"""Seconds: a database fail-over or a dropped connection is often over by then."""

_LONGEST_PAUSE: Final = 5.0
"""Seconds: with the outage over, nobody should wait much longer for the worker to notice."""

_ATTEMPT: Final = 60.0
"""Seconds of one attempt: a lock is waited for 30, and a batch is written in far less than one."""

_log = structlog.get_logger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class OutageRetry:
    """Runs an action until it succeeds or has failed with `OutageError` for `limit` seconds.

    `clock` and `pause` are arguments so that tests need not wait.
    """

    limit: float
    on_failure: Callable[[str], None] = lambda _what: None
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def __call__(self, what: str, action: Callable[[], Awaitable[T]]) -> T:
        """The action's result. Raises `OutageError` once the limit has passed; other errors at once."""
        started = self.clock()
        attempt = 0
        while True:
            try:
                result = await self._attempt(what, action)
            except OutageError as error:
                attempt += 1
                self.on_failure(what)
                away = self.clock() - started
                if away >= self.limit:
                    raise OutageError(
                        f"{what} failed for {away:.0f} s (MONITOR_OUTAGE_RETRY is {self.limit:.0f}): {error}"
                    ) from error
                if attempt == 1:
                    _log.warning("outage", what=what, error=str(error), giving_up_after_s=self.limit)
                await self.pause(min(self._pause(attempt), self.limit - away))
            else:
                if attempt:
                    _log.warning(
                        "outage over", what=what, attempts=attempt, seconds=round(self.clock() - started, 1)
                    )
                return result

    async def _attempt(self, what: str, action: Callable[[], Awaitable[T]]) -> T:
        """One attempt. A server that hangs without a word is an outage, too; what waits for it is left
        behind, for it may wait on though it is cancelled."""
        task = asyncio.ensure_future(action())
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            await asyncio.wait([task], timeout=_ATTEMPT)
        finally:
            if not task.done():
                task.cancel()
        if not task.done():
            raise OutageError(f"{what}: no answer for {_ATTEMPT:.0f} s")
        return task.result()

    @staticmethod
    def _pause(attempt: int) -> float:
        """Seconds before the next attempt: half fixed, half random, so that workers do not knock in step."""
        longest = min(_FIRST_PAUSE * 2.0 ** min(attempt - 1, 10), _LONGEST_PAUSE)
        return longest * (0.5 + 0.5 * random.random())  # noqa: S311 - jitter, not a secret
