"""Runs seeds: servers once, then for each seed topics, a group, a database and workers of its own."""

import asyncio
import contextlib
import random
import subprocess
import tempfile
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from monitor.settings import Settings, load_settings
from tests.nemesis import faults
from tests.nemesis.archive import Archive
from tests.nemesis.checker import Fault, Wrong, check
from tests.nemesis.cluster import Cluster
from tests.nemesis.crew import ROOT, Crew
from tests.nemesis.database import Postgres
from tests.nemesis.expectations import NEEDS_WIRE
from tests.nemesis.kafka import Kafka
from tests.nemesis.models import LOGOS, SENTIMENT, write_models
from tests.nemesis.oracle import Expected, Oracle
from tests.nemesis.proxy import Cruelty, Proxy
from tests.nemesis.publisher import Publisher
from tests.nemesis.results import Outcome, Phase
from tests.nemesis.stage import Stage, StuckError
from tests.nemesis.wire import CODECS

OLD: Final = "old"
"""`FAULTS=old`: without what `NEEDS_WIRE` lists, plain codecs, and groups that have committed."""

_PAIRED: Final = 0.25
"""Of the phases, how many have two faults at once."""

_ORDER: Final = ("topic", "log", "worker", "database", "broker")
"""Of the families of two faults at once."""

_FINAL: Final = 120.0
"""Seconds for everything to be stored at the end."""

_AUDIT: Final = 30.0
"""Seconds for the status to be asked."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """How much of what."""

    phases: int = 10
    records: int = 1000
    """Published in each phase, about: six tenths before the fault, a tenth a second while it is on."""
    workers: int = 3
    only: tuple[str, ...] = ()
    """Names of faults to draw from; none: all. `old` stands for those the README lists."""
    seconds: float | None = None
    """After which no further phase begins."""

    @property
    def kinds(self) -> list[faults.Kind]:
        if self.only == (OLD,):
            return [kind for name, kind in faults.FAULTS.items() if name not in NEEDS_WIRE]
        unknown = set(self.only) - faults.FAULTS.keys()
        if unknown:
            raise SystemExit(f"no faults {sorted(unknown)}; there are {', '.join(sorted(faults.FAULTS))}")
        return [kind for name, kind in faults.FAULTS.items() if not self.only or name in self.only]

    @property
    def old(self) -> bool:
        return self.only == (OLD,)


@dataclass
class Servers:
    """What the seeds of one run share."""

    folder: Path
    cluster: Cluster
    postgres: Postgres
    oracle: Oracle
    models: Path


@contextmanager
def servers() -> Iterator[Servers]:
    """Starts all; a folder that goes away afterwards holds it."""
    with tempfile.TemporaryDirectory(prefix="brand-monitor-nemesis-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user under root
        models = folder / "models"
        write_models(models)
        with Cluster(folder / "kafka") as cluster:
            postgres = Postgres(folder / "postgres")
            postgres.start()
            try:
                oracle = Oracle(models)
                while not all(node.answers() for node in cluster.nodes):
                    time.sleep(0.2)
                yield Servers(folder, cluster, postgres, oracle, models)
            finally:
                postgres.stop()


@dataclass
class _Notes:
    """What is known of a seed so far."""

    phases: list[Phase] = field(default_factory=list)
    stuck: str = ""


async def run_seed(shared: Servers, seed: int, options: Options, say: Say, logs: Path) -> Outcome:
    """One seed from its topics to the verdict. The workers' logs are kept in `logs` if anything was wrong."""
    started, notes = time.monotonic(), _Notes()
    rng = random.Random(seed)
    fresh = not options.old and rng.random() < 0.5
    async with AsyncExitStack() as resources:
        stage = await _set_up(shared, seed, rng, options, resources)
        resources.push_async_callback(_tear_down, stage)
        supervisor = asyncio.create_task(stage.crew.supervise())
        resources.callback(supervisor.cancel)
        try:
            await (_commit_nothing(stage) if fresh else _commit_something(stage))
            for number, chosen in enumerate(_draw(rng, options), 1):
                if options.seconds is not None and time.monotonic() - started > options.seconds:
                    break
                say(f"phase {number}: {' + '.join(kind.name for kind in chosen)}")
                await _phase(stage, number, chosen, notes)
            await stage.recovered(_FINAL)
        except StuckError as error:
            notes.stuck = f"{error}\n{stage.crew.log_tail()}"
        except Exception as error:  # what the harness could not do tells about the stream, too
            notes.stuck = f"{type(error).__name__}: {error}\n{stage.crew.log_tail()}"
        say("stopping the workers, adding up")
        await _heal(stage)
        if notes.stuck:  # what comes late is not lost
            with contextlib.suppress(StuckError, OSError):
                await stage.recovered(_FINAL)
        await stage.crew.stop_all()
        if supervisor.done() and not notes.stuck:
            notes.stuck = f"the supervisor ended: {supervisor.exception()!r}"
        expected, wrong, audit = await _verdict(shared, stage)
        outcome = _outcome(seed, fresh, time.monotonic() - started, stage, notes, expected, wrong, audit)
        if not outcome.ok or outcome.crashes:
            stage.crew.keep_logs(logs / f"seed-{seed}")
        return outcome


async def _set_up(
    shared: Servers, seed: int, rng: random.Random, options: Options, resources: AsyncExitStack
) -> Stage:
    name = f"s{seed}-{uuid.uuid4().hex[:6]}"
    folder = shared.folder / name
    folder.mkdir()
    database = await asyncio.to_thread(shared.postgres.database, name.replace("-", "_"))
    proxy = Proxy(shared.postgres.server.port, random.Random(seed)).start()
    resources.callback(proxy.stop)
    settings = _settings(shared, database.through(proxy.port), name, folder)
    kafka = Kafka(shared.cluster.servers, settings.consumer_group)
    partitions = {"text": rng.randint(3, 5), "image": 2}
    outputs = {"dead": 1, "findings": 2, "alerts": 1}
    await kafka.create({settings.topic(one): count for one, count in (partitions | outputs).items()})
    archive = Archive(shared.cluster.servers)
    await archive.start()
    resources.push_async_callback(archive.close)
    topics = {one: settings.topic(one) for one in partitions}
    codecs: Sequence[str] = ("none", "gzip") if options.old else CODECS
    publisher = Publisher(shared.cluster.servers, topics, partitions, archive, rng, codecs)
    await publisher.start()
    resources.push_async_callback(publisher.close)
    crew = Crew(settings, folder, _EXTRA)
    for _ in range(options.workers):
        crew.add()
    return Stage(
        rng=rng,
        settings=settings,
        cluster=shared.cluster,
        postgres=shared.postgres,
        database=database,
        proxy=proxy,
        crew=crew,
        publisher=publisher,
        archive=archive,
        kafka=kafka,
        partitions=partitions,
        records=options.records,
    )


_EXTRA: Final = {
    # Short, since every death costs a start of some seconds here; but a text that names a brand 7,000 times
    # takes two seconds of a processor, which others may want, too.
    "MONITOR_DEATHS_BEFORE_QUARANTINE": "2",
    "MONITOR_SCORE_TIMEOUT": "12",
}
"""Settings of workers that not every version knows."""


def _settings(shared: Servers, database_url: str, name: str, folder: Path) -> Settings:
    return load_settings(
        kafka_url=shared.cluster.url,
        database_url=database_url,
        topic_prefix=name,
        consumer_group=name,
        topic_replication=3,
        picture_store=str(folder / "pictures"),
        models_dir=shared.models,
        sentiment_model=SENTIMENT,
        logo_model=LOGOS,
        ocr=False,  # the pictures hold no letters, and to read none takes time that faults have a use for
        logo_embedder="",
        brands_file=shared.models / "brands.toml",
        device="cpu",
        inference_threads=1,
        session_timeout=3.0,
        rebalance_timeout=5.0,
        outage_retry=6.0,
        stop_timeout=4.0,
        batch_wait=0.05,
        log_format="json",
        log_level="INFO",
    )


def _draw(rng: random.Random, options: Options) -> Iterator[tuple[faults.Kind, ...]]:
    """A fault for each phase, each kind once before any comes again; some with another beside it."""
    deck: list[faults.Kind] = []
    for _ in range(options.phases):
        if not deck:
            # Weighted, without putting back: the heavier, the nearer to the top.
            deck = sorted(options.kinds, key=lambda kind: rng.random() ** (1 / kind.weight))
        first = deck.pop()
        beside = [kind for kind in options.kinds if kind.family != first.family and not kind.alone]
        if first.alone or not beside or rng.random() >= _PAIRED:
            yield (first,)
        else:
            # What publishes goes first: where the brokers are away, it could not.
            yield tuple(sorted((first, rng.choice(beside)), key=lambda kind: _ORDER.index(kind.family)))


async def _phase(stage: Stage, number: int, chosen: Sequence[faults.Kind], notes: _Notes) -> None:
    """Publish, break, hold, heal, and measure until it is well again."""
    rng, publisher = stage.rng, stage.publisher
    publisher.drafts.phase = number
    await publisher.load(stage.records * 6 // 10)
    well = asyncio.Event()
    trickle = asyncio.create_task(_trickle(stage, well))
    names = tuple(kind.name for kind in chosen)
    try:
        await asyncio.sleep(rng.uniform(0.0, 0.3))
        in_flight = await stage.in_flight()
        async with AsyncExitStack() as acts:
            for kind in chosen:
                await acts.enter_async_context(kind.act(stage))
            await asyncio.sleep(max(rng.uniform(*kind.hold) for kind in chosen))
        well.set()
        healed = time.monotonic()
        targets = await stage.targets()
        committed = await stage.kafka.committed()
        still = sum(max(end - committed.get(place, 0), 0) for place, end in targets.items())
        try:
            await stage.recovered(max(kind.limit for kind in chosen), targets)
        except StuckError:
            notes.phases.append(
                Phase(number=number, faults=names, in_flight=max(in_flight, still), recovery=None)
            )
            raise
        taken = time.monotonic() - healed
        notes.phases.append(
            Phase(number=number, faults=names, in_flight=max(in_flight, still), recovery=round(taken, 2))
        )
    finally:
        well.set()
        await asyncio.wait([trickle], timeout=90)
        if not trickle.done():
            trickle.cancel()


async def _trickle(stage: Stage, well: asyncio.Event) -> None:
    """A few records now and again, as long as anything is wrong: a tenth of a phase's a second."""
    while not well.is_set():
        await stage.publisher.load(stage.records // 50)
        await asyncio.sleep(0.2)


async def _commit_something(stage: Stage) -> None:
    """A record or more in every partition, committed."""
    drafts = [stage.publisher.drafts.text() for _ in range(60)]
    drafts += [stage.publisher.drafts.image() for _ in range(20)]
    await stage.publisher.publish(drafts)
    await stage.recovered(60)


async def _commit_nothing(stage: Stage) -> None:
    """Records are there before the workers, and come while they join; back as soon as one is stored."""
    loading = asyncio.create_task(stage.publisher.load(stage.records // 2, rate=stage.records / 4))
    deadline = time.monotonic() + 60
    while not (await asyncio.to_thread(stage.database.rows, "SELECT 1 FROM mention LIMIT 1")):
        if time.monotonic() > deadline:
            raise StuckError("nothing is stored a minute after the start")
        await asyncio.sleep(0.2)
    await loading


async def _heal(stage: Stage) -> None:
    """Whatever was left broken by a phase that did not end well."""
    for node in stage.cluster.nodes:
        node.thaw()
    stage.cluster.launch_all()
    await asyncio.to_thread(stage.postgres.launch)
    stage.proxy.cruelty = Cruelty()
    stage.crew.resume()
    await asyncio.to_thread(stage.database.raise_nothing)
    await asyncio.to_thread(stage.database.read_only, False)


async def _verdict(shared: Servers, stage: Stage) -> tuple[Expected, list[Fault], tuple[str, ...]]:
    settings, archive = stage.settings, stage.archive
    text, image, dead, findings = (settings.topic(one) for one in ("text", "image", "dead", "findings"))
    await archive.read(text, image, dead, findings)
    last = {id: place for id, (_, place) in stage.publisher.last.items()}
    expected = await asyncio.to_thread(
        shared.oracle.expect, archive.entries(text), archive.entries(image), last, stage.excused
    )
    wrong = await asyncio.to_thread(
        check, stage.database.url, expected, archive.entries(findings), archive.entries(dead)
    )
    audit = await _audit(stage)
    # What the log dropped unread has to be named by the audit: there it must complain.
    if not stage.excused:
        wrong += [Fault(Wrong.AUDIT, -1, line) for line in audit]
    return expected, wrong, audit


async def _audit(stage: Stage) -> tuple[str, ...]:
    """Complaints of `brand-monitor status --audit`."""
    direct = stage.settings.model_copy(
        update={"database_url": load_settings(database_url=stage.database.url).database_url}
    )
    try:
        from monitor.status import read_status

        async with asyncio.timeout(_AUDIT):
            return tuple((await read_status(direct)).audit.faults)
    except Exception as error:  # an audit that cannot be made is a complaint
        return (f"{type(error).__name__}: {error}",)


async def _tear_down(stage: Stage) -> None:
    await stage.crew.stop_all(kill=True)
    await asyncio.to_thread(stage.database.drop)
    names = ("text", "image", "dead", "findings", "alerts")
    await stage.kafka.delete(*(stage.settings.topic(name) for name in names))


def _outcome(
    seed: int,
    fresh: bool,
    seconds: float,
    stage: Stage,
    notes: _Notes,
    expected: Expected,
    wrong: list[Fault],
    audit: tuple[str, ...],
) -> Outcome:
    by_phase: dict[str, Counter[str]] = defaultdict(Counter)
    for fault in wrong:
        by_phase[str(fault.phase)][fault.wrong] += 1
    exits: Counter[str] = Counter()
    for worker in stage.crew.workers:
        exits.update({str(code): count for code, count in worker.exits.items()})
    return Outcome(
        seed=seed,
        commit=commit(),
        fresh_group=fresh,
        seconds=round(seconds, 1),
        records=expected.records,
        unacknowledged=stage.publisher.failed,
        mentions=len(expected.mentions),
        letters=len(expected.letters),
        excused=len(stage.excused),
        cut=stage.proxy.cut,
        phases=tuple(notes.phases),
        wrong=dict(Counter(fault.wrong.value for fault in wrong)),
        wrong_by_phase={phase: dict(counts) for phase, counts in by_phase.items()},
        examples=tuple(_examples(wrong)),
        stuck=notes.stuck,
        audit=audit,
        memory_mb=tuple(worker.high_water // 1024 for worker in stage.crew.workers),
        exits=dict(exits),
        crashes=dict(stage.crew.crashes()),
    )


def _examples(wrong: Sequence[Fault]) -> Iterator[str]:
    """Up to eight of each kind."""
    shown: Counter[Wrong] = Counter()
    for fault in wrong:
        shown[fault.wrong] += 1
        if shown[fault.wrong] <= 8:
            yield f"{fault.wrong} (phase {fault.phase}): {fault.what}"


def commit() -> str:
    """Of the code that runs."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=8"]
    said: Any = subprocess.run(command, check=False, capture_output=True, text=True)
    return str(said.stdout).strip()
