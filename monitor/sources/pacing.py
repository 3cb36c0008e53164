"""Keeps requests to one host apart, so that no platform is asked faster than we mean to."""

import asyncio
from typing import Final

_MOST_HOSTS: Final = 10_000
"""Hosts remembered; those of pictures are many, and each is remembered for seconds only."""


class Pace:
    """A pause between the beginnings of two requests to one host, in seconds."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._own: dict[str, float] = {}
        self._free_at: dict[str, float] = {}

    def slow_down(self, host: str, pause: float) -> None:
        """What the host itself asks for, where that is longer than ours."""
        if pause > self._pause:
            self._own[host] = pause

    async def wait(self, host: str) -> None:
        """Until the host may be asked again."""
        now = asyncio.get_running_loop().time()
        if len(self._free_at) > _MOST_HOSTS:
            self._free_at = {each: at for each, at in self._free_at.items() if at > now}
        at = max(now, self._free_at.get(host, now))
        self._free_at[host] = at + self._own.get(host, self._pause)
        if at > now:
            await asyncio.sleep(at - now)
