"""Growth: what more partitions and a second worker bring. Texts with brands, the whole path."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from benchmarks.streaming import brokers, load
from benchmarks.streaming.load import Load
from benchmarks.streaming.path import TIMEOUT, WORKERS
from benchmarks.streaming.site import database, site
from monitor.settings import Agents

PARTITIONS: Final = (1, 2, 4, 8)
TEXTS: Final = 4000


def measure(kinds: Sequence[str], quick: bool) -> list[dict[str, Any]]:
    """A row a broker, number of partitions and number of workers."""
    mentions = Load(load.texts(TEXTS // 10 if quick else TEXTS), [])
    rows: list[dict[str, Any]] = []
    with database() as server:
        for kind in kinds:
            with brokers.broker(kind) as url:
                for partitions in PARTITIONS:
                    for workers in WORKERS:
                        with site(url, server, partitions) as here:
                            here.start(workers, Agents.TEXTS)
                            here.publish(mentions)
                            taken = here.take(mentions.mentions, TIMEOUT)
                        rows.append(
                            {"broker": kind, "partitions": partitions, "workers": workers, **asdict(taken)}
                        )
    return rows
