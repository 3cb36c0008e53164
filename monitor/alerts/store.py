"""Rules and their recipients in the database: read, saved, changed, given up."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from monitor.alerts.rules import Rule, RuleError, check
from monitor.delivery.recipients import numbered
from monitor.storage.alert_tables import alert_recipient, alert_rule
from monitor.storage.tables import brand


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A recipient as the pages show it: without its secrets."""

    id: int
    name: str
    added_by: str | None
    added_at: datetime


def rules(connection: Connection) -> list[Rule]:
    """Every rule that was not given up, the oldest first."""
    rows = connection.execute(_SELECT.where(alert_rule.c.ended_at.is_(None)).order_by(alert_rule.c.id))
    return [Rule(**row._asdict()) for row in rows]


def rule(connection: Connection, id: int) -> Rule | None:
    """One rule, given up or not; None where there is none of that id."""
    row = connection.execute(_SELECT.where(alert_rule.c.id == id)).one_or_none()
    return None if row is None else Rule(**row._asdict())


def save(connection: Connection, asked: Rule, by: str | None) -> int:
    """Store a new rule, or what became of the one with its id; returns its id.

    Raises `RuleError` for what cannot be watched, and for a rule that was given up meanwhile.
    """
    check(asked)
    values = {name: getattr(asked, name) for name in _ASKED} | {"brand_id": _brand(connection, asked)}
    if not asked.id:
        made = insert(alert_rule).values(**values, made_by=by, changed_by=by).returning(alert_rule.c.id)
        return int(connection.execute(made).scalar_one())
    # Looked at anew: what it asks for now may have happened already.
    changed = (
        _change(asked.id)
        .values(**values, changed_by=by, changed_at=func.now(), looked_at=None, problem=None)
        .returning(alert_rule.c.id)
    )
    if connection.execute(changed).first() is None:
        raise RuleError("this alert was given up meanwhile")
    return asked.id


def pause(connection: Connection, id: int, by: str | None, *, paused: bool) -> None:
    """Stop watching, or go on."""
    connection.execute(_change(id).values(paused=paused, changed_by=by, changed_at=func.now()))


def end(connection: Connection, id: int, by: str | None) -> None:
    """Give a rule up: its history is kept, its recipients' addresses are not."""
    connection.execute(_change(id).values(ended_at=func.now(), changed_by=by, changed_at=func.now()))
    connection.execute(delete(alert_recipient).where(alert_recipient.c.rule_id == id))


def looked(connection: Connection, rule: Rule, until: datetime, problem: str | None) -> None:
    """Note up to where a rule was looked at, and what was in the way; not of one changed meanwhile."""
    same = (alert_rule.c.id == rule.id, alert_rule.c.changed_at == rule.changed_at)
    connection.execute(update(alert_rule).where(*same).values(looked_at=until, problem=problem))


def recipients(connection: Connection, id: int) -> Sequence[Named]:
    """Whom the alerts of a rule are sent to, besides the default recipients."""
    rows = connection.execute(
        select(
            alert_recipient.c.id,
            alert_recipient.c.name,
            alert_recipient.c.added_by,
            alert_recipient.c.added_at,
        )
        .where(alert_recipient.c.rule_id == id)
        .order_by(alert_recipient.c.id)
    )
    return [Named(**row._asdict()) for row in rows]


def addresses(connection: Connection, id: int) -> dict[str, str]:
    """The same with their secrets, by name; brand_monitor_read may not ask."""
    rows = connection.execute(
        select(alert_recipient.c.name, alert_recipient.c.address)
        .where(alert_recipient.c.rule_id == id)
        .order_by(alert_recipient.c.id)
    )
    return {row.name: row.address for row in rows}


def add_recipient(
    connection: Connection,
    id: int,
    name: str,
    address: str,
    by: str | None,
    reserved: Collection[str] = (),
) -> str:
    """Send the alerts of a rule there, too; returns the name it is known by, with a number where it must be.

    `reserved` are the names of the default recipients. What is there already stays as it is.
    """
    known = addresses(connection, id)
    for shown, there in known.items():
        if there == address:
            return shown
    shown = numbered(name, {*known, *reserved})
    connection.execute(insert(alert_recipient).values(rule_id=id, name=shown, address=address, added_by=by))
    return shown


def remove_recipient(connection: Connection, id: int, recipient: int) -> None:
    """Send the alerts of a rule there no more; what waits for it is dropped."""
    connection.execute(
        delete(alert_recipient).where(alert_recipient.c.rule_id == id, alert_recipient.c.id == recipient)
    )


def _brand(connection: Connection, asked: Rule) -> int | None:
    if asked.scope != "brand":
        return None
    row = connection.execute(
        select(brand.c.id, brand.c.own).where(brand.c.name == asked.brand, brand.c.watched)
    ).one_or_none()
    if row is None:
        raise RuleError(f"{asked.brand!r} is no brand that is watched; choose one from the list")
    if asked.kind == "competitor" and row.own:
        raise RuleError(f"{asked.brand} is ours: choose a competitor, or another kind of alert")
    return int(row.id)


def _change(id: int) -> Any:
    return update(alert_rule).where(alert_rule.c.id == id, alert_rule.c.ended_at.is_(None))


_ASKED: Final = (
    *("name", "kind", "scope", "query", "source", "reach", "sensitivity", "cool_down", "to_default"),
    *("quiet_from", "quiet_until", "digest", "digest_at", "zone"),
)

_COLUMNS: Final[list[ColumnElement[Any]]] = [
    *(column for column in alert_rule.c if column.name != "brand_id"),
    brand.c.name.label("brand"),
]
_SELECT: Final = (
    select(*_COLUMNS).select_from(alert_rule).outerjoin(brand, brand.c.id == alert_rule.c.brand_id)
)
