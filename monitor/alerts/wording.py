"""What alerts say: the effect first, the cause second, how sure that is third, and where to read on.

Names of sources and authors are what publishers wrote. In messages they are one line each, ping nobody, and
are no links.
"""

from datetime import datetime, tzinfo
from urllib.parse import urlencode

from monitor.alerts.findings import EVERY_SOURCE, Finding
from monitor.alerts.rules import Rule
from monitor.delivery.harmless import harmless
from monitor.delivery.recipients import Message
from monitor.insights.compared import amount, times
from monitor.messages import Alert
from monitor.reports.wording import counted, minute, number, percent


def title(rule: Rule, found: Finding) -> str:
    """What happened, in one line: `Acme: 44 mentions in 24 hours, x4.4 the usual 10`."""
    subject, hours = harmless(found.subject, 80), f"in {_hours(found)}"
    if rule.query and rule.scope != "any":
        subject = f"{subject}, “{harmless(rule.query, 60)}”"
    usual = _amount(found.expected or 0)
    match rule.kind:
        case "criticism":
            return f"{subject}: {counted(found.observed, 'negative text')} {hours}, {_fold(found)}"
        case "negative-share":
            return (
                f"{subject}: {percent(found.share or 0)} of the texts are negative, usually "
                f"{percent(found.usual_share or 0)}"
            )
        case "volume-down":
            return f"{subject}: only {counted(found.observed, 'mention')} {hours}, usually {usual}"
        case "silence" if found.subject == EVERY_SOURCE:
            return f"Nothing came from any source {hours}, usually {usual} mentions"
        case "silence":
            return f"{subject} is silent: no mention {hours}, usually {usual}"
        case "reach":
            who = "an author who reaches" if found.observed == 1 else "authors who reach"
            what = counted(found.observed, "mention")
            return f"{subject}: {what} by {who} {number(rule.reach or 0)} people or more"
        case _:
            return f"{subject}: {counted(found.observed, 'mention')} {hours}, {_fold(found)}"


def short(rule: Rule, found: Finding) -> str:
    """The same without the subject and the hours, for a list of moments: `44 mentions, usually 10`."""
    usual = f"usually {_amount(found.expected or 0)}"
    match rule.kind:
        case "criticism":
            return f"{counted(found.observed, 'negative text')}, {usual}"
        case "negative-share":
            return f"{percent(found.share or 0)} negative, usually {percent(found.usual_share or 0)}"
        case "reach":
            return f"{counted(found.observed, 'mention')}, the widest reaches {number(found.reach or 0)}"
        case "silence":
            return f"nothing in {_hours(found)}, {usual}"
        case _:
            return f"{counted(found.observed, 'mention')}, {usual}"


def sureness(p_value: float | None) -> str:
    """How often chance alone gives as much, in plain words; empty where chance is not the question."""
    if p_value is None:
        return ""
    odds = 10_000_000 if p_value < 1e-7 else round(1 / max(p_value, 1e-7))
    rounded = int(float(f"{odds:.1g}"))
    return f"By chance alone it would look like this on one of {rounded:,} such days, or fewer."


def message(raised: Alert, base: str | None, zone: tzinfo, *, synthetic: bool) -> Message:
    """An alert for people; `base` is where the pages are, None where nobody knows."""
    parts = [f"{_what(raised)} {minute(raised.since, zone)} to {minute(raised.until, zone)} ({zone})."]
    if raised.cause:
        parts.append(f"{raised.cause.rstrip('.')}.")
    if raised.subject == EVERY_SOURCE:
        parts.append("The service itself may stand still: `brand-monitor status` tells.")
    if raised.p_value is not None:
        parts.append(sureness(raised.p_value))
    where = [f"What they say: {raised.link}"] if raised.link else []
    rule = f"{base}/alerts/{raised.rule_id}" if base else "on the page Alerts"
    where.append(f"From the alert “{harmless(raised.rule, 120)}”; change it: {rule}")
    return Message(
        title=f"{'SYNTHETIC DATA: ' if synthetic else ''}{raised.title}",
        body="\n\n".join((" ".join(parts), "\n".join(where))),
        urgent=raised.kind not in ("reach", "theme"),
    )


def gathered(messages: list[Message]) -> Message:
    """Several alerts as one message: the titles, then each."""
    if len(messages) == 1:
        return messages[0]
    told = "\n\n---\n\n".join(f"{each.title}\n\n{each.body}" for each in messages)
    titles = "\n".join(f"- {each.title}" for each in messages)
    return Message(
        title=f"{len(messages)} alerts: {messages[0].title}",
        body=f"{titles}\n\n---\n\n{told}",
        urgent=any(each.urgent for each in messages),
    )


def test_message(rule: Rule) -> Message:
    """What the test button sends."""
    return Message(
        title="Brand Monitor: this is a test",
        body=f"Nothing happened. Alerts of “{harmless(rule.name, 120)}” will arrive here.",
    )


def link(base: str, raised: Alert, zone: tzinfo) -> str:
    """The mentions of an alert, on the pages."""
    days = {
        "since": raised.since.astimezone(zone).date().isoformat(),
        "until": raised.until.astimezone(zone).date().isoformat(),
    }
    if raised.kind == "silence":
        return f"{base}/quality?{urlencode(days)}"
    chosen = {"brand": raised.brand, "q": raised.query}
    if raised.kind in ("criticism", "negative-share"):
        chosen["label"] = "negative"
    if raised.kind == "reach":
        chosen["order"] = "reach"
    return f"{base}/mentions?{urlencode(days | {name: value for name, value in chosen.items() if value})}"


def _what(raised: Alert) -> str:
    """The figures, from effect to comparison, up to where the days follow."""
    if raised.kind == "reach":
        widest = f"the widest reaches {number(raised.reach or 0)} people"
        return f"{counted(raised.observed, 'such mention')}, {widest}, from"
    usual = (
        f"the same hours of the {raised.baseline_windows} weeks before had {_amount(raised.expected or 0)}"
    )
    if raised.kind in ("criticism", "negative-share"):
        return f"{counted(raised.observed, 'negative text')}; {usual} on average. Published from"
    return f"{counted(raised.observed, 'mention')}; {usual} on average. Published from"


def _fold(found: Finding) -> str:
    usual = found.expected or 0
    if usual < 0.5:
        return "usually none"
    ratio = found.observed / usual
    return f"{times(ratio)} the usual {_amount(usual)}" if ratio < 20 else f"usually {_amount(usual)}"


def _amount(n: float) -> str:
    """`12`, `3.4` below ten; what is nearly none is none."""
    return "none" if n < 0.1 else amount(n)


def _hours(found: Finding) -> str:
    return f"{(found.until - found.since).total_seconds() / 3600:.0f} hours"


def moment(at: datetime, zone: tzinfo) -> str:
    """`Tue 10 Mar, 14:00`, as a list of moments reads it."""
    there = at.astimezone(zone)
    return f"{there:%a} {there.day} {there:%b, %H:%M}"
