"""Fetches the pictures of posts: from public addresses only, within limits, and only what is a picture.

Workers never fetch: what they get is bytes.
"""

import asyncio
from typing import Final

from monitor.errors import DataError, SetupError
from monitor.pictures import read_header
from monitor.sources.http import Http
from monitor.sources.interface import SourceOutageError

_HEADERS: Final = {"Accept": "image/jpeg, image/png, image/webp;q=0.9"}
"""What the service reads; a server that has a choice need not send AVIF."""
_WHOLE: Final = 30.0
"""Seconds of a picture with its redirects."""
_AGAIN: Final = 1.0
_LONGEST_REST: Final = 10.0
"""Seconds before the second and last try: ours, and what a server may ask for; one that wants more is left
alone."""
_AT_ONCE: Final = 8


class PictureError(Exception):
    """The picture is not to be had. `gone`: its server answers, and there is none of our formats there."""

    def __init__(self, why: str, *, gone: bool) -> None:
        super().__init__(why)
        self.gone = gone


class Pictures:
    """Fetches pictures of at most `limit` bytes, eight at a time."""

    def __init__(self, http: Http, limit: int) -> None:
        self._http = http
        self._limit = limit
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def fetch(self, address: str) -> bytes:
        """The file: whole, a JPEG, PNG or WebP. Raises `PictureError`."""
        async with self._room:
            try:
                return await self._once(address)
            except SourceOutageError as error:
                rest = _AGAIN if error.retry_after is None else error.retry_after
                if rest > _LONGEST_REST:
                    raise PictureError(str(error), gone=False) from None
            await asyncio.sleep(rest)
            try:
                return await self._once(address)
            except SourceOutageError as error:
                raise PictureError(str(error), gone=False) from None

    async def _once(self, address: str) -> bytes:
        try:
            async with asyncio.timeout(_WHOLE):
                answer = await self._http.get(
                    address, headers=_HEADERS, robots=True, guarded=True, limit=self._limit
                )
        except TimeoutError:
            raise SourceOutageError(f"{address[:200]}: too slow") from None
        except SetupError as error:
            raise PictureError(str(error), gone=True) from None
        try:
            read_header(answer.body)
        except DataError as error:
            raise PictureError(f"{address[:200]}: {error}", gone=True) from None
        return answer.body
