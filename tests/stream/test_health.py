"""Liveness, readiness and metrics over HTTP."""

import aiohttp
import pytest

from monitor.errors import OutageError, SetupError
from monitor.stream.health import CheckResult, HealthServer
from monitor.stream.metrics import Metrics


async def get(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def test_ready_only_if_every_check_passes() -> None:
    async def good() -> CheckResult:
        return CheckResult(True, "fine")

    async def away() -> CheckResult:
        raise OutageError("the database is away")

    server = HealthServer("127.0.0.1", 0, Metrics())
    await server.start()
    try:
        assert (await get(f"{server.url}/health/live"))[0] == 200
        status, body = await get(f"{server.url}/health/ready")
        assert status == 503, "models are still being loaded"
        assert "loading" in body
        server.checks = {"assignment": good}
        assert (await get(f"{server.url}/health/ready"))[0] == 200
        server.checks = {"assignment": good, "database": away}
        status, body = await get(f"{server.url}/health/ready")
        assert status == 503
        assert "the database is away" in body
    finally:
        await server.stop()


async def test_a_taken_port_is_a_setup_error() -> None:
    first = HealthServer("127.0.0.1", 0, Metrics())
    await first.start()
    try:
        with pytest.raises(SetupError, match="MONITOR_HEALTH_PORT"):
            await HealthServer("127.0.0.1", first.port, Metrics()).start()
    finally:
        await first.stop()


def test_every_metric_says_what_it_means_and_what_to_do() -> None:
    metrics = Metrics()
    exported = {family.name for family in metrics.registry.collect()}
    assert {definition.name.removesuffix("_total") for definition in metrics.definitions} == exported
    for definition in metrics.definitions:
        assert definition.unit
        assert definition.meaning.endswith(".")
        assert definition.remedy.endswith(".")
