"""The web application: routes, what stands before them, and what an error looks like to a person."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from monitor import __version__
from monitor.answers import AnswerError
from monitor.corrections import CorrectionError
from monitor.errors import DataError, OutageError, SetupError
from monitor.queries import QueryError
from monitor.reports.mentions import CursorError
from monitor.settings import Settings
from monitor.storage.faults import UnstorableError
from monitor.web import (
    alerts,
    alerts_api,
    answer,
    answer_api,
    api,
    brand,
    compare,
    corrections,
    login,
    mentions,
    overview,
    pictures,
    quality,
    setup,
    subscriptions,
    take,
    themes,
)
from monitor.web.assets import StaticFolder
from monitor.web.guards import SameOrigin, SecurityHeaders
from monitor.web.history import HistorySearch
from monitor.web.misread import in_words
from monitor.web.openapi import describe
from monitor.web.rendering import page
from monitor.web.roles import ForbiddenError, viewers_only_look
from monitor.web.site import Site, open_site
from monitor.web.views import WrongAddressError

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

_PAGES = (
    overview,
    brand,
    pictures,
    mentions,
    quality,
    corrections,
    answer,
    answer_api,
    alerts,
    alerts_api,
    compare,
    themes,
    take,
    subscriptions,
    setup,
    login,
)


def create_app(settings: Settings) -> FastAPI:
    """The application; it connects to the database on the first request.

    Raises `SetupError` for settings that cannot be used.
    """
    site = open_site(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        site.databases.close()

    app = FastAPI(
        title="Brand Monitor",
        version=__version__,
        description="The figures of the pages as JSON. Shares and probabilities are 0..1, moments RFC 3339.",
        openapi_url="/api/openapi.json",
        # The interactive pages load scripts from elsewhere, which the Content-Security-Policy forbids.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        middleware=_middleware(settings, site),
    )
    app.state.site, app.state.people = site, site.people
    app.state.history = HistorySearch(settings)
    app.mount("/static", StaticFolder(), name="static")
    app.router.routes += _routes()
    _explain_errors(app)
    describe(app)
    return app


@cache
def _routes() -> list[BaseRoute]:
    """Of every application: FastAPI works out anew what each route needs wherever its router is included."""
    rooms = APIRouter(dependencies=[Depends(viewers_only_look)])
    for room in (*_PAGES, api):
        rooms.include_router(room.router)
    rooms.add_api_route("/health", _health, include_in_schema=False)
    return rooms.routes


def _middleware(settings: Settings, site: Site) -> list[Middleware]:
    """The first one sees a request first."""
    named = (name.strip() for name in (settings.web_names or "").split(","))
    secret = settings.web_secret.get_secret_value() if settings.web_secret else secrets.token_urlsafe(32)
    chain = [
        Middleware(SecurityHeaders, https=settings.web_https),
        # A name of a stranger's for this address would get around the same-origin rule (DNS rebinding).
        Middleware(
            TrustedHostMiddleware,
            allowed_hosts=[*_LOOPBACK, *(name for name in named if name)],
            www_redirect=False,
        ),
        Middleware(SameOrigin),
        Middleware(
            SessionMiddleware,
            secret_key=secret,
            session_cookie="brand-monitor",
            same_site="lax",
            https_only=settings.web_https,
        ),
    ]
    if site.people is not None:
        chain.append(Middleware(login.RequireLogin, people=site.people))
    return chain


def _health(request: Request) -> Response:
    """200 while the database answers, else 503; says nothing else, since it needs no login."""
    try:
        with request.app.state.site.databases.reading() as connection:
            connection.exec_driver_sql("SELECT 1")
    except (OutageError, SetupError):
        return JSONResponse({"ready": False}, status_code=503)
    return JSONResponse({"ready": True})


def _explain_errors(app: FastAPI) -> None:
    """Each expected failure as a page, or as JSON under /api/, that says what to do."""

    def answer(request: Request, status: int, title: str, said: str) -> Response:
        if request.url.path.startswith("/api/"):
            return JSONResponse({"detail": said}, status_code=status)
        return page(request, "error.html.j2", status=status, title=title, said=said)

    @app.exception_handler(RequestValidationError)
    def unreadable(request: Request, error: RequestValidationError) -> Response:
        faults = "; ".join(in_words(fault) for fault in error.errors())
        return answer(request, 422, "This address cannot be read", faults)

    @app.exception_handler(WrongAddressError)
    @app.exception_handler(CursorError)
    @app.exception_handler(DataError)
    def senseless(request: Request, error: Exception) -> Response:
        return answer(request, 422, "This address asks for something that cannot be", str(error))

    @app.exception_handler(QueryError)
    def wrong_query(_: Request, error: QueryError) -> Response:
        # Of the API: the page of mentions shows it beside the query.
        said = {"detail": str(error), "line": error.line, "column": error.column, "expected": error.expected}
        return JSONResponse(said, status_code=422)

    @app.exception_handler(CorrectionError)
    def refused(request: Request, error: Exception) -> Response:
        return answer(request, 409, "The correction was not saved", str(error))

    @app.exception_handler(ForbiddenError)
    def forbidden(request: Request, error: Exception) -> Response:
        return answer(request, 403, "This is for others to change", str(error))

    @app.exception_handler(AnswerError)
    def unanswered(request: Request, error: Exception) -> Response:
        return answer(request, 409, "Nothing was saved", str(error))

    @app.exception_handler(UnstorableError)
    def unstorable(request: Request, _: Exception) -> Response:
        return answer(request, 422, "The database cannot take this", "A value is out of range or no text.")

    @app.exception_handler(OutageError)
    def away(request: Request, error: Exception) -> Response:
        slow = "57014" in str(error)  # query_canceled: our own statement timeout
        if slow:
            return answer(request, 503, "This takes too long", "Choose a shorter period or fewer brands.")
        return answer(request, 503, "The database does not answer", "Try again in a minute.")

    @app.exception_handler(SetupError)
    def misconfigured(request: Request, error: Exception) -> Response:
        return answer(request, 500, "The service is not set up completely", str(error))

    @app.exception_handler(HTTPException)
    def missing(request: Request, error: HTTPException) -> Response:
        title = "There is no such page" if error.status_code == 404 else "That did not work"
        return answer(request, error.status_code, title, error.detail)
