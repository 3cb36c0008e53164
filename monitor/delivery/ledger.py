"""What was sent to whom, in table `report_delivery`: the record that makes "once" true across restarts.

Only the process that holds the lock sends. A row says `sending` before the message leaves and `sent` after. A
process that dies in between leaves `sending`: that report may have arrived, so nobody sends it again.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, Engine, func, select, update
from sqlalchemy.dialects.postgresql import insert

from monitor.delivery.schedule import Period
from monitor.reports.wording import counted
from monitor.storage.subscription_tables import report_delivery

_LOCK: Final = 0x6272616E64  # "brand", as PostgreSQL wants it: a number

_FIRST_RETRY: Final = timedelta(minutes=1)
_LONGEST_RETRY: Final = timedelta(hours=1)
"""A failed delivery is tried again after a minute, then after twice as long each time, up to an hour."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A row of `report_delivery`."""

    recipient: str
    since: datetime
    until: datetime
    due_at: datetime
    state: str
    attempts: int
    changed_at: datetime
    detail: str | None

    @property
    def retry_at(self) -> datetime | None:
        """When to try again; None unless it failed."""
        if self.state != "failed":
            return None
        return self.changed_at + pause_after(self.attempts)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many tries that failed, 1 or more."""
    doubled: int = 2 ** min(attempts - 1, 10)
    return min(_FIRST_RETRY * doubled, _LONGEST_RETRY)


@contextmanager
def sole_sender(engine: Engine) -> Iterator[Connection | None]:
    """A connection that holds the lock of all senders, or None where another process holds it.

    The lock belongs to the session: it goes with a killed process. Statements commit one by one.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        held = connection.execute(select(func.pg_try_advisory_lock(_LOCK))).scalar_one()
        if not held:
            yield None
            return
        try:
            yield connection
        finally:
            connection.execute(select(func.pg_advisory_unlock(_LOCK)))


def delivery(
    connection: Connection, recipient: str, period: Period, subscription: int | None = None
) -> Delivery | None:
    """What became of a period's report to a recipient; None where nothing did yet.

    `subscription` here and below: the view that is sent; None for the report that the settings schedule.
    """
    row = connection.execute(_SELECT.where(*_row(recipient, period, subscription))).one_or_none()
    return None if row is None else Delivery(*row)


def latest(connection: Connection, limit: int = 20) -> Sequence[Delivery]:
    """The latest deliveries, newest first."""
    rows = connection.execute(_SELECT.order_by(report_delivery.c.changed_at.desc()).limit(limit))
    return [Delivery(*row) for row in rows]


def overdue(
    connection: Connection,
    recipients: Sequence[str],
    period: Period,
    subscription: int | None = None,
    *,
    named: bool = False,
) -> list[tuple[str, str]]:
    """Of the recipients, those without the period's report, and why; nobody who was named only now.

    `named`: they are known to have been named before the report was due.
    """
    late = failed(connection, recipients, period, subscription)
    for name in recipients:
        row = delivery(connection, name, period, subscription)
        if row is None and (named or last_due(connection, name, subscription) is not None):
            late.append((name, "was not sent"))
        elif row is not None and row.state == "sending":
            late.append((name, f"may not have arrived: {row.detail or 'the sender ended meanwhile'}"))
    return late


def failed(
    connection: Connection, recipients: Sequence[str], period: Period, subscription: int | None = None
) -> list[tuple[str, str]]:
    """Of the recipients, those whose report failed so far, and why."""
    rows = [(name, delivery(connection, name, period, subscription)) for name in recipients]
    return [
        (name, f"failed {counted(row.attempts, 'time')}: {row.detail}")
        for name, row in rows
        if row is not None and row.state == "failed"
    ]


def last_due(connection: Connection, recipient: str, subscription: int | None = None) -> datetime | None:
    """When the recipient's latest report was due; None for one who was named only now."""
    newest = select(func.max(report_delivery.c.due_at)).where(
        report_delivery.c.recipient == recipient, _of(subscription)
    )
    found: datetime | None = connection.execute(newest).scalar_one()
    return found


def skip(
    connection: Connection, recipient: str, period: Period, due: datetime, subscription: int | None = None
) -> None:
    """Record that the report was due before the recipient was named."""
    connection.execute(
        insert(report_delivery)
        .values(
            subscription_id=subscription,
            recipient=recipient,
            **_period(period),
            due_at=due,
            state="skipped",
            attempts=0,
        )
        .on_conflict_do_nothing()
    )


def claim(
    connection: Connection,
    recipient: str,
    period: Period,
    due: datetime,
    now: datetime,
    subscription: int | None = None,
) -> bool:
    """Mark it as being sent; False where somebody did before and it has not failed since."""
    fresh = insert(report_delivery).values(
        subscription_id=subscription,
        recipient=recipient,
        **_period(period),
        due_at=due,
        state="sending",
        attempts=1,
        changed_at=now,
    )
    claimed = fresh.on_conflict_do_update(
        index_elements=["subscription_id", "recipient", "since", "until"],
        set_={
            "state": "sending",
            "attempts": report_delivery.c.attempts + 1,
            "changed_at": now,
            "detail": None,
        },
        where=report_delivery.c.state == "failed",
    ).returning(report_delivery.c.id)
    return connection.execute(claimed).first() is not None


def settle(
    connection: Connection,
    recipient: str,
    period: Period,
    state: str,
    now: datetime,
    detail: str = "",
    subscription: int | None = None,
) -> None:
    """Record how it ended: `sent`, `failed`, or still `sending` with why nobody knows."""
    connection.execute(
        update(report_delivery)
        .where(*_row(recipient, period, subscription))
        .values(state=state, changed_at=now, detail=detail or None)
    )


def _of(subscription: int | None) -> ColumnElement[bool]:
    return report_delivery.c.subscription_id.is_not_distinct_from(subscription)


def _row(recipient: str, period: Period, subscription: int | None) -> tuple[ColumnElement[bool], ...]:
    return (
        _of(subscription),
        report_delivery.c.recipient == recipient,
        report_delivery.c.since == period.since,
        report_delivery.c.until == period.until,
    )


def _period(period: Period) -> dict[str, datetime]:
    return {"since": period.since, "until": period.until}


_SELECT: Final = select(
    report_delivery.c.recipient,
    report_delivery.c.since,
    report_delivery.c.until,
    report_delivery.c.due_at,
    report_delivery.c.state,
    report_delivery.c.attempts,
    report_delivery.c.changed_at,
    report_delivery.c.detail,
)
