"""Collects what sources.toml names, in one process: each entry a task, one HTTP client, one producer."""

import asyncio
import logging
import signal
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from monitor.brand_matcher import BrandMatcher
from monitor.brands import load_brands
from monitor.errors import SetupError
from monitor.privacy import Privacy
from monitor.settings import Settings
from monitor.sources.collector import Collector
from monitor.sources.config import Entry, read_sources, sources_path
from monitor.sources.context import Context
from monitor.sources.folder import FolderOptions
from monitor.sources.http import Http
from monitor.sources.kinds import KINDS, Kind
from monitor.sources.pictures import Pictures
from monitor.sources.publication import Publication
from monitor.sources.receiver import Receiver
from monitor.sources.receiver_options import ReceiverOptions
from monitor.sources.records import Records
from monitor.sources.sending import Sender
from monitor.sources.stopping import Stop
from monitor.storage.collecting import collected_after
from monitor.storage.engine import async_engine
from monitor.storage.faults import translated
from monitor.storage.schema import check_revision
from monitor.stream.deadman import stay_alive
from monitor.stream.health import Check, CheckResult, HealthServer
from monitor.stream.logs import configure_logging
from monitor.stream.metrics import CollectMetrics

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_STILL: Final = 120.0
"""Seconds that the event loop may stand still; nothing here takes one."""
_THREADS: Final = 64
"""For names that are looked up, files, feeds: some slow name servers hold up nothing else."""
_CHECKING: Final = 4
"""Connections to the database besides one for each entry."""

_log = structlog.get_logger(__name__)

_ASK_NOBODY: Final = (FolderOptions, ReceiverOptions)


def run_collect(
    settings: Settings, only: Collection[str] = (), *, once: bool = False, kinds: Mapping[str, Kind] = KINDS
) -> int:
    """Collect in this process; blocks until it ends. Call it from the main thread.

    `only`: the entries of these names; none: all. `once`: one pass of those that are asked again and again,
    and no other. Returns 0 after SIGTERM or SIGINT or passes that all went well, 1 where one failed. Raises
    `SetupError` and `OutageError` at start only.
    """
    configure_logging(settings.log_format, settings.log_level)
    # What fails arrives as an exception, and is told once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    path = sources_path(settings)
    entries = chosen(read_sources(path, kinds), only)
    if not entries:
        raise SetupError(f"{path} names no source; docs/sources.md says how")
    return asyncio.run(_Process(settings, entries, kinds).run(once))


def chosen(entries: Sequence[Entry], only: Collection[str]) -> list[Entry]:
    """The entries of these names; all where none is given. Raises `SetupError` for a name that is none's."""
    names = [entry.name for entry in entries]
    for name in only:
        if name not in names:
            raise SetupError(f"no source is named {name!r}; there are {', '.join(names) or 'none'}")
    return [entry for entry in entries if not only or entry.name in only]


class _Process:
    def __init__(self, settings: Settings, entries: Sequence[Entry], kinds: Mapping[str, Kind]) -> None:
        self._settings = settings
        self._entries = entries
        self._kinds = kinds
        self._stop = Stop()
        self._metrics = CollectMetrics()

    async def run(self, once: bool) -> int:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(_THREADS))
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._stop.set)
        async with AsyncExitStack() as stack:
            engine = async_engine(self._settings, connections=len(self._entries) + _CHECKING)
            stack.push_async_callback(engine.dispose)
            await _check_schema(engine)
            sender = Sender(self._settings)
            stack.push_async_callback(sender.close)
            await sender.check()
            collectors = await self._made(stack, engine, sender)
            if once:
                return await self._once(collectors)
            receivers = {
                entry.name: Receiver(
                    *(entry.name, entry.options, engine, sender, self._settings, self._stop, self._metrics)
                )
                for entry in self._entries
                if isinstance(entry.options, ReceiverOptions)
            }
            await self._serve(stack, engine, sender, {**collectors, **receivers})
        return 0

    async def _made(self, stack: AsyncExitStack, engine: AsyncEngine, sender: Sender) -> dict[str, Collector]:
        """By name. Raises `SetupError`."""
        settings = self._settings
        brands = load_brands(settings.brands_file)
        http = await stack.enter_async_context(Http.of(settings))
        asks = [each.name for each in self._entries if not isinstance(each.options, _ASK_NOBODY)]
        if asks and not settings.collect_contact:
            _log.warning("platforms are not told who asks: set MONITOR_COLLECT_CONTACT", collectors=asks)
        folder = sources_path(settings).parent
        context = Context(
            http=http,
            brands=brands,
            settings=settings,
            folder=folder,
            collected=partial(collected_after, engine),
        )
        pictures = Pictures(http, settings.image_max_bytes)
        matcher = BrandMatcher(brands)
        privacy = Privacy(settings)
        made = {}
        for entry in self._entries:
            build = self._kinds[entry.kind].build
            if build is None:
                continue
            source = build(entry.name, entry.options, context)
            publication = Publication(
                Records(source.source, settings.text_max_chars),
                pictures,
                sender,
                matcher if source.only_brands else None,
                partial(privacy.id, source.source),
            )
            made[entry.name] = Collector(
                *(entry.kind, source, publication, engine, self._stop, self._metrics, context.now)
            )
        return made

    async def _once(self, collectors: Mapping[str, Collector]) -> int:
        for name, collector in collectors.items():
            if collector.streams:
                _log.warning("left out: it streams, and no pass of it ends", collector=name)
        passing = {name: each for name, each in collectors.items() if not each.streams}
        faults = await asyncio.gather(*(each.run_once() for each in passing.values()))
        return 1 if any(faults) else 0

    async def _serve(
        self,
        stack: AsyncExitStack,
        engine: AsyncEngine,
        sender: Sender,
        running: Mapping[str, Collector | Receiver],
    ) -> None:
        settings = self._settings
        health = HealthServer(settings.health_host, settings.health_port, self._metrics)
        health.checks = _checks(engine, sender, running)
        await health.start()
        stack.push_async_callback(health.stop)
        _log.info("collects", entries=list(running), health=health.url)
        alive = asyncio.create_task(stay_alive(_STILL))
        tasks = [asyncio.create_task(each.run(), name=name) for name, each in running.items()]
        stop = asyncio.create_task(self._stop.wait())
        try:
            # A task that ends before the stop was set up wrong: it says so below.
            await asyncio.wait((*tasks, stop), return_when=asyncio.FIRST_COMPLETED)
            self._stop.set()
            _log.info("stopping", at_most_s=settings.stop_timeout)
            # What is being published is finished and saved; what takes longer is published again.
            done, _ = await asyncio.wait(tasks, timeout=settings.stop_timeout)
            for task in done:
                task.result()
        finally:
            for task in (*tasks, stop, alive):
                task.cancel()
            await asyncio.gather(*tasks, stop, alive, return_exceptions=True)


def _checks(
    engine: AsyncEngine, sender: Sender, running: Mapping[str, Collector | Receiver]
) -> dict[str, Check]:
    """Ready where database and Kafka answer. An entry that fails is told, and no reason to restart the
    process."""

    async def database() -> CheckResult:
        with translated():
            async with engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        return CheckResult(True, "answers")

    async def kafka() -> CheckResult:
        await sender.check()
        return CheckResult(True, "answers")

    def told(one: Collector | Receiver) -> Check:
        async def check() -> CheckResult:
            return CheckResult(True, str(one.health))

        return check

    return {"database": database, "kafka": kafka, **{name: told(each) for name, each in running.items()}}


async def _check_schema(engine: AsyncEngine) -> None:
    with translated():
        async with engine.connect() as connection:
            await connection.run_sync(check_revision)
