"""A backlog: memory while catching up, and whether the group stays as it is.

`null` is a million texts through the stream of `benchmarks.streaming.null`: real are the broker, the
reading off the wire, the decoding, the batches, the ledger and the commits; the models and the database
take nothing. `whole` is a worker as it is shipped, for as long as there is time.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any, Final

from benchmarks.streaming import brokers, load, measuring, null
from benchmarks.streaming.load import Load
from benchmarks.streaming.site import database, site
from monitor.local.system import environment
from monitor.settings import Agents

RECORDS: Final = 1_000_000
TEXTS: Final = 100_000
"""More than a worker reads in `SECONDS` on two cores."""

SECONDS: Final = 120.0
_POLL: Final = 0.5


def measure(kinds: Sequence[str], quick: bool) -> list[dict[str, Any]]:
    """Two rows a broker."""
    rows = []
    for kind in kinds:
        with brokers.broker(kind) as url:
            rows += [{"broker": kind, **_null(url, quick)}, {"broker": kind, **_whole(url, quick)}]
    return rows


def _null(url: str, quick: bool) -> dict[str, Any]:
    count = RECORDS // 20 if quick else RECORDS
    settings = brokers.topics(url, null.PARTITIONS)
    brokers.publish(settings, "text", null.texts(count))
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.streaming.null", "worker", str(count)],
        env={**os.environ, **environment(settings)},
        stdout=subprocess.PIPE,
    )
    memory = []
    while child.poll() is None:
        memory.append(measuring.resident(child.pid))
        time.sleep(_POLL)
    assert child.stdout is not None
    told = json.loads(child.stdout.read().splitlines()[-1])
    return {"what": "null", "records": count, **told, **_memory([size for size in memory if size])}


def _whole(url: str, quick: bool) -> dict[str, Any]:
    seconds = SECONDS / 10 if quick else SECONDS
    mentions = Load(load.texts(TEXTS // 10 if quick else TEXTS), [])
    with database() as server, site(url, server, null.PARTITIONS) as here:
        here.publish(mentions)
        here.start(1, Agents.TEXTS)
        (worker,) = here.workers
        first, began, memory = here.done(), measuring.of([worker.pid]), []
        while measuring.of([]).at - began.at < seconds and here.done() < mentions.mentions:
            memory.append(measuring.resident(worker.pid))
            time.sleep(_POLL)
        spent = measuring.of([worker.pid]) - began
        return {
            "what": "whole",
            "records": here.done() - first,
            "seconds": spent.at,
            "cpu": spent.cpu,
            "rebalances": round(worker.metric("brand_monitor_rebalances_total")) - 1,
            **_memory(memory),
        }


def _memory(sizes: Sequence[int]) -> dict[str, float]:
    """MiB: the most in each third of the time."""
    third = max(1, len(sizes) // 3)
    parts = (sizes[:third], sizes[third : 2 * third], sizes[2 * third :])
    return {f"peak_{n}": max(part, default=0) / 2**20 for n, part in enumerate(parts, 1)}
