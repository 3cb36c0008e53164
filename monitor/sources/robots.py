"""Asks robots.txt of a host before its pages are read, as RFC 9309 says."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from protego import Protego
from yarl import URL

from monitor.errors import SetupError

AGENT: Final = "brand-monitor"
"""Our name in robots.txt, and the beginning of our User-Agent."""

_KEPT: Final = 24 * 3600.0
"""Seconds that what a host said counts; longer is too long by the RFC."""
_MOST_CHARACTERS: Final = 8 * 2**20
"""Of all that hosts said; each takes some ten bytes here, and pictures come from many hosts."""
_A_HOST: Final = 1_000
"""Characters that one counts for which says nothing."""
_LONGEST_DELAY: Final = 60.0
"""Seconds between requests that a host can ask for; some ask for a day."""


class Robots:
    """What hosts allow. `fetch` answers robots.txt's text: empty where there is none (4xx).

    What `fetch` raises, where a host cannot say, goes through.
    """

    def __init__(
        self, fetch: Callable[[URL, bool], Awaitable[str]], slow_down: Callable[[str, float], None]
    ) -> None:
        self._fetch = fetch
        self._slow_down = slow_down
        self._said: dict[URL, tuple[float, Protego, int]] = {}
        self._characters = 0

    async def check(self, url: URL, *, guarded: bool) -> None:
        """Raises `SetupError` for an address that its host does not want to be asked for."""
        now = asyncio.get_running_loop().time()
        origin = url.origin()
        known = self._said.get(origin)
        if known is None or now - known[0] > _KEPT:
            text = await self._fetch(origin / "robots.txt", guarded)
            known = now, Protego.parse(text), len(text) + _A_HOST
            self._keep(origin, known)
            delay = known[1].crawl_delay(AGENT)
            if delay is not None and url.host:
                self._slow_down(url.host, min(float(delay), _LONGEST_DELAY))
        if not known[1].can_fetch(str(url), AGENT):
            raise SetupError(f"robots.txt of {url.host} asks programs not to read {url.path}")

    def _keep(self, origin: URL, said: tuple[float, Protego, int]) -> None:
        """Forgets what was heard first where it becomes too much."""
        self._forget(origin)
        self._said[origin] = said
        self._characters += said[2]
        while self._characters > _MOST_CHARACTERS:
            self._forget(next(iter(self._said)))

    def _forget(self, origin: URL) -> None:
        known = self._said.pop(origin, None)
        self._characters -= 0 if known is None else known[2]
