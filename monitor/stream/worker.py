"""One worker process: loads the models, joins the consumer group, runs until SIGTERM or an outage that
lasts."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from monitor.brands import Brands, load_brands
from monitor.errors import OutageError, SetupError
from monitor.settings import Agents, Settings
from monitor.storage.engine import async_engine
from monitor.storage.writer import BatchWriter
from monitor.stream.announcements import Announcer
from monitor.stream.app import StreamApp
from monitor.stream.clients import open_producer
from monitor.stream.health import Check, CheckResult, HealthServer
from monitor.stream.intake import Intake
from monitor.stream.ledger import Ledger
from monitor.stream.logs import configure_logging
from monitor.stream.metrics import Metrics
from monitor.stream.outage import OutageRetry
from monitor.stream.pipeline import Destination, Pipeline
from monitor.stream.positions import read_log_id
from monitor.stream.scoring import Scoring
from monitor.stream.topics import INPUTS, missing_topics
from monitor.stream.watch import BrokerWatch

_log = structlog.get_logger(__name__)

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

_LEAVING: Final = 1.5
"""Seconds after `stop_timeout` for leaving the group and closing connections; then the process ends
regardless.
Everything stored is committed by then."""


def run_worker(settings: Settings, agents: Agents) -> int:
    """Run one worker in this process; blocks until it ends. Call it from the main thread.

    Returns 0 after SIGTERM or SIGINT, 1 after an outage that outlasted `outage_retry` or a fault of our own.
    Raises `SetupError` before anything is consumed where models, topics, schema or settings are wrong,
    `OutageError` where broker or database cannot be reached at start.
    """
    configure_logging(settings.log_format, settings.log_level)
    brands = load_brands(settings.brands_file)
    metrics = Metrics()
    code = asyncio.run(_Worker(settings, agents, brands, metrics).run())
    if any(thread.name.startswith(("logos", "sentiment")) for thread in threading.enumerate()):
        # A model's thread may be inside a long run; Python would wait for it at exit.
        _leave(code)
    return code


class _Worker:
    """Puts the parts together, in the order in which they can fail."""

    def __init__(self, settings: Settings, agents: Agents, brands: Brands, metrics: Metrics) -> None:
        self._settings = settings
        self._agents = agents
        self._brands = brands
        self._metrics = metrics

    async def run(self) -> int:
        settings = self._settings
        health = HealthServer(settings.health_host, settings.health_port, self._metrics)
        await health.start()
        try:
            return await self._run(health)
        finally:
            await health.stop()

    async def _run(self, health: HealthServer) -> int:
        settings = self._settings
        wanted = INPUTS if self._agents is Agents.ALL else (_TOPIC[self._agents],)
        missing = await missing_topics(
            settings, (*wanted, "dead", *(["findings"] if settings.publish_findings else []))
        )
        if missing:
            raise SetupError(f"Kafka has no topics {', '.join(missing)}; run `brand-monitor topics create`")
        log_id = await read_log_id(settings)
        async with _engine(settings) as engine, open_producer(settings) as producer:
            writer = BatchWriter(engine, self._brands)
            await writer.prepare()
            retry = OutageRetry(
                settings.outage_retry, on_failure=lambda what: self._metrics.outages.labels(what).inc()
            )
            scorings = await asyncio.to_thread(self._load, wanted, writer, retry)
            ledger = Ledger()
            destination = Destination(
                log_id, writer, Announcer(producer, settings), ledger, retry, self._metrics
            )
            pipelines = {
                name: Pipeline(f"{name}s", scoring, self._intake(name), destination)
                for name, scoring in scorings.items()
            }
            watch = BrokerWatch(settings, log_id, self._metrics)
            app = StreamApp(settings, self._agents, pipelines, ledger, self._metrics, watch.check_log)
            health.checks = _checks(app, watch, writer)
            return await self._serve(app, watch, health)

    async def _serve(self, app: StreamApp, watch: BrokerWatch, health: HealthServer) -> int:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, stopping.set)
        _log.info(
            "worker starting",
            agents=self._agents.value,
            devices={name: pipeline.scoring.device.value for name, pipeline in app.pipelines.items()},
            health=f"{health.url}/health/ready",
        )
        background = [
            asyncio.create_task(app.start(), name="start"),
            asyncio.create_task(watch.run(app), name="watch"),
        ]
        waits = [
            asyncio.create_task(stopping.wait(), name="signal"),
            asyncio.create_task(app._crashed.wait(), name="crash"),
        ]
        try:
            done, _ = await asyncio.wait([*waits, background[0]], return_when=asyncio.FIRST_COMPLETED)
            if background[0] in done and not background[0].exception():
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return await self._stop(app, background, stopping)
        finally:
            for task in waits:
                task.cancel()

    async def _stop(
        self, app: StreamApp, background: list[asyncio.Task[None]], stopping: asyncio.Event
    ) -> int:
        start = background[0]
        reason = app.crash_reason or (start.exception() if start.done() and not start.cancelled() else None)
        if reason is not None:
            expected = isinstance(reason, OutageError | SetupError)
            _log.error(
                "worker stops after a failure, Kafka keeps what is not stored",
                error=str(reason) or type(reason).__name__,
                exc_info=None if expected else reason,  # a fault of our own wants its traceback
            )
        else:
            _log.info("worker stops on a signal" if stopping.is_set() else "worker stops")
        try:
            async with asyncio.timeout(self._settings.stop_timeout + _LEAVING):
                for task in background:
                    task.cancel()
                await app.stop()
        except TimeoutError:
            _log.warning("leaving without a goodbye: stopping took too long")
            _leave(1 if reason is not None else 0)
        await asyncio.gather(*background, return_exceptions=True)
        return 1 if reason is not None else 0

    def _intake(self, name: str) -> Intake:
        size = {"text": self._settings.text_batch_size, "image": self._settings.image_batch_size}[name]
        return Intake(size, self._settings.batch_wait)

    def _load(
        self, wanted: tuple[str, ...], writer: BatchWriter, retry: OutageRetry
    ) -> Mapping[str, Scoring]:
        """Load and warm up what the agents need, and nothing else. Raises `SetupError`."""
        from monitor.sentiment import BrandMatcher

        settings = self._settings
        matcher = BrandMatcher(self._brands)
        scorings: dict[str, Scoring] = {}
        if "text" in wanted:
            from monitor.sentiment import load_scorer
            from monitor.stream.texts import TextScoring

            scorer = load_scorer(
                settings.models_dir / settings.sentiment_model, settings.device, settings.inference_threads
            )
            scorer.warm_up()
            scorings["text"] = TextScoring(scorer, matcher, settings)
        if "image" in wanted:
            from monitor.logos import load_detector
            from monitor.storage.pictures import PictureStore
            from monitor.stream.images import ImageScoring

            detector = load_detector(
                settings.models_dir / settings.logo_model,
                self._brands,
                settings.device,
                settings.inference_threads,
            )
            detector.warm_up()
            store = PictureStore(settings.picture_store)
            scorings["image"] = ImageScoring(detector, matcher, writer, store, retry, settings)
        return scorings


_TOPIC: Final = {Agents.TEXTS: "text", Agents.IMAGES: "image"}


def _checks(app: StreamApp, watch: BrokerWatch, writer: BatchWriter) -> dict[str, Check]:
    async def assignment() -> CheckResult:
        held = app.held
        if held is None:
            return CheckResult(False, "joining the consumer group")
        return CheckResult(True, f"{len(held)} partitions")

    async def models() -> CheckResult:
        # They are loaded on the device asked for before the group is joined, or the worker does not start.
        return CheckResult(
            True, ", ".join(f"{name} on {p.scoring.device.value}" for name, p in app.pipelines.items())
        )

    async def database() -> CheckResult:
        await writer.ping()
        return CheckResult(True, "answers")

    return {
        "assignment": assignment,
        "consumer": lambda: watch.progressing(app),
        "models": models,
        "database": database,
    }


@asynccontextmanager
async def _engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    engine = async_engine(settings)
    try:
        yield engine
    finally:
        await engine.dispose()


def _leave(code: int) -> None:
    """End the process now; everything stored has been committed."""
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
