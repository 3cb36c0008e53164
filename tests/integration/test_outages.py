"""Servers that go away: a short outage is sat out, a long one ends the worker, and nothing is lost either
way."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.local import EmbeddedBroker, EmbeddedDatabase
from monitor.settings import load_settings
from monitor.storage import schema

pytestmark = [pytest.mark.fault, pytest.mark.timeout(240)]


@pytest.fixture
def own_database() -> Iterator[EmbeddedDatabase]:
    """A PostgreSQL server of this test's own, to stop and start."""
    with (
        tempfile.TemporaryDirectory(prefix="brand-monitor-") as folder,
        EmbeddedDatabase(Path(folder), {"fsync": "off"}) as server,
    ):
        schema.upgrade(load_settings(database_url=server.url))
        yield server


@pytest.fixture
def exposed(deployment: Any, own_database: EmbeddedDatabase) -> Any:
    """The deployment on that server."""
    url = load_settings(database_url=own_database.url).database_url
    deployment.settings = deployment.settings.model_copy(update={"database_url": url})
    return deployment


def texts(count: int, source: str) -> list[dict[str, Any]]:
    return [
        {"id": f"m{n}", "source": source, "text": f"VMware {n}", "published_at": "2026-03-01T09:30:00Z"}
        for n in range(count)
    ]


def test_a_short_database_outage_is_sat_out(exposed: Any, own_database: EmbeddedDatabase) -> None:
    worker = exposed.worker("texts", outage_retry=60.0)
    exposed.post("text", texts(2000, "before"))
    exposed.wait(lambda: exposed.count("mention") >= 100, what="under way")
    own_database.stop()
    exposed.post("text", texts(500, "meanwhile"))
    assert worker.get("/health/live")[0] == 200
    assert worker.get("/health/ready")[0] == 503
    own_database.start()
    exposed.wait_for_all()

    assert worker.process.returncode is None, "the same worker went on"
    assert worker.get("/health/ready")[0] == 200
    report = exposed.audit()
    assert report.ok, report.faults
    assert report.mentions == 2500


def test_a_long_database_outage_ends_the_worker_and_the_next_completes(
    exposed: Any, own_database: EmbeddedDatabase
) -> None:
    worker = exposed.worker("texts", outage_retry=3.0)
    exposed.post("text", texts(2000, "before"))
    exposed.wait(lambda: exposed.count("mention") >= 100, what="under way")
    own_database.stop()
    assert worker.process.wait(30) == 1
    assert exposed.said("MONITOR_OUTAGE_RETRY")
    own_database.start()

    exposed.worker("texts")
    exposed.wait_for_all()
    report = exposed.audit()
    assert report.ok, report.faults
    assert report.mentions == 2000


def test_a_picture_store_that_cannot_be_written_ends_the_worker(deployment: Any) -> None:
    blocked = deployment.folder / "a-file"
    blocked.write_text("not a folder")
    worker = deployment.worker("images", outage_retry=2.0, picture_store=str(blocked / "pictures"))
    samples = Path(__file__).parents[2] / "samples" / "pictures" / "coffee.jpg"
    deployment.post_raw("image", _message(samples.read_bytes()), content_type="application/msgpack")
    assert worker.process.wait(40) == 1
    assert deployment.count("mention") == 0

    deployment.worker("images")
    deployment.wait_for_all()
    assert deployment.count("mention") == 1


def _message(picture: bytes) -> bytes:
    import msgspec

    fields = {"id": "p", "source": "s", "image": picture, "published_at": "2026-03-01T09:30:00Z"}
    return msgspec.msgpack.encode(fields)


def test_a_short_broker_outage_is_sat_out(own_kafka: Any, deploy_on: Any) -> None:
    deployment = deploy_on(own_kafka)
    worker = deployment.worker("texts", outage_retry=60.0)
    deployment.post("text", texts(500, "before"))
    deployment.wait_for_all()
    own_kafka.stop()
    time.sleep(6)
    assert worker.process.returncode is None
    own_kafka.start()
    deployment.post("text", texts(500, "after"))
    deployment.wait_for_all(90)

    assert worker.process.returncode is None, "the same worker went on"
    report = deployment.audit()
    assert report.ok, report.faults
    assert report.mentions == 1000


def test_a_long_broker_outage_ends_the_worker(own_kafka: Any, deploy_on: Any) -> None:
    deployment = deploy_on(own_kafka)
    worker = deployment.worker("texts", outage_retry=5.0)
    own_kafka.stop()
    assert worker.process.wait(60) == 1
    assert deployment.said("the broker has been away")


def test_a_broker_that_came_back_as_another_one_ends_the_worker(tmp_path: Path, deploy_on: Any) -> None:
    """The embedded broker forgets everything: offsets of its earlier life must not be used."""
    with EmbeddedBroker(tmp_path / "broker.log") as broker:
        deployment = deploy_on(broker)
        worker = deployment.worker("texts", outage_retry=60.0)
        broker.stop()
        broker.start()
        assert worker.process.wait(60) == 1
        assert deployment.said("this worker started on")
