"""One worker process: loads the models, joins the consumer group, runs until SIGTERM or a lasting outage."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeVar

import structlog

from monitor.brands import load_brands
from monitor.errors import OutageError, SetupError
from monitor.settings import Agents, Settings
from monitor.storage.attempts import Attempts
from monitor.storage.engine import async_engine, sync_engine
from monitor.storage.gallery import GalleryStore
from monitor.storage.pictures import PictureStore
from monitor.storage.writer import BatchWriter
from monitor.stream.announcements import Announcer
from monitor.stream.app import StreamApp
from monitor.stream.assignment import Assignment
from monitor.stream.brands import BrandsWatch
from monitor.stream.clients import open_producer
from monitor.stream.deadman import stay_alive
from monitor.stream.destination import Destination
from monitor.stream.health import Check, CheckResult, HealthServer
from monitor.stream.identity import read_log
from monitor.stream.intake import Intake
from monitor.stream.ledger import Ledger
from monitor.stream.loading import inputs, load_scorings
from monitor.stream.logs import configure_logging
from monitor.stream.metrics import Metrics
from monitor.stream.outage import OutageRetry
from monitor.stream.pipeline import Pipeline
from monitor.stream.quarantine import Quarantine
from monitor.stream.sweeping import Sweeper
from monitor.stream.topics import missing_topics
from monitor.stream.watch import BrokerWatch

_log = structlog.get_logger(__name__)

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

_LEAVING: Final = 1.0
"""Seconds after `stop_timeout` for leaving the group. The process ends then regardless; everything stored has
been committed."""

_CLOSING: Final = 0.5
"""Seconds after that for closing connections; with the two above, a stop takes less than 10 s."""

_TURN: Final = 0.001
"""Seconds that a thread keeps the interpreter while others want it."""

_ANEW: Final = -1
"""In the place of an exit code: the process goes on as a worker that has just been started."""

T = TypeVar("T")


def run_worker(settings: Settings, agents: Agents) -> int:
    """Run one worker in this process; blocks until it ends. Call it from the main thread.

    Returns 0 after SIGTERM or SIGINT, 1 after an outage that outlasted `outage_retry` or a fault of our
    own, 2 where somebody has to mend something. Where a thread is still inside a long run of a model then,
    the process ends here, with the same code. After a change of brands.toml the process becomes what its
    command line says once more, with the same process id. Raises `SetupError` before anything is consumed
    where models, topics, schema or settings are wrong, `OutageError` where broker or database cannot be
    reached at start.
    """
    configure_logging(settings.log_format, settings.log_level)
    # Beside a model's thread each turn of the event loop waits so long, and five times that by default: a
    # batch is written in dozens of turns, and the next one waits to be scored.
    sys.setswitchinterval(_TURN)
    return asyncio.run(_Worker(settings, agents).run())


@dataclass(frozen=True)
class _Parts:
    """What runs."""

    app: StreamApp
    watch: BrokerWatch
    writer: BatchWriter
    brands: BrandsWatch
    sweeper: Sweeper | None
    """None where no pictures are read: nothing else lets any go."""

    @property
    def busy(self) -> bool:
        working = [pipeline.scoring.busy for pipeline in self.app.pipelines.values()]
        return any(working) or (self.sweeper is not None and self.sweeper.busy)


class _Worker:
    """Puts the parts together in the order in which they can fail, and takes them apart again."""

    def __init__(self, settings: Settings, agents: Agents) -> None:
        self._settings = settings
        self._agents = agents
        self._metrics = Metrics()
        self._stopping = asyncio.Event()

    async def run(self) -> int:
        """The exit code."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._stopping.set)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)  # a predecessor may have held them back
        settings = self._settings
        health = HealthServer(settings.health_host, settings.health_port, self._metrics)
        async with AsyncExitStack() as resources:
            await health.start()
            resources.push_async_callback(health.stop)
            parts = await self._unless_stopped(self._prepare(resources))
            if parts is None:
                _log.info("worker stops on a signal, before it consumed anything")
                self._leave(0)  # a model may still be loading in its thread
            health.checks = _checks(parts)
            _log.info(
                "worker starting",
                agents=self._agents.value,
                devices={name: one.scoring.device.value for name, one in parts.app.pipelines.items()},
                health=f"{health.url}/health/ready",
            )
            code = await self._serve(parts)
            try:
                async with asyncio.timeout(_CLOSING):
                    await resources.aclose()
            except TimeoutError:
                self._leave(code)  # a server that is away does not say goodbye
        if parts.busy or code == _ANEW:
            self._leave(code)
        return code

    async def _prepare(self, resources: AsyncExitStack) -> _Parts:
        settings = self._settings
        outputs = ("dead", "findings") if settings.publish_findings else ("dead",)
        missing = await missing_topics(settings, inputs(self._agents) + outputs)
        if missing:
            raise SetupError(f"Kafka has no topics {', '.join(missing)}; run `brand-monitor topics create`")
        log = await read_log(settings)
        brands = load_brands(settings.brands_file)
        engine = async_engine(settings)
        resources.push_async_callback(engine.dispose)
        writer = BatchWriter(engine, brands)
        await writer.prepare()
        logs = await writer.open_logs(log.cluster_id, log.topic_ids)
        producer = await resources.enter_async_context(open_producer(settings))
        retry = OutageRetry(
            settings.outage_retry, on_failure=lambda what: self._metrics.outages.labels(what).inc()
        )
        galleries = GalleryStore(engine)
        scorings = await asyncio.to_thread(
            load_scorings,
            settings,
            self._agents,
            brands,
            writer,
            galleries,
            retry,
            self._metrics,
            lambda: writer.kept_from,
        )
        sweeper = None
        if "image" in scorings:
            sweeping = sync_engine(settings)
            resources.callback(sweeping.dispose)
            sweeper = Sweeper(sweeping, PictureStore(settings.picture_store))
        ledger = Ledger()
        quarantine = Quarantine(
            Attempts(engine), retry, self._metrics, logs, settings.deaths_before_quarantine
        )
        announcer = Announcer(producer, settings)
        destination = Destination(
            *(logs, writer, announcer, ledger, retry, quarantine, self._metrics),
            pictures_gone=(lambda: None) if sweeper is None else sweeper.wake,
        )
        sizes = {"text": settings.text_batch_size, "image": settings.image_batch_size}
        pipelines = {
            name: Pipeline(f"{name}s", scoring, Intake(sizes[name], settings.batch_wait), destination)
            for name, scoring in scorings.items()
        }
        watch = BrokerWatch(settings, log, self._metrics)
        by_topic = {settings.topic(name): size for name, size in sizes.items()}
        assignment = Assignment(watch, quarantine, self._metrics, log, logs, by_topic)
        app = StreamApp(settings, self._agents, pipelines, ledger, self._metrics, assignment, log.topic_ids)
        return _Parts(app, watch, writer, BrandsWatch(settings.brands_file, brands), sweeper)

    async def _serve(self, parts: _Parts) -> int:
        """Run until a signal, a crash or a change of the brands."""
        app = parts.app
        start = asyncio.create_task(app.start(), name="start")
        watch = asyncio.create_task(parts.watch.run(app), name="watch")
        alive = asyncio.create_task(stay_alive(self._settings.score_timeout), name="alive")
        crash = asyncio.create_task(app._crashed.wait(), name="crash")
        stop = asyncio.create_task(self._stopping.wait(), name="signal")
        brands = asyncio.create_task(parts.brands.changed(), name="brands")
        beside = [crash, stop, alive, brands]
        if parts.sweeper is not None:
            beside.append(asyncio.create_task(parts.sweeper.run(), name="sweep"))
        waiting = {start, crash, stop, watch, alive, brands}
        try:
            while not (stop.done() or crash.done() or brands.done()):
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done - {stop, crash}:
                    if task not in (start, brands) or task.exception() is not None:
                        # What watches has ended: nobody would notice an outage, or a standstill.
                        failed = task.exception() or RuntimeError(f"task {task.get_name()} ended")
                        return await self._stop(app, app.crash_reason or failed, [start, watch])
            code = _ANEW if brands.done() and not (stop.done() or crash.done()) else 0
            return await self._stop(app, app.crash_reason, [start, watch], code)
        finally:
            for task in beside:
                task.cancel()

    async def _stop(
        self,
        app: StreamApp,
        reason: BaseException | None,
        background: list[asyncio.Task[None]],
        without_reason: int = 0,
    ) -> int:
        """Stop what runs; returns the exit code, `without_reason` where nothing has failed."""
        code = without_reason if reason is None else 2 if isinstance(reason, SetupError) else 1
        if code == _ANEW:
            _log.info("brands.toml holds other brands: the worker starts anew")
        elif reason is None:
            _log.info("worker stops on a signal")
        else:
            _log.error(
                "worker stops after a failure, Kafka keeps what is not stored",
                error=str(reason) or type(reason).__name__,
                # A fault of our own wants its traceback; an outage is told in its message.
                exc_info=None if isinstance(reason, OutageError | SetupError) else reason,
            )
        try:
            async with asyncio.timeout(self._settings.stop_timeout + _LEAVING):
                for task in background:
                    task.cancel()
                await app.stop()
                await asyncio.gather(*background, return_exceptions=True)
        except TimeoutError:
            _log.warning("leaving the group without a goodbye: stopping took too long")
            self._leave(code)
        except Exception as error:  # what runs on was told to stop, but its thread or server may be gone
            _log.warning("leaving the group without a goodbye", error=f"{type(error).__name__}: {error}")
            self._leave(code)
        return code

    def _leave(self, code: int) -> NoReturn:
        """End the process now, or let it begin anew, threads or no threads; everything stored has been
        committed."""
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        if code != _ANEW:
            os._exit(code)
        # From here on one waits until the successor listens; it would end that without a word.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        if self._stopping.is_set():  # one came while it stopped
            os._exit(0)
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - what it was started as

    async def _unless_stopped(self, work: Coroutine[Any, Any, T]) -> T | None:
        """The work's result, or `None` if a signal came first."""
        task = asyncio.create_task(work)
        stop = asyncio.create_task(self._stopping.wait())
        await asyncio.wait([task, stop], return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        return await task if task.done() else None


def _checks(parts: _Parts) -> dict[str, Check]:
    app = parts.app

    async def assignment() -> CheckResult:
        held = app.held
        if held is None:
            return CheckResult(False, "joining the consumer group")
        return CheckResult(True, f"{len(held)} partitions")

    async def models() -> CheckResult:
        # They came up on the device asked for, or the worker would have ended before it joined the group.
        devices = ", ".join(f"{name} on {one.scoring.device.value}" for name, one in app.pipelines.items())
        return CheckResult(True, devices)

    async def database() -> CheckResult:
        await parts.writer.ping()
        return CheckResult(True, "answers")

    async def consumer() -> CheckResult:
        return await parts.watch.progressing(app)

    return {"assignment": assignment, "consumer": consumer, "models": models, "database": database}
