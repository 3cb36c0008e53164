"""What came of each seed, a JSON line each, and the table of all of them."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import msgspec


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """One fault, or two at once: when, how much was in flight, and seconds from the healing until that was
    stored."""

    number: int
    faults: tuple[str, ...]
    in_flight: int
    recovery: float | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One seed. `wrong` counts differences by kind, `wrong_by_phase` by phase and kind."""

    seed: int
    commit: str
    fresh_group: bool
    seconds: float
    records: int
    unacknowledged: int
    mentions: int
    letters: int
    excused: int
    cut: int
    phases: tuple[Phase, ...]
    wrong: dict[str, int]
    wrong_by_phase: dict[str, dict[str, int]]
    examples: tuple[str, ...]
    stuck: str
    audit: tuple[str, ...]
    memory_mb: tuple[int, ...]
    exits: dict[str, int]
    crashes: dict[str, int] = {}
    """Failures of their own that ended workers: not wrong, since others go on, but not right either."""

    @property
    def ok(self) -> bool:
        return not self.wrong and not self.stuck


def append(path: Path, outcome: Outcome) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(msgspec.json.encode(outcome) + b"\n")


def read(path: Path) -> list[Outcome]:
    """The latest outcome of every seed, by seed."""
    if not path.exists():
        return []
    lines = path.read_bytes().splitlines()
    found = {one.seed: one for one in (msgspec.json.decode(line, type=Outcome) for line in lines)}
    return [found[seed] for seed in sorted(found)]


def table(outcomes: Iterable[Outcome]) -> str:
    """Markdown: totals, then a line a fault. A fault of a pair counts for both."""
    kept = list(outcomes)
    times: Counter[str] = Counter()
    flight: dict[str, int] = defaultdict(int)
    seconds: dict[str, list[float]] = defaultdict(list)
    lost: Counter[str] = Counter()
    doubled: Counter[str] = Counter()
    other: Counter[str] = Counter()
    for one in kept:
        for phase in one.phases:
            wrong = one.wrong_by_phase.get(str(phase.number), {})
            for name in phase.faults:
                times[name] += 1
                flight[name] = max(flight[name], phase.in_flight)
                if phase.recovery is not None:
                    seconds[name].append(phase.recovery)
                lost[name] += wrong.get("lost", 0) + wrong.get("letter lost", 0)
                doubled[name] += wrong.get("doubled", 0) + wrong.get("letter doubled", 0)
                other[name] += sum(wrong.values())
    lines = [
        f"{sum(times.values()):,} faults of {len(times)} kinds over {len(kept)} seeds, "
        f"{sum(one.records for one in kept):,} records: {_total(kept, 'lost', 'letter lost')} lost, "
        f"{_total(kept, 'doubled', 'letter doubled')} doubled, "
        f"{sum(sum(one.wrong.values()) for one in kept)} differences in all, "
        f"{sum(bool(one.stuck) for one in kept)} seeds needed a hand; "
        f"{sum(one.fresh_group for one in kept)} seeds began with a group that had committed nothing; "
        f"a worker had at most {max((max(one.memory_mb, default=0) for one in kept), default=0):,} MB.",
        "",
        "| fault | times | most in flight | lost | doubled | other | median recovery, s | worst, s |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name in sorted(times):
        taken = seconds[name]
        middle = f"{statistics.median(taken):.1f}" if taken else ""
        worst = f"{max(taken):.1f}" if taken else ""
        rest = other[name] - lost[name] - doubled[name]
        lines.append(
            f"| {name} | {times[name]} | {flight[name]:,} | {lost[name]} | {doubled[name]} | {rest} "
            f"| {middle} | {worst} |"
        )
    crashes: Counter[str] = Counter()
    for one in kept:
        crashes.update(one.crashes)
    if crashes:
        lines += ["", "Workers ended by failures of their own:", ""]
        lines += [f"* {times}: `{what}`" for what, times in crashes.most_common(12)]
    return "\n".join(lines)


def _total(outcomes: Iterable[Outcome], *kinds: str) -> int:
    return sum(one.wrong.get(kind, 0) for one in outcomes for kind in kinds)
