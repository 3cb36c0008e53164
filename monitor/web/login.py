"""The login in front of the pages: a form for people, HTTP Basic for programs that call /api/."""

import base64
import binascii
import ipaddress
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.web.people import People, TooManyAttemptsError
from monitor.web.rendering import page

router: Final = APIRouter(include_in_schema=False)

_OPEN: Final = ("/login", "/static/", "/health")
"""Paths that need no login."""

_LONGEST_ADDRESS: Final = 64
"""Characters of what a proxy calls an address and is none."""

_SLOW_DOWN: Final = "Too many attempts. Wait five minutes, then try again."


class RequireLogin:
    """Lets through who is logged in; sends people to the form and answers programs with 401."""

    def __init__(self, app: ASGIApp, people: People) -> None:
        self._app = app
        self._people = people

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"].startswith(_OPEN) or self._is_in(scope["session"]):
            await self._app(scope, receive, send)
            return
        refusal = await self._refusal(scope)
        await (refusal or self._app)(scope, receive, send)

    def _is_in(self, session: Mapping[str, str]) -> bool:
        """Whether the cookie is of a person who may still come in, by the password of today."""
        name = session.get("name")
        return bool(name) and session.get("seal") == self._people.seal(name or "")

    async def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if scope["path"].startswith("/api/"):
            given = _basic(headers.get("authorization", ""))
            try:
                if given is not None:
                    name, password = given
                    if await run_in_threadpool(self._people.check, name, password, caller(scope)):
                        scope.setdefault("state", {})["name"] = name
                        return None
            except TooManyAttemptsError:
                return JSONResponse({"detail": _SLOW_DOWN}, status_code=429)
            challenge = {"www-authenticate": 'Basic realm="brand-monitor", charset="UTF-8"'}
            return JSONResponse({"detail": "Log in with HTTP Basic."}, status_code=401, headers=challenge)
        if scope["method"] != "GET":
            return RedirectResponse("/login", status_code=303)
        if "hx-request" in headers:
            # htmx would put the form into the middle of the page: the whole page goes to it instead.
            return Response(status_code=401, headers={"hx-redirect": "/login"})
        wanted = scope["path"] + (
            f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
        )
        return RedirectResponse(f"/login?next={quote(wanted, safe='')}", status_code=303)


@router.get("/login")
def ask(request: Request, next: str = "/") -> Response:
    """The form."""
    return page(request, "login.html.j2", next=_local(next), fault=None, name="")


@router.post("/login")
def log_in(
    request: Request,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Check, remember in the signed cookie, and go where the person wanted to."""
    people: People | None = request.app.state.people
    if people is None:
        return RedirectResponse("/", status_code=303)
    name = name.strip()
    fault, status = "Name and password do not fit together.", 401
    try:
        if people.check(name, password, caller(request.scope)):
            request.session.clear()
            request.session["name"] = name
            request.session["seal"] = people.seal(name)
            return RedirectResponse(_local(next), status_code=303)
    except TooManyAttemptsError:
        fault, status = _SLOW_DOWN, 429
    return page(request, "login.html.j2", status=status, next=_local(next), fault=fault, name=name)


@router.post("/logout")
def log_out(request: Request) -> Response:
    """Forget who this is."""
    request.session.clear()
    return RedirectResponse("/", status_code=303)


def caller(scope: Scope) -> str:
    """What attempts are counted by: the address, of IPv6 its /64, which is one household or server.

    uvicorn has put the address of a trusted proxy's caller there (MONITOR_WEB_TRUSTED_PROXIES).
    """
    host: str = scope["client"][0] if scope.get("client") else "unknown"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:_LONGEST_ADDRESS]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.IPv6Network((int(address), 64), strict=False))


def _basic(header: str) -> tuple[str, str] | None:
    kind, _, token = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(token, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, password) if colon else None


def _local(target: str) -> str:
    """A path of ours, or `/`: a link in a mail cannot send people elsewhere after the login.

    Browsers read a backslash as a slash and drop tabs and line breaks.
    """
    plain = (
        target.startswith("/") and not target.startswith("//") and target.isprintable() and "\\" not in target
    )
    return target if plain and not urlsplit(target).netloc else "/"
