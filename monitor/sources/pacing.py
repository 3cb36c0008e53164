"""Keeps requests to one host apart, so that no platform is asked faster than we mean to."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

_MOST_HOSTS: Final = 10_000
"""Hosts remembered; those of pictures are many, and each is remembered for seconds only."""


@dataclass(slots=True)
class _Turn:
    """Of one host: who waits, in order, and when the next may ask."""

    waiting: asyncio.Lock = field(default_factory=asyncio.Lock)
    free_at: float = 0.0


class Pace:
    """A pause between the beginnings of two requests to one host, in seconds."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._own: dict[str, float] = {}
        self._turns: dict[str, _Turn] = {}

    def slow_down(self, host: str, pause: float) -> None:
        """What the host itself asks for, where that is longer than ours."""
        if pause > self._pause:
            self._own[host] = pause

    async def wait(self, host: str) -> None:
        """Until the host may be asked again. Who gives up waiting takes no turn."""
        loop = asyncio.get_running_loop()
        if len(self._turns) > _MOST_HOSTS:
            self._turns = {
                each: turn
                for each, turn in self._turns.items()
                if turn.waiting.locked() or turn.free_at > loop.time()
            }
        turn = self._turns.setdefault(host, _Turn())
        async with turn.waiting:
            now = loop.time()
            at = max(now, turn.free_at)
            if at > now:
                await asyncio.sleep(at - now)
            turn.free_at = at + self._own.get(host, self._pause)
