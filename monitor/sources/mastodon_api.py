"""A Mastodon server asked by its API: who asks, how often it allows that, and what its refusals mean."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from monitor.errors import SetupError
from monitor.sources.answers import json_of
from monitor.sources.http import Http, RefusedError, Response
from monitor.sources.interface import SourceOutageError

DENIED: Final = frozenset({401, 403, 422})
"""What servers answer to those who have no account, or none that may."""
_LONGEST_REST: Final = timedelta(hours=1)
"""Servers count requests in minutes; one whose clock is wrong may say a year."""


class Server:
    """One server. `url` is https://HOST, `token` may be empty."""

    def __init__(self, http: Http, url: str, token: str, now: Callable[[], datetime]) -> None:
        self.http = http
        self.url = url
        self.host = urlsplit(url).netloc
        self.headers: Mapping[str, str] = {"Authorization": f"Bearer {token}"} if token else {}
        self._now = now
        self._free_at = datetime.fromtimestamp(0, UTC)

    async def read(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The JSON at a path of the API.

        Raises `SourceOutageError`, also while the server allows no more requests, and `RefusedError`.
        """
        rest = (self._free_at - self._now()).total_seconds()
        if rest > 0:
            raise SourceOutageError(f"{self.host} takes no more requests for {rest:.0f} s", rest)
        answer = await self.http.get(self.url + path, headers=self.headers, params=params)
        self._note_limit(answer)
        try:
            return json_of(answer.body.decode("utf-8", "replace"))
        except ValueError as error:
            raise SourceOutageError(
                f"{self.host}{path.partition('?')[0]}: answers no JSON: {error}"
            ) from None

    def denied(self, error: RefusedError) -> SetupError:
        """What to do about an answer that refuses."""
        if error.status not in DENIED:
            return error
        return SetupError(
            f"{error}: it tells this to accounts only; make an access token there (Preferences, Development, "
            "scope read:statuses) and give it as `token`"
        )

    def _note_limit(self, answer: Response) -> None:
        if answer.headers.get("X-RateLimit-Remaining") != "0":
            return
        try:
            until = datetime.fromisoformat(answer.headers.get("X-RateLimit-Reset", ""))
        except ValueError:
            return
        if until.tzinfo:
            self._free_at = min(until, self._now() + _LONGEST_REST)
