"""The HTTP server of `kind = "http"`, in the process that collects: other programs send, it publishes."""

import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import structlog
import uvicorn
from sqlalchemy.ext.asyncio import AsyncEngine

from monitor.errors import OutageError, SetupError
from monitor.settings import Settings
from monitor.sources.admission import Rates, Tokens
from monitor.sources.collector import Health
from monitor.sources.listening import Connection
from monitor.sources.publication import Sends
from monitor.sources.receiver_options import ReceiverOptions
from monitor.sources.receiving import Receiving
from monitor.sources.receiving_app import make_app
from monitor.sources.stopping import Stop, StoppedError
from monitor.storage.collectors import Change, Held, Tally, held
from monitor.stream.metrics import CollectMetrics

_AGAIN: Final = 5.0
"""Seconds between two looks whether the port is free, and between two lines in the database."""
_STOP: Final = 5
"""Seconds for requests in flight when the process stops."""

_log = structlog.get_logger(__name__)


class Receiver:
    """Listens for one entry until the stop. Another process on this machine may listen there first."""

    def __init__(
        self,
        name: str,
        options: ReceiverOptions,
        engine: AsyncEngine,
        sender: Sends,
        settings: Settings,
        stop: Stop,
        metrics: CollectMetrics,
    ) -> None:
        self.health = Health()
        self.port = options.port
        self._name = name
        self._options = options
        self._engine = engine
        self._stop = stop
        self._receiving = Receiving(
            *(name, options.source, options.most_bytes, Tokens(engine), Rates(options.rate)),
            *(sender, settings, metrics),
        )

    async def run(self) -> None:
        """Returns after the stop. Raises `SetupError` for an address that this machine has not."""
        try:
            listening = await self._socket()
        except StoppedError:
            return
        config = uvicorn.Config(
            make_app(self._receiving),
            http=Connection,
            ws="none",
            log_level="warning",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_STOP,
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        self.health.holds = True
        _log.info(
            "receiving", receiver=self._name, address=f"http://{self._options.host}:{self.port}/mentions"
        )
        try:
            await self._keep_account()
        finally:
            self.health.holds = False
            server.should_exit = True
            await serving

    async def _socket(self) -> socket.socket:
        while True:
            try:
                listening = socket.create_server((self._options.host, self._options.port), backlog=128)
            except (OSError, ValueError) as error:  # ValueError: a name that is none
                where = f"{self._options.host}:{self._options.port}"
                if not isinstance(error, OSError) or error.errno != errno.EADDRINUSE:
                    why = error.strerror if isinstance(error, OSError) else error
                    raise SetupError(
                        f"{self._name}: cannot listen on {where} ({why}); mend `host` or `port`"
                    ) from error
                self.health.fault = f"another program listens on {where}"
                _log.warning("stands by", receiver=self._name, why=self.health.fault)
            else:
                self.health.fault = None
                self.port = listening.getsockname()[1]
                return listening
            await self._stop.sleep(_AGAIN)

    async def _keep_account(self) -> None:
        """Write down what came in, every few seconds; the database may be away meanwhile."""
        while not self._stop.is_set:
            try:
                async with held(self._engine, self._name, self._options.source, shared=True) as one:
                    if one is not None:
                        await one.begin("http")
                        await self._write(one)
                        continue
                self.health.fault = f"another process collects {self._name!r}, not as `http`"
                await self._sleep()
            except (OutageError, SetupError) as error:
                self.health.fault = str(error)
                _log.warning("no account is kept", receiver=self._name, why=str(error))
                await self._sleep()

    async def _write(self, one: Held) -> None:
        """Until the stop; then once more."""
        stopped = False
        while not stopped:
            stopped = await self._sleep()
            tally = self._receiving.tally
            if tally != Tally():
                self._receiving.tally = Tally()
                try:
                    await one.save(Change(tally=tally))
                except (OutageError, SetupError):
                    self._receiving.tally.add(tally)
                    raise
                self.health.fault, self.health.succeeded_at = None, datetime.now(UTC)

    async def _sleep(self) -> bool:
        """Whether the stop came."""
        try:
            await self._stop.sleep(_AGAIN)
        except StoppedError:
            return True
        return False


class _Server(uvicorn.Server):
    """The process has signals of its own, for all that runs in it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield
