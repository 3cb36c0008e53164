"""What stands before every page: the browser's orders (Content-Security-Policy) and the same-origin rule."""

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Only our own files, no inline script or style, no eval; `data:` for the stylesheet's own small icons.
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_YEAR: Final = 365 * 24 * 3600


class SecurityHeaders:
    """Sets the headers above on every answer, and keeps pages out of caches unless the answer says more."""

    def __init__(self, app: ASGIApp, https: bool) -> None:
        self._app = app
        self._https = https
        self._headers = dict(_HEADERS)
        if https:
            self._headers["strict-transport-security"] = f"max-age={_YEAR}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._https:
            # The proxy's part of the way is plain HTTP; redirects must not lead people there.
            scope["scheme"] = "https"

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("cache-control", "no-store")
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, with_headers)


class SameOrigin:
    """Refuses what another site's page makes a browser send (CSRF): no token to lose or to cache.

    The rule of Go's `net/http.CrossOriginProtection`: browsers say where a request comes from in
    Sec-Fetch-Site, older ones in Origin; a request with neither does not come from a browser.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if (
            scope["type"] == "http"
            and scope["method"] not in _SAFE
            and not _same_origin(Headers(scope=scope))
        ):
            refusal = PlainTextResponse("Refused: this was sent by another site's page.", status_code=403)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _same_origin(headers: Headers) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")
