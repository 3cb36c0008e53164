"""Reddit's Data API: a token, listings, and no more requests than it allows."""

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from monitor import __version__
from monitor.errors import SetupError
from monitor.sources.answers import object_of
from monitor.sources.http import Http, RefusedError, Response
from monitor.sources.interface import SourceOutageError

_EARLY: Final = 60.0
"""Seconds before its end that a token is renewed."""
_LONGEST_WAIT: Final = 600.0
"""Seconds: Reddit counts requests in windows of ten minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who asks: an app of reddit.com/prefs/apps, for itself or, by `refresh_token`, for a user."""

    id: str
    secret: str = field(repr=False)
    user: str
    refresh_token: str = field(repr=False)
    url: str
    token_url: str


class RedditApi:
    """Asks as one client. Every method raises `SourceOutageError` and `SetupError` as `Http` does."""

    def __init__(self, http: Http, client: Client) -> None:
        self._http = http
        self._client = client
        # <platform>:<app>:<version> (by /u/<user>), as Reddit's rules want it.
        self._agent = {"User-Agent": f"python:brand-monitor:{__version__} (by /u/{client.user})"}
        self._token: str | None = None
        self._token_ends = self._free_at = 0.0

    async def listing(self, path: str, params: Mapping[str, str]) -> tuple[list[Any], str | None]:
        """Things of a listing, and the name of the last where more follow."""
        response = await self._get(path, {**params, "raw_json": "1"})
        if urlsplit(response.url).path != urlsplit(self._url(path)).path:
            # To a search for subreddits, of which we know no post.
            raise RefusedError(f"Reddit has no {path}", 404)
        data = object_of(response).get("data")
        data = data if isinstance(data, dict) else {}
        children, after = data.get("children"), data.get("after")
        if not isinstance(children, list):
            raise SourceOutageError(f"{self._url(path)}: answers without children")
        return children, after if isinstance(after, str) else None

    def _url(self, path: str) -> str:
        return self._client.url.rstrip("/") + path

    async def _get(self, path: str, params: Mapping[str, str]) -> Response:
        url = self._url(path)
        try:
            return await self._authorized(url, params)
        except RefusedError as error:
            if error.status != 401:
                raise
            self._token = None  # taken back before its time
        return await self._authorized(url, params)

    async def _authorized(self, url: str, params: Mapping[str, str]) -> Response:
        headers = {**self._agent, "Authorization": f"Bearer {await self._valid_token()}"}
        wait = self._free_at - asyncio.get_running_loop().time()
        if wait > 0:
            await asyncio.sleep(min(wait, _LONGEST_WAIT))
        response = await self._http.get(url, params=params, headers=headers)
        self._count(response.headers)
        return response

    def _count(self, headers: Mapping[str, str]) -> None:
        """Wait for the next window where this one is used up."""
        try:
            left = float(headers.get("X-Ratelimit-Remaining", "1"))
            reset = float(headers.get("X-Ratelimit-Reset", "0"))
        except ValueError:
            return
        if left < 1:
            self._free_at = asyncio.get_running_loop().time() + reset

    async def _valid_token(self) -> str:
        now = asyncio.get_running_loop().time()
        if self._token is None or now > self._token_ends:
            self._token, lasts = await self._new_token()
            self._token_ends = now + lasts - _EARLY
        return self._token

    async def _new_token(self) -> tuple[str, float]:
        client = self._client
        grant = {"grant_type": "client_credentials"}
        if client.refresh_token:
            grant = {"grant_type": "refresh_token", "refresh_token": client.refresh_token}
        secret = base64.b64encode(f"{client.id}:{client.secret}".encode()).decode()
        headers = {**self._agent, "Authorization": f"Basic {secret}"}
        try:
            answer = object_of(await self._http.post(client.token_url, data=grant, headers=headers))
        except RefusedError as error:
            raise SetupError(
                f"Reddit gives no token ({error}); see client_id, client_secret and refresh_token, and "
                "reddit.com/prefs/apps"
            ) from None
        token, lasts = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str):
            raise SetupError(f"Reddit gives no token: {str(answer.get('error'))[:100]}; see refresh_token")
        return token, float(lasts) if isinstance(lasts, int | float) else 3600.0
