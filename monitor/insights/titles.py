"""A happening in a sentence: what it was for the brand and when, then the figures; and how sure that is."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from monitor.insights.compared import Move, Standing, amount, times
from monitor.reports.labels import label
from monitor.reports.wording import counted, number, percent

if TYPE_CHECKING:
    from monitor.insights.happenings import Happening

_TOLD: Final = 0.05
"""Points of health (0..1) that are worth a word beside a volume."""


def title(it: "Happening") -> str:
    """`Ford drew criticism on 12 Jul: mentions x4.4 (44, usually 10), health 57% to 13%`."""
    figures = _silence(it) if it.kind == "silence" else _figures(it)
    return f"{_what(it)} {when(it.since, it.until, it.zone)}: {figures}"


def certainty(it: "Happening") -> str:
    """How sure a happening is: `Beyond its usual ups and downs: mentions x3.1 to x6.2`."""
    if it.kind == "silence":
        return "By its eight weeks before, so few would hardly ever come by chance."
    parts = [f"mentions {_ratio(it).range}"] if _ratio(it).sure else []
    health = _health(it)
    if health is not None and health.sure:
        parts.append(f"health {health.range}")
    if not parts:
        return "Beyond its usual ups and downs only when mentions and opinions are taken together."
    return f"Beyond its usual ups and downs: {'; '.join(parts)}."


def quiet(standing: Standing | None) -> str:
    """`Nothing out of the ordinary: Ford has 120 mentions (usually 110), 57% of 60 opinions positive`; where
    its usual is not known yet, only where it stands."""
    ordinary = "Nothing out of the ordinary happened"
    if standing is None or standing.mentions.now is None:
        return ordinary
    usual, health = standing.mentions.usual, standing.health
    said = f"{standing.brand} has {counted(standing.mentions.n, 'mention')}"
    said += f" (usually {amount(usual)})" if usual is not None else ""
    if health.now is not None:
        said += f", {percent(health.now)} of {counted(health.n, 'opinion')} positive"
    return f"Nothing out of the ordinary: {said}" if usual is not None else said


def moved_health(it: "Happening") -> str:
    """`fell to 13% on 12 Jul, usually 57%`; empty where it did not move for sure, or hardly."""
    move = _health(it)
    if move is None or not _worth_a_word(move):
        return ""
    moved = f"{'rose' if move.up else 'fell'} to {percent(it.health or 0.0)}"
    return f"{moved} {when(it.since, it.until, it.zone)}, usually {percent(it.health_usual or 0.0)}"


def when(since: datetime, until: datetime, zone: str) -> str:
    """`on 12 Jul`, `from 12 to 14 Jul`, `from 30 Jul to 2 Aug`: the days of a window in a zone."""
    where = ZoneInfo(zone)
    first, last = since.astimezone(where), (until - timedelta(microseconds=1)).astimezone(where)
    if first.date() == last.date():
        return f"on {first.day} {first:%b}"
    start = (
        f"{first.day}" if (first.year, first.month) == (last.year, last.month) else f"{first.day} {first:%b}"
    )
    return f"from {start} to {last.day} {last:%b}"


def _what(it: "Happening") -> str:
    if it.kind == "silence":
        if it.source is None:
            return f"{it.brand} fell silent"
        others = f" and {counted(it.others, 'other brand')}" if it.others else ""
        return f"No word of {it.brand}{others} from {label(it.source)}"
    if it.kind == "health":
        return f"Opinion of {it.brand} {'rose' if it.good else 'fell'}"
    if it.ratio < 1:
        return f"{it.brand} was little talked about"
    if it.good is None:
        return f"{it.brand} was much talked about"
    return f"{it.brand} drew {'praise' if it.good else 'criticism'}"


def _silence(it: "Happening") -> str:
    return f"{counted(it.mentions, 'mention')}, usually {amount(it.usual)}"


def _figures(it: "Happening") -> str:
    volume = f"mentions {times(it.ratio)} ({number(it.mentions)}, usually {amount(it.usual)})"
    health, moved = "", _health(it)
    if moved is not None and _worth_a_word(moved):
        health = f"health {percent(it.health_usual or 0.0)} to {percent(it.health or 0.0)}"
    if it.kind == "health":
        opinions = f"{health} (n = {number(it.opinions)})" if health else _opinions(it)
        return f"{opinions}, {volume}" if _ratio(it).sure else opinions
    return ", ".join(part for part in (volume, health or _opinions(it)) if part)


def _worth_a_word(health: Move) -> bool:
    return health.sure and abs(health.value) >= _TOLD


def _opinions(it: "Happening") -> str:
    """`40 of 51 opinions negative`, of what the happening was."""
    if it.good is None or not it.opinions:
        return ""
    told, way = (it.positive, "positive") if it.good else (it.opinions - it.positive, "negative")
    return f"{number(told)} of {counted(it.opinions, 'opinion')} {way}"


def _ratio(it: "Happening") -> Move:
    return Move(scale="count", value=it.ratio, low=it.ratio_low, high=it.ratio_high)


def _health(it: "Happening") -> Move | None:
    if it.health is None or it.health_usual is None or it.health_low is None or it.health_high is None:
        return None
    return Move(scale="share", value=it.health - it.health_usual, low=it.health_low, high=it.health_high)
