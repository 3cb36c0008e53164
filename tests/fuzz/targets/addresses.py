"""The addresses of pages: parameters are refused with a message, or a view whose link gives the same view."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Query
from fastapi.dependencies.utils import get_dependant, request_params_to_args
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from monitor.errors import DataError
from monitor.reports.listing import Order
from monitor.reports.mentions import CursorError, _place
from monitor.web.mentions import OneLabel, Words
from monitor.web.views import Choice, View, WrongAddressError

LONGEST = 400
WORDS = (
    b"since=",
    b"&until=",
    b"&brand=",
    b"&source=",
    b"&kind=",
    b"&q=",
    b"&after=",
    b"&order=",
    b"%00",
    b"%ED%A0%80",
)
_ZONES = (ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Niue"))


class _OneMention:
    """A database with a single mention: the oldest and the newest."""

    _moment = datetime(2026, 3, 1, 12, tzinfo=ZoneInfo("UTC"))

    def execute(self, *_: object) -> "_OneMention":
        return self

    def scalar(self) -> datetime:
        return self._moment

    def one(self) -> tuple[datetime, datetime]:
        return self._moment, self._moment


def _search(
    choice: Annotated[Choice, Depends()],
    q: Words = None,
    label: OneLabel = None,
    order: Order = "newest",
    after: Annotated[str | None, Query(max_length=500)] = None,
) -> None:
    """The parameters of a search, declared as the pages declare them."""


_PAGE = get_dependant(path="/mentions", call=_search)
_CHOICE = get_dependant(path="/", call=Choice)
_DATABASE: Connection = _OneMention()  # type: ignore[assignment]


def seeds() -> Iterator[bytes]:
    """One byte of the zone, then what follows the question mark."""
    yield b"\0since=2026-03-01&until=2026-03-30&brand=A%26B&brand=C&source=x&kind=text&kind=image"
    yield b"\1q=%22exact+words%22+-without&label=negative&order=reach&since=&until=0002-01-01"
    yield b"\0since=2026-03-01&until=2297-03-30"
    yield b"\2since=9998-12-31&until=9998-12-31&brand=%00&order=oldest"
    yield b"\0order=newest&after=k6ZuZXdlc3TX_wAAAABpo-CA2SQwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDE"
    yield b"\0order=reach&after=k6VyZWFjaAfZJDAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMQ"


def check(data: bytes) -> None:
    """One address."""
    zone = _ZONES[(data[0] if data else 0) % len(_ZONES)]
    given = QueryParams(data[1:])
    values, errors = request_params_to_args(_PAGE.query_params, given)
    view = _view(given, zone)
    if view is not None:
        again = _view(QueryParams(urlsplit(view.link("/")).query.encode()), zone)
        assert again == view, (again, view)
        assert view.days > 0
        assert view.presets()
        view.chosen.values()
        view.chosen.where("m")
        view.chosen.previous()
    if errors or values.get("after") is None:
        return
    try:
        _, mention = _place(values["after"], values["order"])
    except CursorError:
        return
    assert isinstance(mention, UUID)


def _view(given: QueryParams, zone: ZoneInfo) -> View | None:
    values, errors = request_params_to_args(_CHOICE.query_params, given)
    if errors:
        return None
    try:
        return Choice(**values).view(_DATABASE, zone)
    except (WrongAddressError, DataError):
        return None
