"""What benchmarks/pages.py measures: a seeded database of one size, and the web server on it."""

import os
import signal
import statistics
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psycopg

from monitor.brands import Brands, load_brands
from monitor.local.child import ChildProcess, StopPlan, free_port
from monitor.local.database import EmbeddedDatabase
from monitor.logos.finder import load_finder
from monitor.seeding import seed
from monitor.seeding.events import read_events
from monitor.seeding.load import Seeding
from monitor.settings import Settings, load_settings
from monitor.storage import schema
from monitor.storage.engine import sync_engine
from monitor.storage.pictures import PictureStore

SAMPLES = Path(__file__).parent.parent / "samples" / "pictures"
COMMAND = Path(sys.executable).parent / "brand-monitor"
UNTIL = datetime(2026, 11, 25, tzinfo=UTC)

# Of a server of 8 GB; the defaults are for one of 1 GB. `minimal` lets the seeding go without a log.
SERVER = {
    "shared_buffers": "2GB",
    "effective_cache_size": "6GB",
    "work_mem": "32MB",
    "maintenance_work_mem": "512MB",
    "random_page_cost": "1.1",
    "max_wal_size": "8GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@dataclass(frozen=True)
class Timing:
    """Seconds of one address."""

    status: int
    cold: float | None
    median: float
    p95: float
    cpu: float
    n: int

    @property
    def cells(self) -> str:
        cold = "" if self.cold is None else f"{self.cold:.2f}"
        failed = "" if self.status == 200 else f" (status {self.status})"
        return f"{cold} | {self.median:.2f}{failed} | {self.p95:.2f} | {self.cpu:.2f}"


class Site:
    """One size: its database, and the web server on it."""

    def __init__(
        self,
        server: EmbeddedDatabase,
        folder: Path,
        size: int,
        *,
        brands: Path | None = None,
        events: Path | None = None,
    ) -> None:
        self.server, self.size, self._events = server, size, events
        self.database = f"pages_{size}"
        self.settings = load_settings(
            database_url=server.create(self.database),
            brands_file=brands,
            picture_store=str(folder / f"pictures_{size}"),
            web_port=free_port(),
            web_statement_timeout=60,  # to know how long it takes, not that it takes too long
            inference_threads=1,
        )
        self._log = folder / f"web_{size}.log"

    def fill(self) -> float | None:
        """Seconds it took to seed the database; None if it was seeded before."""
        schema.upgrade(self.settings)
        engine = sync_engine(self.settings)
        with engine.connect() as connection:
            made = connection.exec_driver_sql("SELECT coalesce(sum(mentions), 0) FROM seeding").scalar_one()
        if made not in (0, self.size):
            raise SystemExit(
                f"{self.database} holds {made:,} made-up mentions; drop it, or name another folder"
            )
        started = time.perf_counter()
        if not made:
            chosen = self.settings
            every = load_brands(chosen.brands_file)
            brands = Brands(msgspec.structs.replace(each, own=each.name == "VMware") for each in every)
            finder = load_finder(chosen, brands)
            events = read_events(self._events, UNTIL) if self._events else None
            wanted = Seeding(mentions=self.size, until=UNTIL, events=events)
            store = PictureStore(chosen.picture_store)
            seed(engine, brands, wanted, SAMPLES, finder, store)
        engine.dispose()
        return None if made else time.perf_counter() - started

    @contextmanager
    def served(self) -> Iterator["Served"]:
        child = ChildProcess(
            "web",
            [str(COMMAND), "web"],
            log=self._log,
            plan=StopPlan(signal=signal.SIGTERM, grace=10),
            env=environment(self.settings),
        )
        address = f"http://127.0.0.1:{self.settings.web_port}"
        child.start(lambda: ask(f"{address}/health")[0] == 200, timeout=60)
        try:
            yield Served(self, address, child)
        finally:
            child.stop()

    def one(self, query: str) -> str:
        with psycopg.connect(self.settings.database_url.get_secret_value()) as connection:
            found = connection.execute(query).fetchone()
        assert found is not None
        return str(found[0])


@dataclass(frozen=True)
class Served:
    """A running web server."""

    site: Site
    address: str
    child: ChildProcess

    def time(self, path: str, repeat: int, seconds: float, *, cold: bool) -> Timing:
        first = None
        if cold:
            self.site.server.stop()
            forget(self.site.server.data_dir)
            self.site.server.start()
            _, first = ask(self.address + path)
        ask(self.address + path)
        took: list[float] = []
        cpu = self._cpu()
        started = time.perf_counter()
        while len(took) < repeat and (len(took) < 3 or time.perf_counter() - started < seconds):
            status, each = ask(self.address + path)
            took.append(each)
        took.sort()
        return Timing(
            status=status,
            cold=first,
            median=statistics.median(took),
            p95=took[min(len(took) - 1, int(0.95 * len(took)))],
            cpu=(self._cpu() - cpu) / len(took),
            n=len(took),
        )

    def _cpu(self) -> float:
        """CPU seconds of the web server and of PostgreSQL so far, ended workers included; 0 without /proc."""
        pids = {self.child.pid, self.site.server.pid}
        while found := {int(child) for pid in pids for child in children(pid)} - pids:
            pids |= found
        return sum(cpu_of(pid) for pid in pids if pid is not None)


def environment(settings: Settings) -> dict[str, str]:
    """The settings that differ from the defaults, for a child."""
    named = {"MONITOR_BRANDS_FILE": str(settings.brands_file)} if settings.brands_file else {}
    return named | {
        "MONITOR_DATABASE_URL": settings.database_url.get_secret_value(),
        "MONITOR_PICTURE_STORE": settings.picture_store,
        "MONITOR_WEB_PORT": str(settings.web_port),
        "MONITOR_WEB_STATEMENT_TIMEOUT": str(settings.web_statement_timeout),
    }


def ask(address: str) -> tuple[int, float]:
    """Status (0: nobody answers) and seconds of one GET, the answer read to its end."""
    started = time.perf_counter()
    try:
        with urllib.request.urlopen(address, timeout=300) as answer:
            answer.read()
            status = answer.status
    except urllib.error.HTTPError as error:
        status = error.code
    except OSError:
        status = 0
    return status, time.perf_counter() - started


def forget(folder: Path) -> None:
    """Put files out of the system's cache, those of nobody else."""
    if not hasattr(os, "posix_fadvise"):
        return
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def children(pid: int | None) -> list[str]:
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []


def cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
