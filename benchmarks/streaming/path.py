"""The whole path beside the models alone: texts with brands, pictures, both mixed; one worker and two."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from benchmarks.streaming import brokers, load, models
from benchmarks.streaming.load import Load
from benchmarks.streaming.site import NEARLY, Taken, database, site
from monitor.settings import Agents

PARTITIONS: Final = 4
WORKERS: Final = (1, 2)
TIMEOUT: Final = 600.0


def measure(kinds: Sequence[str], quick: bool) -> list[dict[str, Any]]:
    """A row a broker, load and number of workers."""
    share = 10 if quick else 1
    shown = load.pictures(120 // share)
    loads = {
        "texts": (Agents.TEXTS, Load(load.texts(8000 // share), [])),
        "pictures": (Agents.IMAGES, Load([], shown)),
        "mix": (Agents.ALL, load.mix(4000 // share)),
    }
    rows: list[dict[str, Any]] = []
    with database() as server:
        for kind in kinds:
            with brokers.broker(kind) as url:
                for name, (agents, mentions) in loads.items():
                    for workers in WORKERS:
                        with site(url, server, PARTITIONS) as here:
                            before = models.alone(here.settings, agents, mentions, workers)
                            here.start(workers, agents)
                            here.publish(mentions)
                            # Pictures are few and late: of a mix the clock has to see the last one.
                            whole = here.take(mentions.mentions, TIMEOUT, 1.0 if name == "mix" else NEARLY)
                        after = models.alone(here.settings, agents, mentions, workers)
                        limit = _both(before, after)
                        rows.append({"broker": kind, "load": name, "workers": workers, **_row(limit, whole)})
    return rows


def _both(one: Taken, two: Taken) -> Taken:
    """What was measured before and after, for the machine is not as fast at all times."""
    return Taken(
        one.records + two.records,
        one.seconds + two.seconds,
        one.cpu + two.cpu,
        0.0,
        max(one.threads, two.threads),
    )


def _row(limit: Taken, whole: Taken) -> dict[str, Any]:
    return {
        "alone": asdict(limit),
        "whole": asdict(whole),
        "wall_ratio": whole.per_second / limit.per_second,
        "cpu_ratio": whole.per_cpu_second / limit.per_cpu_second,
    }
