"""Views of the pages that people have sent to them: written down, listed, stopped, and due."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
import structlog
from sqlalchemy import Connection, select, text, update
from sqlalchemy.dialects.postgresql import insert

from monitor.delivery.recipients import numbered
from monitor.delivery.schedule import Schedule, read_schedule
from monitor.delivery.sender import Dispatch
from monitor.delivery.subscribers import Service, Subscriber
from monitor.storage.subscription_tables import subscription

_log = structlog.get_logger(__name__)

MOST: Final = 200
"""Running at a time: each costs seconds when it is due."""


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A view that is sent, as pages show it: without the secrets of its recipients' addresses."""

    id: int
    view: str
    """As `Asked.address` writes it."""
    schedule: str
    recipients: tuple[str, ...]
    created_at: datetime
    created_by: str
    state: str | None
    """What became of the latest one: a state of table `report_delivery`; None before the first."""
    due_at: datetime | None
    detail: str | None
    """Why it failed."""


class TooManyError(Exception):
    """There are as many subscriptions as may be."""


def subscribe(
    connection: Connection,
    *,
    view: str,
    times: Schedule,
    recipients: Mapping[str, str],
    by: str,
) -> int:
    """Have a view sent from its next due moment on; returns the subscription's id.

    `recipients` are as `read_subscribers` gives them. Raises `TooManyError`.
    """
    names: list[str] = []
    for name in recipients.values():
        names.append(numbered(name, names))
    running = select(subscription.c.id).where(subscription.c.stopped_at.is_(None))
    if len(connection.execute(running).all()) >= MOST:
        raise TooManyError(f"{MOST} views are sent already; stop one that nobody reads")
    made = insert(subscription).values(
        view=view,
        schedule=str(times),
        addresses=" ".join(recipients),
        recipients=names,
        created_by=by,
    )
    return int(connection.execute(made.returning(subscription.c.id)).scalar_one())


def stop(connection: Connection, id: int, by: str, now: datetime) -> bool:
    """Send it no more and forget its addresses; False where there was nothing to stop."""
    stopped = (
        update(subscription)
        .where(subscription.c.id == id, subscription.c.stopped_at.is_(None))
        .values(stopped_at=now, stopped_by=by, addresses=None)
    )
    return connection.execute(stopped).rowcount > 0


def subscriptions(connection: Connection) -> tuple[Subscription, ...]:
    """Those that are sent, the newest first, each with what became of its latest report."""
    rows = connection.execute(_LISTED)
    return tuple(Subscription(**{**row._asdict(), "recipients": tuple(row.recipients)}) for row in rows)


def dispatches(connection: Connection, service: Service) -> tuple[Dispatch, ...]:
    """What is sent when and to whom. Nobody's address is read before there is something to send to it."""
    rows = connection.execute(
        select(
            subscription.c.id,
            subscription.c.view,
            subscription.c.schedule,
            subscription.c.addresses,
            subscription.c.recipients,
            subscription.c.created_at,
        )
        .where(subscription.c.stopped_at.is_(None))
        .order_by(subscription.c.id)
    )
    found = []
    for row in rows:
        try:
            times = read_schedule(row.schedule)
            whom = tuple(zip(row.recipients, row.addresses.split(), strict=True))
        except ValueError as error:  # a zone that this machine's zone database does not have
            _log.error("a view cannot be sent", subscription=row.id, view=row.view, why=str(error))
            continue
        found.append(
            Dispatch(
                times=times,
                recipients=[Subscriber(name, address, service) for name, address in whom],
                view=row.view,
                subscription=row.id,
                named_at=row.created_at,
            )
        )
    return tuple(found)


_LISTED: Final = text("""
    SELECT s.id, s.view, s.schedule, s.recipients, s.created_at, s.created_by,
           d.state, d.due_at, d.detail
    FROM subscription AS s
    LEFT JOIN LATERAL (
        SELECT state, due_at, detail FROM report_delivery
        WHERE subscription_id = s.id ORDER BY due_at DESC, state = 'sent', id LIMIT 1
    ) AS d ON true
    WHERE s.stopped_at IS NULL ORDER BY s.id DESC
""")
