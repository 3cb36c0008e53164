"""How long every page, every answer of the API and every report takes, over HTTP, by the number of mentions.

    python benchmarks/pages.py                               # 10^5, 10^6 and 10^7 mentions: an hour, 35 GB
    python benchmarks/pages.py --sizes 200000 --markdown -   # one size, the page on standard output
    python benchmarks/pages.py --folder DIR                  # keeps the databases there; goes on from them

For each size: a database on an embedded PostgreSQL is seeded as `brand-monitor seed` does, `brand-monitor
web` is started on it, and each address is asked for

- cold: PostgreSQL started anew, its files put out of the system's cache (Linux): all is read from disk;
- warm: again and again, `--repeat` times or for `--seconds`; the median, and the 95th percentile.

`CPU` is what the web server and PostgreSQL together spent of it: on a busy machine the rest is waiting.
The slowest query is found by asking its page once more inside this process, and its plan is printed. At last
`brand-monitor report` writes each format: seconds, and the most memory it ever had.
"""

import argparse
import contextlib
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
from fastapi.testclient import TestClient
from page_server import COMMAND, SERVER, Site, Timing, environment
from sqlalchemy import Engine, event

from monitor.local.database import EmbeddedDatabase
from monitor.web.app import create_app

LIMITS = ((200_000, 1.0), (10_000_000, 2.0))  # up to so many mentions, so many seconds

MONTH: dict[str, Any] = {}
YEAR: dict[str, Any] = {"since": "2025-11-25", "until": "2026-11-24"}
OURS: dict[str, Any] = {"brand": "VMware"}
RIVAL: dict[str, Any] = {"brand": ["VMware", "Cloudera"]}


def addresses(mention: str) -> dict[str, str]:
    """What is asked for, by what the table calls it. `mention` is the id of one."""
    asked: dict[str, tuple[str, dict[str, Any]]] = {}
    for period, span in (("30 days", MONTH), ("1 year", YEAR)):
        asked |= {
            f"overview, {period}": ("/", span),
            f"overview, {period}, 1 brand": ("/", span | OURS),
            f"overview, {period}, 2 brands": ("/", span | RIVAL),
            f"overview, {period}, 1 source": ("/", span | {"source": "news"}),
            f"overview, {period}, pictures only": ("/", span | {"kind": "image"}),
            f"brand, {period}": ("/brand", span | {"name": "VMware"}),
            f"compare, {period}": ("/compare", span),
            f"themes, {period}": ("/themes", span | {"name": "VMware"}),
            f"to answer, {period}": ("/answer", span),
            f"pictures, {period}": ("/pictures", span),
            f"pictures, {period}, 1 brand, nobody named it": ("/pictures", span | OURS | {"unnamed": 1}),
            f"mentions, {period}, newest": ("/mentions", span),
            f"mentions, {period}, oldest": ("/mentions", span | {"order": "oldest"}),
            f"mentions, {period}, most reached": ("/mentions", span | {"order": "reach"}),
            f"mentions, {period}, most reached of a small source": (
                "/mentions",
                span | {"order": "reach", "source": "video-comments"},
            ),
            f"mentions, {period}, negative": ("/mentions", span | {"label": "negative"}),
            f"mentions, {period}, 1 brand, negative, most reached": (
                "/mentions",
                span | OURS | {"label": "negative", "order": "reach"},
            ),
            f"mentions, {period}, a word of one text in ten": ("/mentions", span | {"q": "support"}),
            f"mentions, {period}, a word of one text in a thousand": ("/mentions", span | {"q": "Trieste"}),
            f"mentions, {period}, a word of one text": ("/mentions", span | {"q": "ticket 1f4"}),
            f"mentions, {period}, a word nobody said": ("/mentions", span | {"q": "blackberry"}),
            f"mentions, {period}, words, 1 brand": ("/mentions", span | OURS | {"q": '"never again"'}),
            f"mentions, {period}, words, most reached": (
                "/mentions",
                span | {"q": "outage", "order": "reach"},
            ),
            f"mentions, {period}, common words never so near": (
                "/mentions",
                span | {"q": "the NEAR/1 support NEAR/1 the"},
            ),
            f"mentions, {period}, an author nobody knows": ("/mentions", span | {"q": "author:nobody"}),
            f"quality, {period}": ("/quality", span),
            f"API summary, {period}": ("/api/summary", span),
            f"API standings, {period}": ("/api/standings", span),
            f"API happenings, {period}": ("/api/happenings", span),
            f"API timeline, {period}": ("/api/timeline", span | {"name": "VMware"}),
            f"API themes, {period}": ("/api/themes", span | {"name": "VMware"}),
            f"API quotes, {period}": ("/api/quotes", span | {"name": "VMware", "label": "negative"}),
            f"API sources, {period}": ("/api/sources", span),
            f"API authors, {period}": ("/api/authors", span),
            f"API pictures, {period}": ("/api/pictures", span),
            f"API mentions, {period}": ("/api/mentions", span),
        }
    asked |= {
        "one mention": (f"/mentions/{mention}", MONTH),
        "an alert and what it would have told": ("/alerts/new", OURS),
        "API quality": ("/api/quality", MONTH),
    }
    return {name: f"{path}?{urlencode(query, doseq=True)}" for name, (path, query) in asked.items()}


def slowest_query(site: Site, path: str) -> tuple[float, str, list[str]]:
    """Of a page: the query that takes longest, its seconds, and its plan."""
    seen: list[tuple[float, str, Any]] = []

    def before(_c: object, _cursor: object, _q: str, _p: object, context: object, _many: bool) -> None:
        context.started = time.perf_counter()  # type: ignore[attr-defined]

    def after(_c: object, _cursor: object, query: str, given: Any, context: object, _many: bool) -> None:
        seen.append((time.perf_counter() - context.started, query, given))  # type: ignore[attr-defined]

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    try:
        with TestClient(create_app(site.settings), base_url="http://localhost") as client:
            client.get(path)
            seen.clear()
            client.get(path)
    finally:
        event.remove(Engine, "before_cursor_execute", before)
        event.remove(Engine, "after_cursor_execute", after)
    took, query, given = max(seen, key=lambda each: each[0])
    with psycopg.connect(site.settings.database_url.get_secret_value()) as connection:
        plan = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, SETTINGS) {query}", given)
        return took, query, [row[0] for row in plan]


def reports(site: Site, folder: Path) -> list[tuple[str, str, float, float, int]]:
    """Period, format, seconds, most memory in MB, bytes: of `brand-monitor report`, each a process."""
    made = []
    # A year of ten million mentions as a file is nobody's Monday: what is exported is a month.
    wanted = [("30 days", "2026-10-26", form) for form in ("html", "pdf", "csv", "json", "parquet")]
    wanted += [("1 year", "2025-11-25", form) for form in ("html", "pdf")]
    for period, since, form in wanted:
        path = folder / f"report.{form}"
        asked = [*("report", "--since", since, "--until", "2026-11-24"), "--output", str(path)]
        started = time.perf_counter()
        child = subprocess.Popen(
            [str(COMMAND), *asked],
            env={**os.environ, **environment(site.settings)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        memory = 0.0
        while child.poll() is None:
            memory = max(memory, peak_memory(child.pid))
            time.sleep(0.02)
        if child.returncode != 0:
            raise SystemExit(f"report of {period} as {form} ended with {child.returncode}")
        took = time.perf_counter() - started
        made.append((period, form, took, memory, path.stat().st_size))
        path.unlink()
    return made


def peak_memory(pid: int) -> float:
    """The most memory a running process ever had, MB; 0 where Linux does not say.

    Not `ru_maxrss`: that counts what this program, from which the child was forked, held at the time.
    """
    for line in _lines(f"/proc/{pid}/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def machine() -> str:
    """What it ran on."""
    name = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return f"{os.cpu_count()} x {name}, {platform.system()}, Python {platform.python_version()}, load {load}"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


@dataclass
class Results:
    """What was measured so far."""

    command: str
    about: list[str]
    table: dict[str, dict[int, Timing]]
    written: dict[int, list[tuple[str, str, float, float, int]]]
    plan: tuple[str, int, float, str, list[str]] | None = None
    """Address, size, seconds, query and plan of the slowest query."""

    def missed(self) -> list[str]:
        """Answers that take longer than wanted."""
        late = []
        for name, row in self.table.items():
            for size, timing in row.items():
                limit = next((seconds for most, seconds in LIMITS if size <= most), None)
                if limit is not None and timing.median > limit:
                    late.append(f"{name} at {size:,}: {timing.median:.2f} s, wanted {limit} s")
        return late


def page(results: Results) -> str:
    """docs/benchmark-pages.md."""
    table, written = results.table, results.written
    sizes = sorted({size for row in table.values() for size in row})
    heads = " | ".join(f"{size:,} cold | median | p95 | CPU" for size in sizes)
    out = [
        "# Pages and reports by the number of mentions",
        "",
        f"Written by `{results.command}`; seconds over HTTP, the answer read to its end. The method",
        "stands at the top of [benchmarks/pages.py](../benchmarks/pages.py). Cold: from disk, PostgreSQL",
        "just started. CPU: seconds of web server and PostgreSQL together for a warm answer.",
        "",
        *(f"* {line}" for line in results.about),
        *(f"* missed: {line}" for line in results.missed()),
        "",
        f"| asked for | {heads} |",
        f"|---|{'---:|' * 4 * len(sizes)}",
        *(
            f"| {name} | {' | '.join(row[size].cells if size in row else '| | |' for size in sizes)} |"
            for name, row in table.items()
        ),
        "",
    ]
    if written:
        out += ["## Reports", "", "`brand-monitor report`, start of the program included.", ""]
        out.append("| mentions | period | format | seconds | most memory, MB | file, MB |")
        out.append("|---:|---|---|---:|---:|---:|")
        out += [
            f"| {size:,} | {period} | {form} | {took:.1f} | {memory:,.0f} | {n_bytes / 1e6:,.1f} |"
            for size, rows in written.items()
            for period, form, took, memory, n_bytes in rows
        ]
        out.append("")
    if results.plan is not None:
        name, size, took, query, lines = results.plan
        out += ["## The slowest query", ""]
        out += [f'{took:.2f} s of "{name}" at {size:,} mentions, asked from within one process:', ""]
        out += ["```sql", " ".join(query.split()), "```", "", "```text", *lines, "```", ""]
    return "\n".join(out)


def measure(given: argparse.Namespace, folder: Path, save: Callable[[Results], None]) -> None:
    """Every size, one after the other; saved after each, so that what breaks off is not lost."""
    left_out = (" --warm" if given.warm else "") + (" --no-reports" if given.no_reports else "")
    shown = f"python benchmarks/pages.py --sizes {given.sizes}{left_out}"
    results = Results(command=shown, about=[machine()], table={}, written={})
    with EmbeddedDatabase(folder / "server", SERVER) as server:
        for size in sorted(int(float(each)) for each in given.sizes.split(",")):
            site = Site(server, folder, size)
            took = site.fill()
            held = site.one(f"SELECT pg_size_pretty(pg_database_size('{site.database}'))")
            seeded = "seeded before" if took is None else f"seeded in {took:,.0f} s"
            newest = "SELECT id FROM mention WHERE kind = 'image' ORDER BY published_at DESC LIMIT 1"
            asked = addresses(site.one(newest))
            with site.served() as served:
                for name, path in asked.items():
                    if given.only and given.only not in name:
                        continue
                    timing = served.time(path, given.repeat, given.seconds, cold=not given.warm)
                    results.table.setdefault(name, {})[size] = timing
                    print(f"{size:>10,} {name:<60} {timing.cells}  n={timing.n}", file=sys.stderr, flush=True)
            load = f"load {os.getloadavg()[1]:.1f} at the end"
            results.about.append(f"{size:,} mentions: {held}, {seeded}; {load}")
            if size == max(size for row in results.table.values() for size in row):
                medians = {name: row[size].median for name, row in results.table.items() if size in row}
                worst = max(medians, key=lambda name: medians[name])
                results.plan = (worst, size, *slowest_query(site, asked[worst]))
            save(results)
            if not given.no_reports:
                results.written[size] = reports(site, folder)
                save(results)


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--sizes", default="1e5,1e6,1e7", help="numbers of mentions, with commas")
    options.add_argument("--repeat", type=int, default=20, help="warm requests of each address, at most")
    options.add_argument("--seconds", type=float, default=8.0, help="and no more than that long, but three")
    options.add_argument("--warm", action="store_true", help="leave the cold requests out")
    options.add_argument("--no-reports", action="store_true", help="leave the reports out")
    options.add_argument("--only", help="addresses whose name has this in it")
    options.add_argument("--folder", type=Path, help="where the databases are kept; default: nowhere")
    options.add_argument("--markdown", default="docs/benchmark-pages.md", help="file to write; -: print it")
    given = options.parse_args()

    def save(results: Results) -> None:
        if given.markdown == "-":
            print(page(results))
            return
        Path(given.markdown).write_text(page(results), "utf-8")
        print(f"{given.markdown}: written", file=sys.stderr)

    with contextlib.ExitStack() as stack:
        folder = given.folder or stack.enter_context(
            tempfile.TemporaryDirectory(prefix="brand-monitor-pages-")
        )
        measure(given, Path(folder).resolve(), save)


if __name__ == "__main__":
    main()
