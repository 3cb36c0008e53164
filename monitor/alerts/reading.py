"""Alerts that were raised, read back: for messages, for Kafka, and for the page that tells what became of
each."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from monitor.alerts.wording import link
from monitor.messages import Alert
from monitor.storage.alert_tables import alert, alert_delivery, alert_rule
from monitor.storage.tables import brand


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an alert at a recipient."""

    recipient: str
    state: str
    """As in table alert_delivery."""
    held: str | None
    due_at: datetime
    attempts: int
    changed_at: datetime
    detail: str | None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An alert and what became of it."""

    alert: Alert
    published_at: datetime | None
    deliveries: tuple[Delivery, ...]


def alerts(connection: Connection, base: str | None, zone: tzinfo, ids: Sequence[int]) -> list[Alert]:
    """Alerts of these ids, the oldest first; `base` is where the pages are, days are the zone's."""
    rows = connection.execute(_SELECT.where(alert.c.id.in_(ids)).order_by(alert.c.id))
    return [_alert(row, base, zone) for row in rows]


def history(
    connection: Connection,
    base: str | None,
    zone: tzinfo,
    rule_id: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Told]:
    """What was raised, of one rule or of all, the newest first; `before` goes on behind that alert's id."""
    query = _SELECT.add_columns(alert.c.published_at).order_by(alert.c.id.desc()).limit(limit)
    if rule_id is not None:
        query = query.where(alert.c.rule_id == rule_id)
    if before is not None:
        query = query.where(alert.c.id < before)
    rows = connection.execute(query).all()
    by_alert: dict[int, list[Delivery]] = {}
    for each in connection.execute(
        select(alert_delivery)
        .where(alert_delivery.c.alert_id.in_([row.id for row in rows]))
        .order_by(alert_delivery.c.alert_id, alert_delivery.c.recipient)
    ):
        told = each._asdict()
        by_alert.setdefault(told.pop("alert_id"), []).append(Delivery(**told))
    return [
        Told(
            alert=_alert(row, base, zone),
            published_at=row.published_at,
            deliveries=tuple(by_alert.get(row.id, ())),
        )
        for row in rows
    ]


def unheard(connection: Connection, now: datetime, patience: timedelta) -> list[str]:
    """Who waits for an alert so long after it was due, or was refused one, and why."""
    lost = alert_delivery.c.state.in_(("failed", "given-up", "sending"))
    since = alert_delivery.c.changed_at > now - _REMEMBERED
    late = (alert_delivery.c.state == "waiting") & (alert_delivery.c.due_at < now - patience)
    rows = connection.execute(
        select(alert_delivery, alert.c.title)
        .join(alert, alert.c.id == alert_delivery.c.alert_id)
        .where(late | (lost & since))
        .order_by(alert_delivery.c.alert_id)
    )
    return [
        f"{row.recipient}: the alert “{row.title}” {_UNHEARD[row.state]}{f': {said}' if said else ''}"
        for row in rows
        for said in [row.detail]
    ]


def _alert(row: Any, base: str | None, zone: tzinfo) -> Alert:
    raised = Alert(**{name: getattr(row, name) for name in _FIELDS})
    return raised if base is None else msgspec.structs.replace(raised, link=link(base, raised, zone))


_REMEMBERED: Final = timedelta(days=1)
"""What was lost longer ago was read on the page, or nobody minds."""

_UNHEARD: Final = {
    "waiting": "was not sent",
    "failed": "was refused and is tried again",
    "given-up": "was refused too often",
    "sending": "may not have arrived",
}

_FIELDS: Final = tuple(name for name in Alert.__struct_fields__ if name != "link")

_SELECT: Final = (
    select(
        *(alert.c[name] for name in _FIELDS if name not in ("rule", "brand")),
        alert_rule.c.name.label("rule"),
        brand.c.name.label("brand"),
    )
    .join(alert_rule, alert_rule.c.id == alert.c.rule_id)
    .outerjoin(brand, brand.c.id == alert.c.brand_id)
)
