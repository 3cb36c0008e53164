"""How many planted events are told, how many quiet weeks cry wolf: today's pages and the rules before them.

    python benchmarks/detector.py                      # markets that no rule was tuned on: docs/method.md
    python benchmarks/detector.py --seeds 1 2 3        # those that the rules were tuned on
    python benchmarks/detector.py --weeks 4            # views of four weeks: an event lies anywhere in one
    python benchmarks/detector.py --folder DIR         # keeps the databases there; goes on from them
    python benchmarks/detector.py --missed 20          # and lists so many of the events missed

A seed stands for six markets of twelve brands (planted.py). Each brand is asked about every week, and, where
something drifts, about four weeks: told is what `happened` says first about the brand, if it lies where the
event lies; in a longer view, which may hold several events, anything it says. Large is an event whose week
has twice the usual mentions or 15 points of health more or less, by what was drawn. Right is the direction of
one that is told: good or bad as those feel who speak about it, and more or fewer mentions than usual where it
is said to be neither and that hides no 15 points of health. A quiet week has no event in it, and none that
runs on into it.
"""

import argparse
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import former_rules
from planted import LEARNED, POINTS, SINCE, WEEK, WEEKS, Drawn, Market, PlantedWeek, drawn, market
from sqlalchemy import Connection, Engine

from monitor.insights.happenings import happened
from monitor.local.database import EmbeddedDatabase
from monitor.reports.filters import Filter
from monitor.settings import load_settings
from monitor.storage import schema
from monitor.storage.engine import sync_engine

MARKETS = 6
LONG = 4
"""Weeks, of the view that a drift is looked for in."""
WEEK_HOURS = 168
QUIET = 50
"""Added to the number of a market that is quiet throughout."""


class Answer(NamedTuple):
    """What a rule says about a brand's week."""

    good: bool | None
    up: bool | None
    since: datetime
    until: datetime
    words: str


class Case(NamedTuple):
    """A week of a brand, and what the two rules say about it; None: nothing."""

    week: PlantedWeek
    former: Answer | None
    now: Answer | None


def told(week: PlantedWeek, answer: Answer) -> bool:
    """Whether what is told is the event: it lies where the event lies; of a drift, it is about opinions."""
    assert week.event is not None
    if week.event.kind == "drift":
        return answer.good is not None
    lasts = timedelta(days=week.event.days or 6)
    return answer.since < week.event.at + lasts and week.event.at < answer.until


def right(week: PlantedWeek, answer: Answer) -> bool:
    """Whether the direction is that of the event."""
    if answer.good is not None and week.good is not None:
        return answer.good is week.good
    if answer.good is not None:  # opinions about it are divided: so many more than usual are no mistake
        return answer.good is (week.points > 0)
    if week.good is not None and abs(week.points) >= POINTS:
        return False
    return answer.up is None or answer.up is (week.ratio > 1)


def cases(engine: Engine, given: Market, length: int) -> list[Case]:
    """Every planted and quiet week of a market, each looked at in a view of so many weeks."""
    found: list[Case] = []
    with engine.connect() as connection:
        counts = drawn(connection, given.brands)
        views: dict[tuple[int, int], tuple[list[Answer | None], dict[str, list[Answer]]]] = {}
        for week, end, weeks in looked_at(given.weeks(counts), length, quiet=not given.events):
            if (end, weeks) not in views:
                former = former_answers(counts, end - weeks, weeks)
                views[end, weeks] = former, answers(connection, end - weeks, weeks)
            former, now = views[end, weeks]
            said = now.get(week.brand, [])
            hits = [each for each in said if week.event and told(week, each)] if weeks > 1 else []
            best = next(iter(hits or said), None)
            found.append(Case(week, former[int(week.brand.removeprefix("Brand"))], best))
    return found


def looked_at(
    weeks: Iterable[PlantedWeek], length: int, *, quiet: bool
) -> Iterator[tuple[PlantedWeek, int, int]]:
    """Weeks with the end (a week) and length of the view that shows them. In a longer one an event lies
    anywhere; quiet are those of a quiet market, side by side."""
    for week in weeks:
        if week.event is not None and week.event.kind == "drift":
            yield week, WEEKS, LONG
        elif length == 1:
            yield week, week.week + 1, 1
        elif week.event is not None:
            yield week, min(WEEKS, max(LEARNED + length, week.week + 1 + week.week % length)), length
        elif quiet and (week.week + 1 - LEARNED) % length == 0:
            yield week, week.week + 1, length


def former_answers(counts: Drawn, first: int, weeks: int) -> list[Answer | None]:
    """What the rules before said of some weeks, for each brand."""
    since, until = SINCE + first * WEEK, SINCE + (first + weeks) * WEEK
    claims = former_rules.claims(
        counts.texts, counts.positive, counts.negative, first * WEEK_HOURS, weeks * WEEK_HOURS
    )
    return [
        None if claim is None else Answer(claim.good, claim.up, since, until, claim.words) for claim in claims
    ]


def answers(connection: Connection, first: int, weeks: int) -> dict[str, list[Answer]]:
    """What the pages say happened in some weeks: of each brand the largest thing first."""
    said: dict[str, list[Answer]] = {}
    chosen = Filter(SINCE + first * WEEK, SINCE + (first + weeks) * WEEK)
    for each in happened(connection, chosen, "UTC"):
        answer = Answer(each.good, each.ratio > 1, each.since, each.until, each.title)
        said.setdefault(each.brand, []).append(answer)
    return said


def table(found: Sequence[Case]) -> None:
    """Print how many events were told, by kind, fame and size, and the quiet weeks that cried wolf."""
    large = [case for case in found if case.week.large and case.week.event]
    limit = ("drift", "silence")
    sudden = [case for case in large if case.week.event and case.week.event.kind != "silence"]
    print("| events | n | told before | right | told now | right |")
    print("|---|---:|---:|---:|---:|---:|")
    _row("twice the usual mentions, or 15 points of health", sudden)
    for kind in sorted({case.week.event.kind for case in found if case.week.event}):
        _row(f"- {kind}", [case for case in (found if kind in limit else large) if _is(case, kind)])
    for low, high in ((5, 15), (15, 50), (50, 150), (150, 501)):
        some = [case for case in sudden if low <= case.week.fame < high]
        _row(f"brands of {low} to {high - 1} texts a week", some)
    for name, some in _sizes(found):
        _row(name, some)
    quiet = [case for case in found if case.week.event is None]
    print("\n| quiet weeks | n | false alarms before | now |\n|---|---:|---:|---:|")
    for low, high in ((5, 501), (5, 15), (15, 50), (50, 150), (150, 501)):
        some = [case for case in quiet if low <= case.week.fame < high]
        before, now = (sum(rule is not None for rule in rules) for rules in _both(some))
        name = "all" if high - low > 400 else f"brands of {low} to {high - 1} texts a week"
        print(f"| {name} | {len(some):,} | {_share(before, len(some))} | {_share(now, len(some))} |")


def _is(case: Case, kind: str) -> bool:
    return case.week.event is not None and case.week.event.kind == kind


def _sizes(found: Sequence[Case]) -> list[tuple[str, list[Case]]]:
    sized = [case for case in found if case.week.event and case.week.event.kind != "silence"]
    names = ("below that", "2 to 3 times or 15 to 25 points", "3 to 5 times or 25 to 40 points", "more")
    limits = ((0.0, 0.0), (2.0, 0.15), (3.0, 0.25), (5.0, 0.40))
    rows: list[tuple[str, list[Case]]] = [(name, []) for name in names]
    for case in sized:
        reached = [
            place
            for place, (ratio, points) in enumerate(limits)
            if not place
            or (case.week.large and (case.week.ratio >= ratio or abs(case.week.points) >= points))
        ]
        rows[max(reached)][1].append(case)
    return rows


def _both(found: Iterable[Case]) -> tuple[list[Answer | None], list[Answer | None]]:
    some = list(found)
    return [case.former for case in some], [case.now for case in some]


def _row(name: str, some: Sequence[Case]) -> None:
    cells = []
    for rule in _both(some):
        hits = [
            (case.week, answer)
            for case, answer in zip(some, rule, strict=True)
            if answer is not None and told(case.week, answer)
        ]
        fine = sum(right(week, answer) for week, answer in hits)
        cells += [_share(len(hits), len(some)), _share(fine, len(hits))]
    print(f"| {name} | {len(some):,} | {' | '.join(cells)} |")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ""


def list_faults(found: Sequence[Case], missed: int) -> None:
    """Large events missed or told wrongly, and quiet weeks that cried wolf, for whoever tunes the rules."""
    lines = {"missed": [], "wrong": [], "false": []}  # type: dict[str, list[str]]
    for week, _, now in found:
        what = f"{week.brand} ({week.fame:.0f} a week) in week {week.week}, {week.since:%Y-%m-%d}"
        if week.event is None:
            if now is not None:
                lines["false"].append(f"{what}: {now.words}")
        elif week.large:
            drew = f"{what}: {week.event.kind}, x{week.ratio:.1f}, {week.points * 100:+.0f} points"
            if now is None or not told(week, now):
                lines["missed"].append(f"{drew}; said: {now.words if now else 'nothing'}")
            elif not right(week, now):
                lines["wrong"].append(f"{drew}; said (good: {now.good}): {now.words}")
    for name, some in lines.items():
        print(f"\n{name}: {len(some)}", *some[:missed], sep="\n  ")


def run(folder: Path, seeds: Sequence[int], length: int) -> list[Case]:
    """Seed what is not there yet and ask about every week."""
    numbers = [(seed * 100 + market, False) for seed in seeds for market in range(MARKETS)]
    if length > 1:  # four quiet weeks on end are rare where events are planted
        numbers += [(seed * 100 + QUIET + market, True) for seed in seeds for market in range(MARKETS)]
    found: list[Case] = []
    with EmbeddedDatabase(folder, {"fsync": "off", "shared_buffers": "512MB"}) as server:
        for number, quiet in numbers:
            started = time.perf_counter()
            given = market(number, quiet=quiet)
            name = f"market_{number}"
            settings = load_settings(database_url=server.create(name))
            engine = sync_engine(settings)
            schema.upgrade(settings)
            with engine.connect() as connection:
                there = connection.exec_driver_sql("SELECT EXISTS (SELECT FROM seeding)").scalar_one()
            if not there:
                given.seed(engine)
            seeded = time.perf_counter()
            found += cases(engine, given, length)
            engine.dispose()
            asked = time.perf_counter()
            print(f"{name}: {seeded - started:.1f} s to seed, {asked - seeded:.1f} s to ask", flush=True)
    return found


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--seeds", type=int, nargs="+", default=[21, 22, 23])
    options.add_argument("--weeks", type=int, default=1, help="length of the views")
    options.add_argument("--folder", type=Path, help="where databases are kept; default: nowhere")
    options.add_argument("--missed", type=int, default=0, help="how many faults of each kind to list")
    chosen = options.parse_args()
    with ExitStack() as stack:
        folder = chosen.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found = run(folder, chosen.seeds, chosen.weeks)
    table(found)
    if chosen.missed:
        list_faults(found, chosen.missed)


if __name__ == "__main__":
    main()
