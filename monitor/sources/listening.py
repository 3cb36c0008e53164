"""Connections of the HTTP server of `kind = "http"`: so many, and none that asks for nothing.

The process that receives collects from platforms, too: whoever opens connections and says nothing, or one
byte now and then, must not use up the files that all of it may have open.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

_MOST: Final = 500
"""Connections at a time; a process may usually have a thousand files open."""
_HEADERS: Final = 30.0
"""Seconds, and at most twice as many, for a request's headers to come in."""


class Connection(H11Protocol):
    """One that is closed where no request comes. h11 bounds what the headers of a request may be."""

    _looking: asyncio.TimerHandle | None = None
    _seen: Any = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to look after it; one too many is closed."""
        super().connection_made(transport)
        if len(self.connections) > _MOST:
            transport.abort()
            return
        self._looking = self.loop.call_later(_HEADERS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        if self._looking is not None:
            self._looking.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Close it where no request is being answered and none has come since the last look."""
        cycle = self.cycle
        if cycle is self._seen and (cycle is None or cycle.response_complete):
            self.transport.abort()
            return
        self._seen = cycle
        self._looking = self.loop.call_later(_HEADERS, self._look)
