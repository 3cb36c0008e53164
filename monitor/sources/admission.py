"""Who may send by HTTP, and how fast."""

import asyncio
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from monitor.errors import OutageError, SetupError
from monitor.storage.publishers import Publisher, hashed, holding

_KNOWN_FOR: Final = 10.0
"""Seconds until the table is read again: so long may a token be used that was revoked."""
_UNKNOWN_FOR: Final = 1.0
"""Seconds until it is read again for a token that is not in it."""
_WITHOUT_DATABASE: Final = 600.0
"""Seconds for which what was read counts while the database is away."""
_LONGEST: Final = 3.0
"""Seconds for the table to be read: all publishers wait for that."""
_AGAIN: Final = 10.0
"""Seconds until it is tried again where it could not be, while what was read still counts."""
_BURST: Final = 10.0
"""Seconds' worth of items that may come at once."""


class Tokens:
    """Which publisher a token is of."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._known: dict[str, Publisher] | None = None
        self._read_at = 0.0
        self._failed_at = -_AGAIN
        self._reading = asyncio.Lock()

    async def of(self, token: str) -> Publisher | None:
        """None for a token that does not hold. Raises `OutageError` or `SetupError` where nobody can tell."""
        key = hashed(token)
        async with self._reading:
            now = asyncio.get_running_loop().time()
            age = now - self._read_at
            old = self._known is None or age > (_KNOWN_FOR if key in self._known else _UNKNOWN_FOR)
            if old and (self._known is None or now - self._failed_at > _AGAIN):
                await self._read(now)
            assert self._known is not None, "read, or raised"
            return self._known.get(key)

    async def _read(self, now: float) -> None:
        try:
            async with asyncio.timeout(_LONGEST):
                self._known, self._read_at = await holding(self._engine), now
        except (OutageError, SetupError, TimeoutError) as error:
            self._failed_at = asyncio.get_running_loop().time()
            if self._known is None or now - self._read_at > _WITHOUT_DATABASE:
                self._known = None
                if isinstance(error, TimeoutError):
                    raise OutageError(f"database: no answer in {_LONGEST:.0f} s") from error
                raise


@dataclass(slots=True)
class _Level:
    left: float
    at: float


class Rates:
    """So many items a second for each publisher, ten seconds' worth at once; what a request has more than
    that is owed."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._levels: dict[str, _Level] = {}

    def wait(self, publisher: str) -> float:
        """Seconds until it may send again; 0: now."""
        level = self._level(publisher)
        return 0.0 if level.left > 0 else (1.0 - level.left) / self._rate

    def spend(self, publisher: str, items: int) -> None:
        """It sent so many."""
        self._level(publisher).left -= items

    def _level(self, publisher: str) -> _Level:
        now, most = asyncio.get_running_loop().time(), self._rate * _BURST
        level = self._levels.setdefault(publisher, _Level(most, now))
        level.left = min(most, level.left + (now - level.at) * self._rate)
        level.at = now
        return level
