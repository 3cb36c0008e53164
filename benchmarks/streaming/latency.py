"""Latency: from the moment a text is published until its row is committed, at shares of what a worker takes.

The row's own transaction says when it was committed (`track_commit_timestamp`); nobody asks meanwhile. The
time in which the publisher's client hands it to the broker is in it.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from benchmarks.streaming import brokers, load
from benchmarks.streaming.load import Load
from benchmarks.streaming.site import Site, database, site
from monitor.settings import Agents

SHARES: Final = (0.1, 0.5, 0.9)
TEXTS: Final = 4000
"""To find out what it can take."""

SECONDS: Final = 40.0
_PARTITIONS: Final = 4
_TIMEOUT: Final = 300.0
_POLL: Final = 0.2

_LATENCY: Final = """
    SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds),
           percentile_cont(0.99) WITHIN GROUP (ORDER BY seconds)
    FROM (
        SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin) - published_at)::float8 AS seconds
        FROM mention WHERE source = '{source}'
    ) AS each
"""


def measure(kinds: Sequence[str], quick: bool) -> list[dict[str, Any]]:
    """A row a broker and share."""
    rows: list[dict[str, Any]] = []
    with database() as server:
        for kind in kinds:
            with brokers.broker(kind) as url, site(url, server, _PARTITIONS) as here:
                here.start(1, Agents.TEXTS)
                count = TEXTS // 10 if quick else TEXTS
                here.publish(Load(load.texts(count), []))
                capacity = here.take(count, _TIMEOUT).per_second
                seconds = SECONDS / 10 if quick else SECONDS
                rows += [
                    {"broker": kind, "share": share, **_at(here, capacity * share, seconds)}
                    for share in SHARES
                ]
    return rows


def _at(here: Site, rate: float, seconds: float) -> dict[str, Any]:
    total, source = max(1, round(rate * seconds)), uuid.uuid4().hex
    before = here.done()
    asyncio.run(_publish(here, source, rate, total))
    deadline = time.monotonic() + _TIMEOUT
    while here.done() - before < total and time.monotonic() < deadline:
        time.sleep(_POLL)
    ((stored, p50, p99),) = here.rows(_LATENCY.format(source=source))
    return {"per_second": rate, "texts": stored, "p50": p50, "p99": p99}


async def _publish(here: Site, source: str, rate: float, total: int) -> None:
    """Evenly, whatever becomes of them."""
    bodies = [json.loads(value)["text"] for _, value in load.texts(500)]
    topic = here.settings.topic("text")
    producer = AIOKafkaProducer(bootstrap_servers=here.settings.bootstrap_servers)
    await producer.start()
    began = time.monotonic()
    for number in range(total):
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        id = f"m{number}"
        said = {"id": id, "source": source, "text": f"{bodies[number % len(bodies)]} ({number})"}
        value = json.dumps({**said, "published_at": datetime.now(UTC).isoformat()}).encode()
        await producer.send(topic, value, key=id.encode())
    await producer.stop()
