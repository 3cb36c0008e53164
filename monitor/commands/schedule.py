"""`brand-monitor schedule`: sends reports when they are due and alerts when they are raised."""

import asyncio
import math
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from monitor.commands.output import table
from monitor.commands.terminal import quiet_clients, say
from monitor.errors import OutageError, SetupError
from monitor.settings import Settings, load_settings

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from monitor.delivery.recipients import Recipient
    from monitor.delivery.schedule import Schedule
    from monitor.delivery.sender import Dispatch
    from monitor.delivery.service import Duty
    from monitor.delivery.subscribers import Service

_PATIENCE: Final = timedelta(minutes=10)
"""A report may be this late before `--check` calls it so: making and sending it takes a minute or two."""

_AT_A_TIME: Final = 20.0
"""Seconds of pruning, and of telling what was deleted, each look: a due report waits no longer."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the settings ask for; `times` is None where they ask for no report."""

    times: "Schedule | None"
    recipients: tuple["Recipient", ...]
    service: "Service"
    """How recipients of the views that people have sent to them are reached."""
    alerted: tuple["Recipient", ...]
    """Default recipients of alerts."""
    retention: str
    """How long mentions are kept, as in the settings; empty: for good."""

    def dispatches(self, connection: "Connection") -> Sequence["Dispatch"]:
        """The report of the settings, and the views that people have sent to them."""
        from monitor.delivery.sender import Dispatch
        from monitor.delivery.subscriptions import dispatches

        ours = () if self.times is None else (Dispatch(self.times, self.recipients),)
        return (*ours, *dispatches(connection, self.service))


def schedule(
    once: Annotated[
        bool, typer.Option("--once", help="Do what is due now and end: for cron or a Kubernetes CronJob.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Print the next report and the latest deliveries, send nothing.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit 1 where somebody still waits for a report that is due.")
    ] = False,
) -> None:
    """Send reports, views and alerts when they are due, and prune what is too old, until SIGTERM.

    Each report of MONITOR_REPORT_SCHEDULE goes once to each of MONITOR_REPORT_TO, each view that people have
    sent to them once to each of theirs. One that was due while nothing ran is sent late. Alerts that people
    set on the pages are looked at every hour; mentions older than MONITOR_RETENTION are pruned every day;
    PREFIX.findings hears of deletions that `forget` could not tell of. Run as many of these as you like: the
    database sees to it that nothing is sent twice.
    """
    from monitor.storage.engine import sync_engine
    from monitor.stream.logs import configure_logging

    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    quiet_clients()
    plan = _plan(settings)
    engine = sync_engine(settings)
    try:
        if show:
            _show(engine, plan)
        elif check:
            _check(engine, plan)
        else:
            _run(settings, engine, plan, once)
    finally:
        engine.dispose()


def _plan(settings: Settings) -> _Plan:
    """Raises `SetupError` where a setting is missing or wrong."""
    from monitor.delivery import read_schedule
    from monitor.delivery.recipients import read_recipients
    from monitor.delivery.subscribers import Service

    try:
        times = read_schedule(settings.report_schedule) if settings.report_schedule else None
    except ValueError as error:
        raise SetupError(f"MONITOR_REPORT_SCHEDULE: {error}") from None
    recipients = read_recipients(settings.report_to, "MONITOR_REPORT_TO")
    if times is not None and not recipients:
        raise SetupError(
            "MONITOR_REPORT_TO is not set; e.g. mailtos://USER:PASSWORD@HOST?to=ADDRESS (docs/reports.md)"
        )
    service = Service.of(settings)
    alerted = read_recipients(settings.alert_to, "MONITOR_ALERT_TO")
    return _Plan(times, recipients, service, alerted, settings.retention)


def _run(settings: Settings, engine: "Engine", plan: _Plan, once: bool) -> None:
    from monitor.alerts.watch import AlertWatch
    from monitor.delivery.links import base_address
    from monitor.delivery.sender import ReportSender
    from monitor.delivery.service import LOOK, attempt, serve
    from monitor.storage.faults import translated
    from monitor.storage.pictures import PictureStore
    from monitor.storage.pruning import Retention
    from monitor.storage.schema import check_revision
    from monitor.stream.deletions import tell_untold

    store = PictureStore(settings.picture_store)
    sender = ReportSender(engine, store, plan.dispatches, settings.report_attach, base_address(settings))
    seconds = math.inf if once else _AT_A_TIME
    duties: list[tuple[str, Duty]] = [
        ("reports", sender.send_due),
        ("alerts", AlertWatch(engine, settings, plan.alerted).look),
        ("deletions", lambda: asyncio.run(tell_untold(engine, settings, seconds))),
    ]
    if plan.retention:
        duties.append(("pruning", Retention(engine, store, plan.retention, seconds).look))

    def check_schema() -> None:
        with translated(), engine.connect() as connection:
            check_revision(connection)

    if once:
        check_schema()
        done = [attempt(name, duty) for name, duty in duties]
        _show(engine, plan)
        _check(engine, plan, patience=timedelta(0))
        if not all(done):
            raise typer.Exit(1)
        return
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        check_schema()
    except OutageError as error:
        say(f"{error}; trying again until it is there")
    _say_next(plan)
    serve(duties, stop, lambda: stop.wait(LOOK))


def _say_next(plan: _Plan) -> None:
    def names(recipients: Sequence["Recipient"]) -> str:
        return ", ".join(each.name for each in recipients)

    if plan.times is not None:
        following = plan.times.next_due(datetime.now(UTC)).astimezone(plan.times.zone)
        say(f"{plan.times}: next report {following.isoformat()}, to {names(plan.recipients)}")
    if plan.retention:
        say(f"mentions: pruned daily where they are older than {plan.retention}")
    say(f"alerts: looked for hourly; by default to {names(plan.alerted) or 'nobody'}")


def _check(engine: "Engine", plan: _Plan, patience: timedelta = _PATIENCE) -> None:
    from monitor.alerts.reading import unheard
    from monitor.delivery.ledger import failed, overdue
    from monitor.storage.faults import translated

    now, late = datetime.now(UTC), []
    with translated(), engine.connect() as connection:
        for each in plan.dispatches(connection):
            due = each.times.latest_due(now)
            names, period = [one.name for one in each.recipients], each.times.period(due)
            if now - due < patience:  # being made and sent; what failed already is told all the same
                waiting = failed(connection, names, period, each.subscription)
            else:
                named = each.named_before(due)
                waiting = overdue(connection, names, period, each.subscription, named=named)
            moment = due.astimezone(each.times.zone).isoformat()
            late += [f"{name}: {each.view} due at {moment} {why}" for name, why in waiting]
        late += unheard(connection, now, patience)
    for said in late:
        say(said)
    if late:
        raise typer.Exit(1)


def _show(engine: "Engine", plan: _Plan) -> None:
    from monitor.delivery.ledger import latest
    from monitor.storage.faults import translated

    _say_next(plan)
    where = plan.times.zone if plan.times is not None else UTC
    with translated(), engine.connect() as connection:
        rows = latest(connection)
    table(
        ("recipient", "from", "until", "state", "attempts", "changed", "why"),
        [
            (
                each.recipient,
                each.since.astimezone(where).date().isoformat(),
                each.until.astimezone(where).date().isoformat(),
                each.state,
                str(each.attempts),
                each.changed_at.astimezone(where).isoformat(timespec="minutes"),
                each.detail or "",
            )
            for each in rows
        ],
    )
