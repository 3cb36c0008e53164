"""Views that are sent by themselves: the list of them, the form that asks for one, the way to stop one."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal, get_args
from zoneinfo import available_timezones

import msgspec
from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from fastapi import Path as InPath
from starlette.responses import RedirectResponse, Response

from monitor.delivery import read_schedule
from monitor.delivery.subscribers import Service, read_subscribers
from monitor.delivery.subscriptions import Subscription, TooManyError, stop, subscribe, subscriptions
from monitor.reports.asked import Asked, Page, read_address
from monitor.web.corrections import Name, signer
from monitor.web.framing import Frame, framed
from monitor.web.mentions import OneLabel, Words, asked
from monitor.web.roles import Role, require
from monitor.web.site import Site, site
from monitor.web.take import asked_of
from monitor.web.views import Choice

router: Final = APIRouter(include_in_schema=False)

Weekday = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "daily"]

_ANY_DAY: Final = datetime(2000, 1, 1, tzinfo=UTC)
_ZONES: Final = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What the form holds."""

    day: str = "Monday"
    at: str = "08:00"
    zone: str
    to: str = ""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription as the list shows it: what it sends in words, and when it is due next."""

    it: Subscription
    about: Asked | None
    """None for a view or a schedule that this version does not know."""
    next_due: datetime | None


@router.get("/subscriptions")
def listed(request: Request, choice: Annotated[Choice, Depends()]) -> Response:
    """What is sent when and to whom, and what became of the latest."""
    with framed(request, choice) as frame:
        found = [_shown(each, datetime.now(UTC)) for each in subscriptions(frame.connection)]
        return frame.page("subscriptions.html.j2", found=found)


@router.get("/subscriptions/new")
def asking(
    request: Request,
    choice: Annotated[Choice, Depends()],
    page: Page = "overview",
    name: Annotated[str | None, Query(description="The brand of the page of one brand.")] = None,
    q: Words = None,
    label: OneLabel = None,
) -> Response:
    """The form that has a view sent."""
    asked(q)
    with framed(request, choice) as frame:
        return _form(frame, asked_of(page, frame.view, name, q, label))


@router.post("/subscriptions")
def make(
    request: Request,
    choice: Annotated[Choice, Depends()],
    view: Annotated[str, Form(max_length=4000)],
    day: Annotated[Weekday, Form()],
    at: Annotated[str, Form(max_length=10)],
    zone: Annotated[str, Form(max_length=100)],
    to: Annotated[str, Form(max_length=4000)],
    by: Name = None,
) -> Response:
    """Have a view sent from its next due moment on; to other services than e-mail admins only."""
    if "://" in to:
        require(request, Role.ADMIN)
    here = site(request)
    try:
        wanted = read_address(view, _ANY_DAY, _ANY_DAY + timedelta(days=1))
    except ValueError as error:
        raise HTTPException(422, f"This view cannot be sent: {error}") from None
    try:
        _subscribe(here, wanted, day=day, at=at, zone=zone, to=to, by=signer(request, by))
    except (ValueError, TooManyError) as error:
        # An address of apprise's holds a secret: it is not shown again, not even to be mended.
        given = Given(day=day, at=at, zone=zone, to="" if "://" in to else to)
        with framed(request, choice) as frame:
            return _form(frame, wanted, given, fault=str(error))
    return RedirectResponse("/subscriptions", status_code=303)


@router.post("/subscriptions/{id}/stop")
def end(request: Request, id: Annotated[int, InPath(ge=1, le=2**63 - 1)], by: Name = None) -> Response:
    """Send it no more."""
    who = signer(request, by)
    if not who:
        raise HTTPException(422, "Say who stops it: your name is missing.")
    with site(request).databases.correcting() as connection:
        stop(connection, id, who, datetime.now(UTC))
    return RedirectResponse("/subscriptions", status_code=303)


def _subscribe(here: Site, wanted: Asked, *, day: str, at: str, zone: str, to: str, by: str) -> None:
    """Raises `ValueError` for what cannot be, and `TooManyError`."""
    if not by:
        raise ValueError("your name is missing: the list says who asked for what")
    times = read_schedule(f"{day} {at} {zone.strip() or '-'}")
    recipients = read_subscribers(to, Service.of(here.settings))
    with here.databases.correcting() as connection:
        subscribe(
            connection,
            view=wanted.address,
            times=times,
            recipients=recipients,
            by=by,
        )


def _form(frame: Frame, wanted: Asked, given: Given | None = None, fault: str = "") -> Response:
    return frame.page(
        "subscribe.html.j2",
        status=422 if fault else 200,
        wanted=wanted,
        given=given or Given(zone=frame.zone),
        fault=fault,
        days=get_args(Weekday),
        zones=_ZONES,
    )


def _shown(each: Subscription, now: datetime) -> Shown:
    """What this version or machine cannot read is shown as it is stored."""
    try:
        times = read_schedule(each.schedule)
        before = times.period(times.latest_due(now))
        about = read_address(each.view, before.since, before.until)
    except ValueError:
        return Shown(it=each, about=None, next_due=None)
    return Shown(it=each, about=about, next_due=times.next_due(now).astimezone(times.zone))
