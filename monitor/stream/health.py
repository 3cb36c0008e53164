"""What operators and orchestrators ask a worker or collector: is it alive, is it ready, and its metrics.

`/health/live`   200 while the event loop turns. Restart the worker if it does not answer.
`/health/ready`  200 if every check passes, else 503; the body says which one does not, and why.
`/metrics`       Prometheus text format.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from monitor.errors import OutageError, SetupError
from monitor.stream.metrics import MetricSet

_CHECK_TIMEOUT: Final = 2.0
"""Seconds for all checks together; orchestrators give a probe about that long."""


@dataclass(frozen=True)
class CheckResult:
    """One readiness check: whether it passes, and what a person should know."""

    ok: bool
    detail: str


Check = Callable[[], Awaitable[CheckResult]]


class HealthServer:
    """A small HTTP server beside the stream, in the same event loop: if it answers, the loop is not
    blocked."""

    def __init__(self, host: str, port: int, metrics: MetricSet) -> None:
        self._host = host
        self._wanted_port = port
        self.checks: Mapping[str, Check] = {"starting": _loading}
        self._metrics = metrics
        self._runner: web.AppRunner | None = None
        self._started = time.monotonic()
        self.port = port

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self._host}:{self.port}"

    async def start(self) -> None:
        """Listen. Raises `SetupError` if the port is taken."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/health/live", self._live),
                web.get("/health/ready", self._ready),
                web.get("/metrics", self._show_metrics),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._wanted_port)
        try:
            await site.start()
        except OSError as error:
            raise SetupError(
                f"cannot listen on {self._host}:{self._wanted_port} ({error.strerror}); "
                "set MONITOR_HEALTH_PORT to a free port, or 0 for any"
            ) from error
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the socket."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _live(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "live", "seconds": round(time.monotonic() - self._started, 1)})

    async def _ready(self, _request: web.Request) -> web.Response:
        results = await asyncio.gather(*(_run(check) for check in self.checks.values()))
        ready = all(result.ok for result in results)
        body = {
            "status": "ready" if ready else "not ready",
            "checks": {
                name: {"ok": result.ok, "detail": result.detail}
                for name, result in zip(self.checks, results, strict=True)
            },
        }
        return web.json_response(body, status=200 if ready else 503)

    async def _show_metrics(self, _request: web.Request) -> web.Response:
        body = generate_latest(self._metrics.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _loading() -> CheckResult:
    return CheckResult(False, "loading and warming up")


async def _run(check: Check) -> CheckResult:
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT):
            return await check()
    except TimeoutError:
        return CheckResult(False, f"no answer within {_CHECK_TIMEOUT:.0f} s")
    except (OutageError, SetupError) as error:
        return CheckResult(False, str(error))
