"""What so many mentions a second take: cores, workers, partitions, databases, disk and money.

    python benchmarks/capacity.py                     # writes the tables of docs/capacity.md anew
    python benchmarks/capacity.py --measured          # the same, with what benchmarks/stream.py measured last
    python benchmarks/capacity.py --print 250 2500    # other rates

Nothing is measured here. All comes from capacity.toml beside this file, whose figures name the benchmarks
they are from; `--measured` puts those of results/stream/path.json there. The formulas are those of `plan`.
"""

import argparse
import json
import math
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import tomlkit

_HERE: Final = Path(__file__).parent
_INPUTS: Final = _HERE / "capacity.toml"
_PATH: Final = _HERE / "results" / "stream" / "path.json"
_PAGE: Final = _HERE.parent / "docs" / "capacity.md"
RATES: Final = (10, 100, 1_000, 10_000)
_DAY: Final = 86_400
_HOURS_A_MONTH: Final = 730
_DAYS_A_MONTH: Final = 30.4
_GB: Final = 10**9


@dataclass(frozen=True)
class Inputs:
    """The values of capacity.toml, which says of each what it is."""

    texts_per_core_second: float
    pictures_per_core_second: float
    database_mentions_per_second: float
    database_microseconds: float
    wal_bytes: float
    row_bytes: float
    picture_share: float
    busy: float
    peak_to_mean: float
    text_record_bytes: float
    picture_record_bytes: float
    picture_bytes: float
    kafka_days: float
    kafka_replicas: int
    cores_per_worker: int
    kept_days: float
    kept_mentions: float
    vcpu_hour: float
    disk_gb_month: float
    object_gb_month: float


@dataclass(frozen=True)
class Plan:
    """What a rate takes. Bytes are GB of a thousand million; money is USD a month."""

    rate: float
    text_cores: float
    picture_cores: float
    text_workers: int
    picture_workers: int
    databases: int
    """Each with topics, workers and pages of its own."""
    partitions: int
    """Of each topic of each."""
    database_cores: int
    """Of each."""
    kept_days: float
    kept_mentions: float
    """In each database."""
    database_gb: float
    """Of each."""
    wal_mb_second: float
    wal_gb_day: float
    kafka_gb: float
    """On all brokers."""
    pictures_gb: float
    cores: int
    worker_cost: float
    database_cost: float
    kafka_cost: float
    storage_cost: float

    @property
    def cost(self) -> float:
        return self.worker_cost + self.database_cost + self.kafka_cost + self.storage_cost


def read(path: Path = _INPUTS) -> tuple[Inputs, dict[str, dict[str, dict[str, object]]]]:
    """The values, and all that the file says about them."""
    told = tomllib.loads(path.read_text("utf-8"))
    values = {name: entry["value"] for part in told.values() for name, entry in part.items()}
    return Inputs(**values), told


def plan(rate: float, given: Inputs) -> Plan:
    """What `rate` mentions a second in the busiest hour take."""
    pictures = rate * given.picture_share
    text_cores = (rate - pictures) / given.texts_per_core_second / given.busy
    picture_cores = pictures / given.pictures_per_core_second / given.busy
    text_workers = math.ceil(text_cores / given.cores_per_worker)
    picture_workers = math.ceil(picture_cores / given.cores_per_worker)
    databases = math.ceil(rate / given.database_mentions_per_second / given.busy)
    # The writers' share, and two cores for pages, vacuum and backups.
    database_cores = math.ceil(rate / databases * given.database_microseconds / 1e6 / given.busy) + 2
    a_day = rate / given.peak_to_mean * _DAY
    kept_days = min(given.kept_days, given.kept_mentions * databases / a_day)
    kept = a_day * kept_days
    database_gb = kept / databases * given.row_bytes / _GB
    record = given.text_record_bytes * (1 - given.picture_share)
    record += given.picture_record_bytes * given.picture_share
    kafka_gb = a_day * given.kafka_days * record * given.kafka_replicas / _GB
    pictures_gb = kept * given.picture_share * given.picture_bytes / _GB
    worker_cores = (text_workers + picture_workers) * given.cores_per_worker
    kafka_cores = given.kafka_replicas * 2
    other_cores = databases  # pages, schedule and collectors share one
    core = given.vcpu_hour * _HOURS_A_MONTH
    return Plan(
        rate=rate,
        text_cores=text_cores,
        picture_cores=picture_cores,
        text_workers=text_workers,
        picture_workers=picture_workers,
        databases=databases,
        partitions=_partitions(math.ceil(max(text_workers, picture_workers) / databases)),
        database_cores=database_cores,
        kept_days=kept_days,
        kept_mentions=kept / databases,
        database_gb=database_gb,
        wal_mb_second=rate / databases * given.wal_bytes / 1e6,
        wal_gb_day=a_day / databases * given.wal_bytes / _GB,
        kafka_gb=kafka_gb,
        pictures_gb=pictures_gb,
        cores=worker_cores + databases * database_cores + kafka_cores + other_cores,
        worker_cost=(worker_cores + other_cores) * core,
        # Twice the rows: vacuum, sorting, and a `db check --repair` need room. And a week of log for backups.
        database_cost=databases
        * (
            database_cores * core
            + (2 * database_gb + 7 * a_day / databases * given.wal_bytes / _GB) * given.disk_gb_month
        ),
        kafka_cost=kafka_cores * core + 1.5 * kafka_gb * given.disk_gb_month,
        storage_cost=pictures_gb * given.object_gb_month,
    )


def _partitions(workers: int) -> int:
    """Twice as many as workers, so that these can be doubled; the default of 8 at least."""
    return max(8, 2 ** math.ceil(math.log2(2 * workers)))


def plans(rates: tuple[float, ...], given: Inputs) -> str:
    """The table of what each rate takes."""
    each = [plan(rate, given) for rate in rates]
    rows: list[tuple[str, list[str]]] = [
        ("mentions a month", [_count(p.rate / given.peak_to_mean * _DAY * _DAYS_A_MONTH) for p in each]),
        ("cores scoring texts", [f"{p.text_cores:,.1f}" for p in each]),
        ("cores scoring pictures", [f"{p.picture_cores:,.1f}" for p in each]),
        (
            f"workers of {given.cores_per_worker} cores: texts, pictures",
            [f"{p.text_workers:,}, {p.picture_workers:,}" for p in each],
        ),
        ("installations: a database, topics, pages each", [f"{p.databases:,}" for p in each]),
        ("partitions of each topic of each", [f"{p.partitions:,}" for p in each]),
        ("cores of each database", [f"{p.database_cores:,}" for p in each]),
        ("days of mentions kept", [f"{p.kept_days:,.0f}" for p in each]),
        ("mentions in each database", [_count(p.kept_mentions) for p in each]),
        ("disk of each, rows and indexes", [_gb(p.database_gb) for p in each]),
        ("write-ahead log of each, busiest hour", [f"{p.wal_mb_second:,.2f} MB/s" for p in each]),
        ("the same, a day", [_gb(p.wal_gb_day) for p in each]),
        (f"Kafka, {given.kafka_days:.0f} days, all copies", [_gb(p.kafka_gb) for p in each]),
        ("picture store", [_gb(p.pictures_gb) for p in each]),
        ("cores in all", [f"{p.cores:,}" for p in each]),
        ("USD a month: workers, pages", [f"{p.worker_cost:,.0f}" for p in each]),
        ("USD a month: databases", [f"{p.database_cost:,.0f}" for p in each]),
        ("USD a month: Kafka", [f"{p.kafka_cost:,.0f}" for p in each]),
        ("USD a month: picture store", [f"{p.storage_cost:,.0f}" for p in each]),
        ("**USD a month**", [f"**{p.cost:,.0f}**" for p in each]),
        ("USD a million mentions", [f"{_per_million(p, given):,.2f}" for p in each]),
    ]
    head = "| mentions a second, busiest hour | " + " | ".join(f"{rate:,g}" for rate in rates) + " |"
    lines = [head, "|---|" + "---:|" * len(rates)]
    return "\n".join(lines + [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows])


def inputs(told: dict[str, dict[str, dict[str, object]]]) -> str:
    """The table of what everything is computed from."""
    lines = ["| input | | from |", "|---:|---|---|"]
    lines += [
        f"| {entry['value']:,} | {entry['unit']} | {entry.get('from', part)} |"
        for part, entries in told.items()
        for entry in entries.values()
    ]
    return "\n".join(lines)


def _per_million(planned: Plan, given: Inputs) -> float:
    return planned.cost / (planned.rate / given.peak_to_mean * _DAY * _DAYS_A_MONTH) * 1e6


def _count(number: float) -> str:
    return f"{number / 1e6:,.0f} million"


def _gb(number: float) -> str:
    return f"{number / 1000:,.1f} TB" if number >= 1000 else f"{number:,.1f} GB"


def page(text: str) -> str:
    """docs/capacity.md with its tables computed anew."""
    given, told = read()
    for name, table in (("inputs", inputs(told)), ("plans", plans(RATES, given))):
        whole = rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)"
        text, found = re.subn(whole, lambda m, t=table: f"{m[1]}{t}\n{m[2]}", text, flags=re.DOTALL)
        if found != 1:
            raise SystemExit(f"docs/capacity.md has {found} places for the table `{name}`; it needs one")
    return text


def measured(written: str, path: dict[str, Any]) -> str:
    """capacity.toml with the figures of the whole path: of one worker, on Apache Kafka where that was run."""
    alone = {(row["broker"], row["load"]): row["whole"] for row in path["rows"] if row["workers"] == 1}
    broker = "kafka" if ("kafka", "texts") in alone else next(iter(alone))[0]
    texts, pictures = alone[broker, "texts"], alone[broker, "pictures"]
    document = tomlkit.parse(written)
    for name, value in (
        ("texts_per_core_second", texts["records"] / texts["cpu"]),
        ("pictures_per_core_second", pictures["records"] / pictures["cpu"]),
        ("database_microseconds", texts["database_cpu"] / texts["records"] * 1e6),
    ):
        entry: Any = document["measured"][name]  # type: ignore[index]
        entry["value"] = round(value) if value >= 100 else round(value, 1)
        entry["from"] = "`python benchmarks/stream.py path`: [stream.md](../benchmarks/results/stream.md)"
    return tomlkit.dumps(document)


def main() -> None:
    """Write the page, or print one table."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--measured", action="store_true", help="take over what stream.py measured last")
    options.add_argument("--print", type=float, nargs="+", metavar="RATE", help="only print these rates")
    given = options.parse_args()
    if given.measured:
        path = json.loads(_PATH.read_text("utf-8"))
        _INPUTS.write_text(measured(_INPUTS.read_text("utf-8"), path), "utf-8")
    if given.print:
        print(plans(tuple(given.print), read()[0]))
    else:
        _PAGE.write_text(page(_PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
