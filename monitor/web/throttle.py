"""How often something may go wrong within a while: failures, counted by whom or what they concern."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

_ROOM: Final = 10_000
"""Keys remembered at most, some 10 MB; whoever fills it has as many addresses, and the oldest are let go."""


class Throttle:
    """Counts failures by key; `full` says whether one has had its share. Threads may share it."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float]) -> None:
        """`most` failures of a key in `seconds` are one too many for the next."""
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()  # the latest failure last
        self._lock = threading.Lock()

    def full(self, key: str) -> bool:
        """Whether the next attempt has to wait."""
        with self._lock:
            failures = self._failures.get(key)
            return (
                failures is not None
                and len(failures) >= self._most
                and failures[0] >= self._clock() - self._seconds
            )

    def count(self, key: str) -> None:
        """One more failure; what no longer counts, of any key, is forgotten."""
        now = self._clock()
        with self._lock:
            self._failures.setdefault(key, deque(maxlen=self._most)).append(now)
            self._failures.move_to_end(key)
            while len(self._failures) > _ROOM or self._oldest() < now - self._seconds:
                self._failures.popitem(last=False)

    def clear(self, key: str) -> None:
        """Forget the failures of a key."""
        with self._lock:
            self._failures.pop(key, None)

    def __len__(self) -> int:
        return len(self._failures)

    def _oldest(self) -> float:
        """The latest failure of the key that failed longest ago."""
        return next(iter(self._failures.values()))[-1]
