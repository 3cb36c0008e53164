"""What a rule would have told of in the last sixty days: the function that alerts ask, hour by hour."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection, text

from monitor.alerts.findings import Finding, find, together
from monitor.alerts.rules import Rule
from monitor.alerts.series import HOUR, Series, load
from monitor.insights.usual import FEWEST_WEEKS, WEEK, WEEKS

DAYS: Final = 60

_PATIENCE: Final = 6.0
"""Seconds that mentions are read for; a page takes no longer."""

_RECENT: Final = timedelta(days=2)
"""So long ago at most the newest mention may be for the days before it to be the last ones."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule would have told of between `since` and `until`; at `until` the newest mention was known."""

    since: datetime
    until: datetime
    found: tuple[Finding, ...]
    """The oldest first."""
    subjects: int
    """Brands, sources or queries that it watched."""
    short: bool
    """It looked at fewer than the sixty days: too little is known before, or too much was to be read."""
    recent: bool
    """It ends now."""


def preview(connection: Connection, rule: Rule, now: datetime) -> Preview:
    """What a rule would have told of. Takes some seconds at most where it has a query.

    Raises `RuleError`, `QueryError` and what the database raises.
    """
    until = _end(connection, now)
    since = until - timedelta(days=DAYS)
    series = load(
        connection, rule, [(since - WEEKS * WEEK - timedelta(days=1), until)], _PATIENCE, whole=False
    )
    known = [_known(rule, each, since) for each in series]
    begin = min(known, default=since)
    return Preview(
        since=begin,
        until=until,
        found=tuple(_found(rule, series, begin, until)),
        subjects=len(series),
        short=begin > since,
        recent=now - until < _RECENT,
    )


def _found(rule: Rule, series: list[Series], since: datetime, until: datetime) -> list[Finding]:
    last: dict[str, datetime] = {}
    told: list[Finding] = []
    moment = since
    while moment <= until:
        found = [each for one in series if (each := find(rule, one, moment, last.get(one.subject)))]
        told += together(found, series, moment) if rule.kind == "silence" else found
        last |= {each.subject: moment for each in found}
        moment += HOUR
    return told


def _known(rule: Rule, series: Series, since: datetime) -> datetime:
    """The first whole hour with enough of a past to tell what is usual."""
    if series.earliest is None:
        return since
    weeks = timedelta() if rule.kind == "reach" else FEWEST_WEEKS * WEEK + timedelta(days=1)
    return max(since, _hour(series.earliest) + weeks + HOUR)


def _end(connection: Connection, now: datetime) -> datetime:
    """The end of the newest mention's hour, or of the hour before now, whichever is earlier."""
    query = text("SELECT max(published_at) FROM mention WHERE published_at <= :now")
    newest: datetime | None = connection.execute(query, {"now": now}).scalar_one()
    return _hour(now) if newest is None else min(_hour(now), _hour(newest) + HOUR)


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
