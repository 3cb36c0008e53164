"""kill -9 of a worker in the middle of a mix, one in a hundred broken: rows, dead letters, and the audit."""

import os
import subprocess
import time
from collections.abc import Sequence
from typing import Any, Final

from benchmarks.streaming import brokers, load
from benchmarks.streaming.site import COMMAND, Site, database, site
from monitor.local.system import environment
from monitor.settings import Agents

MENTIONS: Final = 10_000
_PARTITIONS: Final = 4
_TIMEOUT: Final = 1800.0
_POLL: Final = 0.25
_COUNTS: Final = "SELECT (SELECT count(*) FROM mention), (SELECT count(*) FROM dead_letter)"


def measure(kinds: Sequence[str], quick: bool) -> list[dict[str, Any]]:
    """A row a broker; ends the program where a mention is lost or doubled."""
    mentions = load.with_bad(load.mix(MENTIONS // 20 if quick else MENTIONS))
    good = mentions.mentions - mentions.bad
    rows: list[dict[str, Any]] = []
    with database() as server:
        for kind in kinds:
            with brokers.broker(kind) as url, site(url, server, _PARTITIONS) as here:
                here.start(1, Agents.ALL)
                began = time.monotonic()
                here.publish(mentions)
                killed_at = _wait(here, mentions.mentions // 2)
                here.workers[0].process.kill()
                here.workers.clear()
                here.start(1, Agents.ALL)
                _wait(here, mentions.mentions)
                stored, dead = here.rows(_COUNTS)[0]
                if (stored, dead) != (good, mentions.bad):
                    raise SystemExit(f"{stored} rows of {good}, {dead} dead letters of {mentions.bad}")
                rows.append(
                    {
                        **{"broker": kind, "published": mentions.mentions, "killed_at": killed_at},
                        **{"stored": stored, "dead": dead, "seconds": time.monotonic() - began},
                        "audit": _audit(here),
                    }
                )
    return rows


def _wait(here: Site, count: int) -> int:
    """Until so many are rows or dead letters; how many are."""
    deadline = time.monotonic() + _TIMEOUT
    while True:
        stored, dead = (int(str(each)) for each in here.rows(_COUNTS)[0])
        if stored + dead >= count:
            return stored + dead
        if time.monotonic() > deadline:
            raise SystemExit(f"{stored + dead} of {count} after {_TIMEOUT:.0f} s")
        time.sleep(_POLL)


def _audit(here: Site) -> str:
    """What `brand-monitor status --audit` comes to, once everything is committed."""
    for _ in range(20):
        told = subprocess.run(
            [COMMAND, "status", "--audit"],
            env={**os.environ, **environment(here.settings)},
            capture_output=True,
            text=True,
            check=False,
        )
        if told.returncode == 0:
            return "adds up"
        time.sleep(1)  # the last offsets are committed within a moment
    raise SystemExit(told.stdout + told.stderr)
