"""When an alert is sent: at once, after quiet hours, or gathered into a message an hour or a day."""

from datetime import UTC, datetime, time
from typing import Literal

from monitor.alerts.rules import Rule
from monitor.delivery.schedule import Schedule

Held = Literal["quiet", "digest"]


def due(rule: Rule, now: datetime) -> tuple[datetime, Held | None]:
    """When an alert raised `now` is sent, and what holds it until then; None: nothing does.

    A digest of the hour is what one look finds, since rules are looked at hourly: it is held by nothing but
    goes out with the others.
    """
    zone = rule.zone_info
    moment, held = now, None if rule.digest is None else "digest"
    if rule.digest_at is not None:
        moment = Schedule(None, rule.digest_at, zone).next_due(now)
    after = after_quiet(rule, moment)
    return (after, "quiet") if after != moment else (moment, "digest" if held else None)


def after_quiet(rule: Rule, moment: datetime) -> datetime:
    """The moment itself, or the end of the rule's quiet hours that it falls in."""
    if rule.quiet_from is None or rule.quiet_until is None:
        return moment
    zone = rule.zone_info
    if not _within(moment.astimezone(zone).time(), rule.quiet_from, rule.quiet_until):
        return moment
    return Schedule(None, rule.quiet_until, zone).next_due(moment).astimezone(UTC)


def _within(at: time, first: time, last: time) -> bool:
    """Whether a time of day is from `first` to before `last`, past midnight where that is the earlier one."""
    return first <= at < last if first < last else at >= first or at < last
