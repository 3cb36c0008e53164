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
_MOST_HOSTS: Final = 5_000
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
        self._said: dict[URL, tuple[float, Protego]] = {}

    async def check(self, url: URL, *, guarded: bool) -> None:
        """Raises `SetupError` for an address that its host does not want to be asked for."""
        now = asyncio.get_running_loop().time()
        origin = url.origin()
        known = self._said.get(origin)
        if known is None or now - known[0] > _KEPT:
            known = now, Protego.parse(await self._fetch(origin / "robots.txt", guarded))
            if len(self._said) >= _MOST_HOSTS:
                self._said.clear()
            self._said[origin] = known
            delay = known[1].crawl_delay(AGENT)
            if delay is not None and url.host:
                self._slow_down(url.host, min(float(delay), _LONGEST_DELAY))
        if not known[1].can_fetch(str(url), AGENT):
            raise SetupError(f"robots.txt of {url.host} asks programs not to read {url.path}")
