"""What people ask to be told of: a rule, its kinds and how sensitive it is, and what makes no sense."""

from datetime import datetime, time
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from monitor.messages import AlertKind
from monitor.queries import QueryError, parse

Scope = Literal["brand", "own", "others", "any"]
"""Whose posts: one brand's, each brand's of ours, each other brand's, anybody's."""

Digest = Literal["hour", "day"]

SensitivityName = Literal["emergencies", "clear", "unusual"]

KINDS: Final[dict[AlertKind, str]] = {
    "volume-up": "Many more mentions than usual",
    "volume-down": "Far fewer mentions than usual",
    "criticism": "Many more negative texts than usual",
    "negative-share": "A larger part of the texts is negative",
    "theme": "A theme comes up",
    "reach": "Somebody whom many people read speaks up",
    "competitor": "A competitor is talked about more than usual",
    "silence": "A source falls silent",
}
"""What a rule watches for, as people are asked."""

COOL_DOWNS: Final = {6: "6 hours", 24: "a day", 72: "three days", 168: "a week"}
"""Hours that a subject is left alone for after an alert: those offered."""

MOST_NAME: Final = 120
MOST_QUERY: Final = 2_000
MOST_REACH: Final = 10**12
"""People; more do not live."""


class Sensitivity(msgspec.Struct, frozen=True):
    """How unusual something has to be. benchmarks/alerts.py measures what each makes of quiet years."""

    words: str
    p: float
    """Chance alone gives something as unusual with a smaller probability than this, at one look."""
    fold: float
    """So many times the usual count, or the usual so many times the count."""
    fewest: int
    """Mentions, where many are the news; usual mentions, where few are."""
    points: float
    """By how much the negative part has to rise, 0..1."""


SENSITIVITIES: Final[dict[SensitivityName, Sensitivity]] = {
    "emergencies": Sensitivity("only emergencies", 1e-6, 4.0, 20, 0.30),
    "clear": Sensitivity("clear changes", 1e-4, 2.0, 5, 0.15),
    "unusual": Sensitivity("everything unusual", 2e-3, 1.5, 3, 0.10),
}


class RuleError(ValueError):
    """What was asked for makes no sense; the message says what, and what to do."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, as it is now. `id` is 0 until it is saved."""

    id: int = 0
    name: str
    kind: AlertKind
    scope: Scope
    brand: str | None = None
    query: str | None = None
    source: str | None = None
    reach: int | None = None
    """People."""
    sensitivity: SensitivityName = "clear"
    cool_down: int = 24
    """Hours."""
    to_default: bool = True
    quiet_from: time | None = None
    quiet_until: time | None = None
    digest: Digest | None = None
    digest_at: time | None = None
    zone: str = "UTC"
    paused: bool = False
    made_by: str | None = None
    made_at: datetime | None = None
    changed_by: str | None = None
    changed_at: datetime | None = None
    ended_at: datetime | None = None
    looked_at: datetime | None = None
    """End of the last window that was looked at."""
    problem: str | None = None
    """Why it could not be looked at."""

    @property
    def level(self) -> Sensitivity:
        """What its sensitivity means."""
        return SENSITIVITIES[self.sensitivity]

    @property
    def zone_info(self) -> ZoneInfo:
        """The zone of its times."""
        return ZoneInfo(self.zone)

    @property
    def about(self) -> str:
        """Whose posts, in words: `VMware`, `our brands`, `posts that match “outage”`."""
        if self.kind == "silence":
            return self.source or "every source"
        whose = {
            "brand": self.brand or "",
            "own": "our brands",
            "others": "the other brands",
            "any": "all mentions",
        }[self.scope]
        if self.query is None:
            return whose
        return f"“{self.query}”" if self.scope == "any" else f"“{self.query}” about {whose}"


def check(rule: Rule) -> None:
    """Raises `RuleError` for what cannot be watched; whether the brand is known is the database's to say."""
    if not rule.name.strip() or len(rule.name) > MOST_NAME:
        raise RuleError(f"give the alert a name of 1 to {MOST_NAME} characters")
    if rule.scope == "brand" and not rule.brand:
        raise RuleError("choose the brand to watch")
    if rule.kind == "theme" and not rule.query:
        raise RuleError("a theme is found by a query: write one, e.g. outage OR (down AND server)")
    if rule.kind == "reach" and not (rule.reach and 0 < rule.reach <= MOST_REACH):
        raise RuleError("say how many people an author has to reach, e.g. 100000")
    if rule.kind == "competitor" and rule.scope not in ("brand", "others"):
        raise RuleError("choose the competitor, or all other brands")
    if rule.kind != "silence" and rule.scope == "any" and not rule.query:
        raise RuleError("choose a brand, or write a query")
    if rule.cool_down not in COOL_DOWNS:
        raise RuleError(f"a pause after an alert is one of {', '.join(COOL_DOWNS.values())}")
    _check_query(rule.query)
    _check_times(rule)


def _check_query(query: str | None) -> None:
    if query is None:
        return
    if len(query) > MOST_QUERY:
        raise RuleError(f"a query of an alert has {MOST_QUERY:,} characters at most")
    try:
        parsed = parse(query)
    except QueryError as error:
        raise RuleError(f"the query cannot be read: {error}") from None
    if parsed.only_denies:
        raise RuleError("the query says only what must not be there: add what to look for")


def _check_times(rule: Rule) -> None:
    try:
        ZoneInfo(rule.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RuleError(f"{rule.zone[:60]!r} is no time zone; name it like Europe/Berlin") from None
    if (rule.quiet_from is None) != (rule.quiet_until is None):
        raise RuleError("quiet hours have a beginning and an end; leave both empty for none")
    if rule.quiet_from is not None and rule.quiet_from == rule.quiet_until:
        raise RuleError("quiet hours that end as they begin would last all day; pause the alert instead")
    if (rule.digest == "day") != (rule.digest_at is not None):
        raise RuleError("one message a day needs a time of day, and nothing else does")


assert set(KINDS) == set(get_args(AlertKind))
