"""Puts every peer through the same: a backlog as fast as it goes, kill -9 in the middle of one, and a
malformed record in the middle of one."""

import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.local.broker import EmbeddedBroker
from monitor.local.database import EmbeddedDatabase

from .programs import PEERS, Peer
from .trial import Seen, Trial

_RESTARTS: Final = 3
"""Times that a peer which ends over the malformed record is started again, as an orchestrator would."""
_POISONED: Final = 1_000
"""Records around the malformed one."""
_LONGEST_DELAY: Final = 0.5
"""Seconds at most between the row that a kill waits for and the kill: not always at the same step."""


@dataclass(frozen=True, kw_only=True)
class PeerResult:
    """Rates are of the backlog between its first and its last tenth; CPU is seconds for 1,000 records."""

    peer: str
    title: str
    version: str
    records: int
    rate: float
    cpu: float
    database_cpu: float
    kills: int
    lost: int
    doubled: int
    pause: float
    """Seconds from a kill to the next new row, the longest."""
    poison_lost: int
    poison_doubled: int
    poison_behind: int
    """Records that still wait, and would for ever."""
    poison_aside: int
    """Records put aside with the reason."""

    @property
    def after_poison(self) -> str:
        """In words."""
        good = f"{self.poison_lost:,} good ones"
        if self.poison_behind:
            return f"stands still: {good} never stored" + (
                f", {self.poison_doubled:,} doubled" if self.poison_doubled else ""
            )
        kept = "a dead letter" if self.poison_aside else "gone"
        return f"{kept}, with it {good}" if self.poison_lost else f"{kept}, nothing else lost"


def compare(
    records: int = 2_000, *, kills: int = 3, peers: Sequence[str] = tuple(PEERS), bootstrap: str | None = None
) -> list[PeerResult]:
    """One result for each of `peers`, one after the other on the same servers: an embedded database, and the
    broker at `bootstrap` (HOST:PORT) or an embedded one. Blocks for about a minute a peer."""
    # Not in the working directory: under root the database runs as another user, who must reach its files.
    with (
        tempfile.TemporaryDirectory(prefix="peers-") as folder,
        EmbeddedDatabase(Path(folder)) as server,
        _broker(bootstrap, Path(folder)) as address,
    ):
        return [_compared(PEERS[name], records, kills, address, server, Path(folder)) for name in peers]


@contextmanager
def _broker(bootstrap: str | None, folder: Path) -> Iterator[str]:
    if bootstrap is not None:
        yield bootstrap
        return
    with EmbeddedBroker(folder / "broker.log") as broker:
        yield broker.url.removeprefix("kafka://")


def _compared(
    peer: Peer, records: int, kills: int, bootstrap: str, server: EmbeddedDatabase, folder: Path
) -> PeerResult:
    def trial(name: str) -> Trial:
        print(f"{peer.title}: {name}", file=sys.stderr, flush=True)
        return Trial(peer, bootstrap, server, folder, f"{name}_{time.time_ns()}")

    with trial("backlog") as backlog:
        backlog.publish(records)
        backlog.start()
        first, last = _steady(backlog.watch(), records)
    with trial("killed") as killed:
        killed.publish(records)
        pause = _kill(killed, records, kills)
        after_kills = killed.counted()
    with trial("poisoned") as poisoned:
        poisoned.publish(_POISONED, poison=True)
        poisoned.start()
        poisoned.watch(restarts=_RESTARTS)
        after_poison = poisoned.counted()
    thousands = (last.rows - first.rows) / 1_000
    return PeerResult(
        peer=peer.name,
        title=peer.title,
        version=peer.version(),
        records=records,
        rate=(last.rows - first.rows) / (last.moment - first.moment),
        cpu=(last.cpu - first.cpu) / thousands,
        database_cpu=(last.database_cpu - first.database_cpu) / thousands,
        kills=kills,
        lost=after_kills.lost,
        doubled=after_kills.doubled,
        pause=pause,
        poison_lost=after_poison.lost,
        poison_doubled=after_poison.doubled,
        poison_behind=after_poison.behind,
        poison_aside=after_poison.aside,
    )


def _steady(seen: Sequence[Seen], records: int) -> tuple[Seen, Seen]:
    """Between the first and the last tenth: neither its start nor its last, unfilled batch counts."""
    if seen[-1].rows < records:
        raise SystemExit(f"a peer stopped after {seen[-1].rows:,} of {records:,} records that are all good")
    return (
        next(each for each in seen if each.rows >= records / 10),
        next(each for each in seen if each.rows >= records * 0.9),
    )


def _kill(trial: Trial, records: int, kills: int) -> float:
    """Kill -9 at equal distances, each a moment later than a row; the same moments for everybody. Returns the
    longest pause in seconds."""
    delays = random.Random(25)
    longest = 0.0
    trial.start()
    for number in range(1, kills + 1):
        trial.watch(records * number / (kills + 1))
        time.sleep(delays.uniform(0, _LONGEST_DELAY))
        trial.child.kill()
        killed = trial.seen()
        trial.start()
        again = trial.watch(killed.rows + 1)[-1]
        longest = max(longest, again.moment - killed.moment)
    trial.watch()
    return longest


def table(results: Sequence[PeerResult]) -> str:
    """As Markdown."""
    kills = max(result.kills for result in results)
    lines = [
        "| written with | records/s | CPU-s for 1,000, of which database | "
        f"after {kills} kill -9: lost | doubled | pause, s | a malformed record |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    lines += [
        f"| {each.title} ({each.version}) | {each.rate:,.0f} | "
        f"{each.cpu + each.database_cpu:.1f}, {each.database_cpu:.2f} | "
        f"{each.lost:,} | {each.doubled:,} | {each.pause:.0f} | {each.after_poison} |"
        for each in results
    ]
    return "\n".join(lines)
