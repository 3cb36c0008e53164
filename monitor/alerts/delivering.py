"""Sends alerts that are due, each once to each recipient: claimed before it leaves, settled after.

A process that dies in between leaves `sending`: that message may have arrived, so nobody sends it again. What
a service refuses is tried again after 1, 2, 4, ... up to 60 minutes, ten times in all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Row, select, update

from monitor.alerts import store
from monitor.alerts.reading import alerts
from monitor.alerts.rules import Rule
from monitor.alerts.timing import after_quiet
from monitor.alerts.wording import gathered, message
from monitor.delivery.ledger import pause_after
from monitor.delivery.links import base_address
from monitor.delivery.recipients import Outcome, Receipt, Recipient
from monitor.delivery.sender import Receiver
from monitor.delivery.subscribers import Service, Subscriber
from monitor.reports.quality import is_synthetic
from monitor.settings import Settings
from monitor.storage.alert_tables import alert, alert_delivery

_log = structlog.get_logger(__name__)

_MOST_TRIES: Final = 10
"""Four hours in all; then people hear of it from the page or the topic."""


@dataclass(frozen=True, slots=True)
class _Group:
    """What goes out as one message: one alert, or those that were gathered for one address."""

    rule: Rule
    recipient: str
    address: str | None
    """None: one of the default recipients, or nobody's any more."""
    rows: Sequence[Row[Any]]


def deliver(connection: Connection, settings: Settings, defaults: Sequence[Recipient], now: datetime) -> int:
    """Send what is due; returns how many messages left. Blocks up to a minute for each.

    `connection` commits by itself and holds the lock of senders.
    """
    by_name = {each.name: each for each in defaults}
    sent = 0
    for group in _groups(connection, now):
        claimed = [row.alert_id for row in group.rows if _claim(connection, row, now)]
        if not claimed:
            continue
        receipt = _hand_over(connection, settings, by_name, group, claimed)
        for alert_id in claimed:
            _settle(connection, group, alert_id, receipt, now)
        sent += receipt is not None and receipt.outcome is Outcome.SENT
    return sent


def _groups(connection: Connection, now: datetime) -> list[_Group]:
    """What is due, the oldest first. What was held goes out together, whatever rule it is of."""
    due = connection.execute(
        select(alert_delivery, alert.c.rule_id)
        .join(alert, alert.c.id == alert_delivery.c.alert_id)
        .where(alert_delivery.c.state.in_(("waiting", "failed")), alert_delivery.c.due_at <= now)
        .order_by(alert_delivery.c.alert_id)
    ).all()
    rules = {id: store.rule(connection, id) for id in {row.rule_id for row in due}}
    addresses = {id: store.addresses(connection, id) for id in rules}
    groups: dict[Any, _Group] = {}
    for row in due:
        rule = rules[row.rule_id]
        assert rule is not None, "alert.rule_id is a foreign key"
        address = addresses[row.rule_id].get(row.recipient)
        # Of a rule that was given up nothing is sent: that must not stop what others have to tell.
        ended = rule.ended_at is not None
        key = (row.recipient, address, ended) if row.held else (row.recipient, row.alert_id)
        group = groups.setdefault(key, _Group(rule, row.recipient, address, []))
        groups[key] = _Group(group.rule, group.recipient, group.address, [*group.rows, row])
    return list(groups.values())


def _hand_over(
    connection: Connection,
    settings: Settings,
    defaults: dict[str, Recipient],
    group: _Group,
    claimed: Sequence[int],
) -> Receipt | None:
    """What became of the message; None where there is nobody to send it to any more."""
    recipient: Receiver | None = defaults.get(group.recipient)
    if group.address is not None:
        recipient = Subscriber(group.recipient, group.address, Service.of(settings))
    if recipient is None or group.rule.ended_at is not None:
        return None
    base, zone = base_address(settings), group.rule.zone_info
    synthetic = is_synthetic(connection)
    told = [
        message(each, base, zone, synthetic=synthetic) for each in alerts(connection, base, zone, claimed)
    ]
    return recipient.send(gathered(told))


def _claim(connection: Connection, row: Row[Any], now: datetime) -> bool:
    """Mark it as being sent; False where another process did meanwhile."""
    claimed = connection.execute(
        update(alert_delivery)
        .where(*_is(row.alert_id, row.recipient), alert_delivery.c.state.in_(("waiting", "failed")))
        .values(state="sending", attempts=alert_delivery.c.attempts + 1, changed_at=now, detail=None)
        .returning(alert_delivery.c.alert_id)
    )
    return claimed.first() is not None


def _settle(
    connection: Connection, group: _Group, alert_id: int, receipt: Receipt | None, now: datetime
) -> None:
    """Record how it ended. What may have arrived stays `sending`, with why nobody knows."""
    (row,) = (each for each in group.rows if each.alert_id == alert_id)
    tries = row.attempts + 1
    values: dict[str, Any] = {"changed_at": now, "detail": receipt.detail or None if receipt else None}
    if receipt is None:
        values["state"] = "dropped"
    elif receipt.outcome is Outcome.SENT:
        values["state"] = "sent"
    elif receipt.outcome is Outcome.FAILED and tries < _MOST_TRIES:
        values |= {"state": "failed", "due_at": after_quiet(group.rule, now + pause_after(tries))}
    elif receipt.outcome is Outcome.FAILED:
        values["state"] = "given-up"
    log = _log.info if values.get("state") == "sent" else _log.error
    log(
        f"alert {values.get('state', 'may have arrived')}",
        recipient=group.recipient,
        alert=alert_id,
        tries=tries,
        detail=values["detail"],
    )
    connection.execute(update(alert_delivery).where(*_is(alert_id, group.recipient)).values(**values))


def _is(alert_id: int, recipient: str) -> tuple[Any, Any]:
    return alert_delivery.c.alert_id == alert_id, alert_delivery.c.recipient == recipient
