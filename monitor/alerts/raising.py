"""Looks at rules and stores what they have to tell, with whom to tell it and when: each alert once."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from monitor.alerts import store
from monitor.alerts.findings import EVERY_SOURCE, Finding, find, together, windows
from monitor.alerts.rules import Rule
from monitor.alerts.series import load
from monitor.alerts.timing import due
from monitor.alerts.wording import title
from monitor.delivery.harmless import harmless
from monitor.insights.causes import Cause, cause
from monitor.messages import Label
from monitor.reports.labels import label
from monitor.reports.wording import number
from monitor.storage.alert_tables import alert, alert_delivery
from monitor.storage.mention_tables import mention
from monitor.storage.tables import brand

_log = structlog.get_logger(__name__)

_PATIENCE: Final = 120.0
"""Seconds that the mentions of one rule may be read for: others wait meanwhile."""

_CAUSED: Final = ("volume-up", "criticism", "negative-share", "competitor", "reach")
"""Kinds whose mentions a cause is looked for in. A theme is one."""


def raise_due(engine: Engine, until: datetime, now: datetime, defaults: Sequence[str]) -> int:
    """Look at each rule not looked at up to `until`, a whole hour; returns how many alerts that made.

    A rule that cannot be looked at keeps no other from it: the reason is stored with it and logged. Call it
    with the lock of senders held. `defaults` are the names of the default recipients.
    """
    raised = 0
    with engine.connect() as connection:
        waiting = [
            each
            for each in store.rules(connection)
            if not each.paused and (each.looked_at is None or each.looked_at < until)
        ]
    for rule in waiting:
        problem = None
        try:
            raised += _look(engine, rule, until, now, defaults)
        except Exception as error:
            # Whatever it is: the others have to be looked at, and people see it on the page.
            problem = str(error).split("\n", 1)[0][:300] or type(error).__name__
            _log.error("an alert could not be looked at", rule=rule.name, why=problem)
        with engine.begin() as connection:
            store.looked(connection, rule, until, problem)
    return raised


def _look(engine: Engine, rule: Rule, until: datetime, now: datetime, defaults: Sequence[str]) -> int:
    with engine.connect() as connection:
        series = load(connection, rule, windows(rule, until), _PATIENCE, whole=True)
        last = _last(connection, rule.id)
        found = [each for one in series if (each := find(rule, one, until, last(one.subject)))]
        if rule.kind == "silence":
            found = together(found, series, until)
        told = [(each, _why(connection, rule, each)) for each in found]
    with engine.begin() as connection:
        return sum(_store(connection, rule, each, why, now, defaults) for each, why in told)


def _last(connection: Connection, rule_id: int) -> Callable[[str], datetime | None]:
    """The end of the window of a subject's latest alert; one about every source is about each of them."""
    rows = connection.execute(
        select(alert.c.subject, func.max(alert.c.until).label("until"))
        .where(alert.c.rule_id == rule_id)
        .group_by(alert.c.subject)
    )
    ends = {row.subject: row.until for row in rows}
    return lambda subject: max((ends[each] for each in (subject, EVERY_SOURCE) if each in ends), default=None)


class _Why(NamedTuple):
    """What made it happen, in words, and the mention whose author they name."""

    words: str
    mention: UUID | None


def _why(connection: Connection, rule: Rule, found: Finding) -> _Why | None:
    if found.brand is None or rule.query is not None or rule.kind not in _CAUSED:
        return None
    try:
        with connection.begin_nested():
            return (
                _widest(connection, rule, found) if rule.kind == "reach" else _cause(connection, rule, found)
            )
    except SQLAlchemyError as error:
        _log.warning("no cause was found", rule=rule.name, why=str(error).split("\n", 1)[0])
        return None


def _cause(connection: Connection, rule: Rule, found: Finding) -> _Why | None:
    assert found.brand is not None, "sources have no cause"
    feeling: Label | None = "negative" if rule.kind in ("criticism", "negative-share") else None
    why = cause(connection, found.brand, found.since, found.until, feeling)
    if why is None or not any((why.theme_posts, why.story_posts, why.author_posts, why.source_posts)):
        return None
    # The words go with one post: they may name nobody else, whose posts may go alone.
    mention: UUID | None = why.first_mention_id
    if mention is not None:
        who = why.first_source, why.first_author
    elif why.author_posts:
        who, mention = (why.author_source, why.author), _by(connection, why)
    else:
        who, mention = (why.widest_source, why.widest_author), why.widest_mention_id
    if (why.author_source, why.author) != who:
        why = msgspec.structs.replace(why, author_posts=0)
    if (why.widest_source, why.widest_author) != who:
        why = msgspec.structs.replace(why, widest_reach=None)
    return _Why(harmless(why.words), mention)


def _by(connection: Connection, why: Cause) -> UUID | None:
    """A mention of the author that many of the posts are by."""
    query = text("""
        SELECT p.mention_id FROM presence AS p
        WHERE p.brand_id = (SELECT id FROM brand WHERE name = :brand)
          AND p.source = :author_source AND p.author = :author
          AND p.published_at >= :since AND p.published_at < :until
        ORDER BY p.published_at, p.mention_id LIMIT 1
    """)
    found: UUID | None = connection.execute(query, msgspec.structs.asdict(why)).scalar()
    return found


def _widest(connection: Connection, rule: Rule, found: Finding) -> _Why | None:
    row = connection.execute(
        text("""
            SELECT p.mention_id, p.author, p.source, p.reach FROM presence AS p
            WHERE p.brand_id = (SELECT id FROM brand WHERE name = :brand) AND p.reach >= :reach
              AND p.published_at >= :since AND p.published_at < :until
            ORDER BY p.reach DESC, p.published_at, p.mention_id LIMIT 1
        """),
        {"brand": found.brand, "reach": rule.reach, "since": found.since, "until": found.until},
    ).first()
    if row is None:
        return None
    who = f"{label(row.author, 60) if row.author else 'an unnamed author'} ({label(row.source, 60)})"
    return _Why(harmless(f"{who} reaches {number(row.reach)} people"), row.mention_id)


def _held(connection: Connection, id: UUID) -> bool:
    """Whether the mention is there, and stays until the transaction ends."""
    there = select(mention.c.id).where(mention.c.id == id).with_for_update(read=True, key_share=True)
    return connection.execute(there).first() is not None


def _store(
    connection: Connection,
    rule: Rule,
    found: Finding,
    why: _Why | None,
    now: datetime,
    defaults: Sequence[str],
) -> int:
    values: dict[str, Any] = {
        name: getattr(found, name)
        for name in (
            *("subject", "since", "until", "observed", "expected", "baseline_windows", "p_value"),
            *("share", "usual_share", "reach"),
        )
    }
    of_brand = select(brand.c.id).where(brand.c.name == found.brand).scalar_subquery()
    if why is not None and why.mention is not None and not _held(connection, why.mention):
        why = None  # the post was deleted since: what names its author goes with it
    made = (
        insert(alert)
        .values(
            **values,
            rule_id=rule.id,
            kind=rule.kind,
            query=rule.query,
            brand_id=of_brand,
            title=title(rule, found),
            cause=why.words if why is not None else None,
            first_mention_id=why.mention if why is not None else None,
            raised_at=now,
        )
        .on_conflict_do_nothing()
        .returning(alert.c.id)
    )
    row = connection.execute(made).first()
    if row is None:
        return 0  # raised before, by a process that ended before it noted that
    _log.warning("alert", rule=rule.name, subject=found.subject, observed=found.observed)
    names = [each.name for each in store.recipients(connection, rule.id)]
    names += [name for name in defaults if rule.to_default]
    at, held = due(rule, now)
    for name in dict.fromkeys(names):
        connection.execute(
            insert(alert_delivery).values(
                alert_id=row.id, recipient=name, state="waiting", held=held, due_at=at, changed_at=now
            )
        )
    return 1
