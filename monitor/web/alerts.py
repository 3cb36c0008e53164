"""Alerts: what is watched and what was raised, and the forms that set, try, change and give up a rule."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from monitor.alerts import store, wording
from monitor.alerts.preview import preview
from monitor.alerts.reading import history
from monitor.alerts.rules import COOL_DOWNS, KINDS, SENSITIVITIES, Rule, RuleError
from monitor.delivery.addresses import AddressError
from monitor.delivery.recipients import Outcome, Receipt, Recipient, as_people_write_it, read_recipients
from monitor.delivery.sender import Receiver
from monitor.delivery.subscribers import Service, Subscriber, read_subscribers
from monitor.web.alert_form import Asked, asked_of
from monitor.web.framing import Frame, framed
from monitor.web.roles import Role, require
from monitor.web.site import person, site
from monitor.web.views import Choice

router: Final = APIRouter(prefix="/alerts", include_in_schema=False)

_PAGE: Final = 30

_LATE: Final = timedelta(hours=2, minutes=30)
"""A rule is looked at ten minutes after each hour; so long after that nobody does."""

_AT_ONCE: Final = 8
"""Test messages on their way at a time."""

_MOST_SAID: Final = 300
"""Characters of what a page says after a redirect: they travel in a cookie."""

# Identities are bigints.
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
InForm = Annotated[int, Form(ge=1, le=2**63 - 1)]
Older = Annotated[int | None, Query(ge=1, le=2**63 - 1, description="Alerts before the one of this id.")]


@router.get("")
def all_alerts(request: Request, choice: Annotated[Choice, Depends()], before: Older = None) -> Response:
    """What is watched, and what was raised."""
    with framed(request, choice) as frame:
        now = datetime.now(UTC)
        rules = store.rules(frame.connection)
        told = history(frame.connection, "", site(request).zone, before=before, limit=_PAGE + 1)
        return frame.page(
            "alerts.html.j2",
            rules=[(each, store.recipients(frame.connection, each.id)) for each in rules],
            asleep=_asleep(rules, now),
            recent=sum(each.alert.raised_at > now - timedelta(days=7) for each in told),
            before=before,
            **_words(request),
            **_some(told),
        )


@router.get("/new")
def new_alert(
    request: Request,
    choice: Annotated[Choice, Depends()],
    asked: Annotated[Asked, Depends(asked_of)],
) -> Response:
    """The form, filled in as far as the address says: /alerts/new?query=outage&about=brand:Acme."""
    require(request, Role.ADMIN)
    with framed(request, choice) as frame:
        return _form(frame, asked)


@router.post("/new")
def save_new(
    request: Request,
    choice: Annotated[Choice, Depends()],
    asked: Annotated[Asked, Depends(Asked)],
    do: Annotated[Literal["try", "save"], Form()] = "try",
) -> Response:
    """Show what the alert would have told of, or set it."""
    require(request, Role.ADMIN)
    try:
        rule = asked.rule(site(request).settings.web_zone)
        found = _read(request, asked.to)
        if do == "save":
            with site(request).databases.correcting() as connection:
                id = store.save(connection, rule, person(request))
                _add(request, connection, id, found)
            return _back(request, id, "Set. It is looked at from now on, every hour.")
    except (RuleError, AddressError) as error:
        with framed(request, choice) as frame:
            return _form(frame, asked, wrong=str(error), status=_wrong(do))
    with framed(request, choice) as frame:
        return _form(frame, asked, tried=preview(frame.connection, rule, datetime.now(UTC)), rule=rule)


@router.get("/{rule_id}")
def one_alert(
    request: Request, rule_id: Number, choice: Annotated[Choice, Depends()], before: Older = None
) -> Response:
    """A rule, whom it tells, and what it told of."""
    with framed(request, choice) as frame:
        return _rule_page(frame, _found(frame, rule_id), before=before)


@router.post("/{rule_id}")
def change(
    request: Request,
    rule_id: Number,
    choice: Annotated[Choice, Depends()],
    asked: Annotated[Asked, Depends(Asked)],
    do: Annotated[Literal["try", "save"], Form()] = "try",
) -> Response:
    """Show what the changed alert would have told of, or change it."""
    require(request, Role.ADMIN)
    try:
        rule = asked.rule(site(request).settings.web_zone, rule_id)
        if do == "save":
            with site(request).databases.correcting() as connection:
                store.save(connection, rule, person(request))
            return _back(request, rule_id, "Changed.")
    except RuleError as error:
        with framed(request, choice) as frame:
            found = _found(frame, rule_id)
            return _rule_page(frame, found, asked=asked, wrong=str(error), status=_wrong(do))
    with framed(request, choice) as frame:
        tried = preview(frame.connection, rule, datetime.now(UTC))
        return _rule_page(frame, _found(frame, rule_id), asked=asked, tried=tried, tried_rule=rule)


@router.post("/{rule_id}/recipients")
def add_recipients(request: Request, rule_id: Number, to: Annotated[str, Form()] = "") -> Response:
    """Tell more people."""
    require(request, Role.ADMIN)
    try:
        found = _read(request, to)
    except AddressError as error:
        return _back(request, rule_id, f"Not added: {error}")
    with site(request).databases.correcting() as connection:
        rule = store.rule(connection, rule_id)
        if rule is None:
            raise HTTPException(404, _GONE)
        if rule.ended_at is not None:
            return _back(request, rule_id, "Not added: this alert was given up.")
        names = ", ".join(map(as_people_write_it, _add(request, connection, rule_id, found)))
    return _back(request, rule_id, f"Added: {names}." if names else "Nobody was named.")


@router.post("/{rule_id}/remove")
def remove(request: Request, rule_id: Number, recipient: InForm) -> Response:
    """Tell somebody no more."""
    require(request, Role.ADMIN)
    with site(request).databases.correcting() as connection:
        store.remove_recipient(connection, rule_id, recipient)
    return _back(request, rule_id, "Taken off; the address is forgotten.")


@router.post("/{rule_id}/test")
def test(request: Request, rule_id: Number) -> Response:
    """Send a test message to everybody whom the alert would tell; takes up to a minute."""
    require(request, Role.ADMIN)
    here = site(request)
    with here.databases.correcting() as connection:
        rule, addresses = store.rule(connection, rule_id), store.addresses(connection, rule_id)
    if rule is None:
        raise HTTPException(404, _GONE)
    message, service = wording.test_message(rule), Service.of(here.settings)

    def sent(to: Receiver) -> tuple[str, Receipt]:
        return to.name, to.send(message)

    everybody: list[Receiver] = [Subscriber(name, address, service) for name, address in addresses.items()]
    everybody += _defaults(request) if rule.to_default else ()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return _back(request, rule_id, _tested(list(pool.map(sent, everybody))))


@router.post("/{rule_id}/{do}")
def pause_or_end(request: Request, rule_id: Number, do: Literal["pause", "resume", "end"]) -> Response:
    """Stop watching for a while, go on, or give the alert up."""
    require(request, Role.ADMIN)
    with site(request).databases.correcting() as connection:
        if do == "end":
            store.end(connection, rule_id, person(request))
        else:
            store.pause(connection, rule_id, person(request), paused=do == "pause")
    said = {
        "pause": "Paused: nothing is looked at.",
        "resume": "Watching again.",
        "end": "Given up. What it told of stays here.",
    }
    return _back(request, rule_id, said[do])


_GONE: Final = "There is no alert of that number; /alerts lists all of them."


def _defaults(request: Request) -> tuple[Recipient, ...]:
    return read_recipients(site(request).settings.alert_to, "MONITOR_ALERT_TO")


def _read(request: Request, to: str) -> Mapping[str, str]:
    """The names of the addresses typed, if any. Raises `AddressError`."""
    return read_subscribers(to, Service.of(site(request).settings)) if to.strip() else {}


def _add(request: Request, connection: Connection, rule_id: int, found: Mapping[str, str]) -> list[str]:
    """Returns the names they are known by."""
    reserved = [each.name for each in _defaults(request)]
    return [
        store.add_recipient(connection, rule_id, name, address, person(request), reserved)
        for address, name in found.items()
    ]


def _found(frame: Frame, rule_id: int) -> Rule:
    rule = store.rule(frame.connection, rule_id)
    if rule is None:
        raise HTTPException(404, _GONE)
    return rule


def _form(frame: Frame, asked: Asked, **more: Any) -> Response:
    return frame.page(
        "alert_new.html.j2",
        asked=asked,
        **{"wrong": None, "tried": None, "rule": None, **_words(frame.request), **more},
    )


def _rule_page(
    frame: Frame,
    rule: Rule,
    *,
    asked: Asked | None = None,
    before: int | None = None,
    **more: Any,
) -> Response:
    said = frame.request.session.pop("alert", None)
    told = history(
        frame.connection, "", site(frame.request).zone, rule_id=rule.id, before=before, limit=_PAGE + 1
    )
    return frame.page(
        "alert.html.j2",
        rule=rule,
        asked=asked or Asked.like(rule),
        changing=asked is not None,
        named=store.recipients(frame.connection, rule.id),
        asleep=_asleep([rule], datetime.now(UTC)),
        said=said,
        before=before,
        **{"wrong": None, "tried": None, "tried_rule": None, **_words(frame.request), **_some(told), **more},
    )


def _wrong(do: str) -> int:
    """The status of what makes no sense: a form that is being filled in makes none yet, and is no failure."""
    return 422 if do == "save" else 200


def _some(told: list[Any]) -> dict[str, Any]:
    """A page of what was told, and where to go on."""
    more = told[_PAGE - 1].alert.id if len(told) > _PAGE else None
    return {"told": told[:_PAGE], "older": more}


def _words(request: Request) -> dict[str, Any]:
    """What the forms choose from and how they word it."""
    here = site(request)
    return {
        "kinds": KINDS,
        "levels": SENSITIVITIES,
        "cool_downs": COOL_DOWNS,
        "defaults": [each.name for each in _defaults(request)],
        "short": wording.short,
        "moment": lambda at: wording.moment(at, here.zone),
        "web_zone": here.settings.web_zone,
    }


def _asleep(rules: list[Rule], now: datetime) -> bool:
    """Whether nobody looks at rules: a new one is looked at within the minute."""
    watched = [each for each in rules if not each.paused and each.ended_at is None]
    return bool(watched) and all(now - (each.looked_at or each.changed_at or now) > _LATE for each in watched)


def _tested(said: list[tuple[str, Receipt]]) -> str:
    if not said:
        return "Nobody to send a test to: name somebody below."
    words = {Outcome.SENT: "sent", Outcome.FAILED: "refused", Outcome.UNKNOWN: "may have arrived"}
    told = (
        f"{as_people_write_it(name)}: {words[each.outcome]}{f' ({each.detail})' if each.detail else ''}"
        for name, each in said
    )
    return "Test: " + "; ".join(told)


def _back(request: Request, rule_id: Number, said: str) -> Response:
    """The rule's page, which says it once."""
    request.session["alert"] = said[:_MOST_SAID]
    return RedirectResponse(f"/alerts/{rule_id}", status_code=303)
