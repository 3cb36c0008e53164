"""The faults, each a context manager: entering does it, leaving heals it. `FAULTS` is the list.

A fault is drawn, done while records are in flight, held for a while, healed, and then the time is taken until
what was in flight at the healing is stored.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from tests.nemesis.mentions import IMAGE, POISON, TEXT
from tests.nemesis.proxy import Cruelty, Cut
from tests.nemesis.stage import Stage
from tests.nemesis.wire import CODECS, Bare

_SESSION: Final = 3.0
"""Seconds of the workers' sessions, and of the brokers' with their controller."""

_BOMB: Final = 200 * 2**20
"""Bytes that a bomb unpacks to; some 200 kB on the wire."""

Act = Callable[[Stage], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault that can be drawn."""

    name: str
    family: str
    act: Act
    hold: tuple[float, float]
    """Seconds, from and to; drawn."""
    limit: float
    """Seconds to recover in; more needs a hand."""
    alone: bool
    """Whether no other fault may be on at the same time."""
    weight: float
    """How readily it is drawn; what takes a minute is drawn less often."""


FAULTS: Final[dict[str, Kind]] = {}


def _fault(
    name: str,
    family: str,
    hold: tuple[float, float] = (0.0, 0.0),
    limit: float = 60.0,
    alone: bool = False,
    weight: float = 1.0,
    **more: Any,
) -> Callable[[Callable[..., AsyncIterator[None]]], Callable[..., AsyncIterator[None]]]:
    def register(act: Callable[..., AsyncIterator[None]]) -> Callable[..., AsyncIterator[None]]:
        manager = asynccontextmanager(act)
        FAULTS[name] = Kind(name, family, lambda stage: manager(stage, **more), hold, limit, alone, weight)
        return act

    return register


# --- workers


@_fault("worker-kill", "worker")
@_fault("worker-kill-all", "worker", every=True)
@_fault("worker-term", "worker", number=signal.SIGTERM)
@_fault("worker-term-all", "worker", number=signal.SIGTERM, every=True)
async def _end(
    stage: Stage, number: signal.Signals = signal.SIGKILL, every: bool = False
) -> AsyncIterator[None]:
    for worker in stage.crew.alive if every else stage.rng.sample(stage.crew.alive, 1):
        worker.signal(number)
    yield


@_fault("worker-freeze", "worker", hold=(_SESSION + 1, _SESSION + 4))
@_fault("worker-stutter", "worker", hold=(0.3, 2.0))
async def _freeze(stage: Stage) -> AsyncIterator[None]:
    (worker,) = stage.rng.sample(stage.crew.alive, 1)
    worker.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        worker.signal(signal.SIGCONT)


@_fault("worker-comes-and-goes", "worker", hold=(4.0, 7.0))
async def _visit(stage: Stage) -> AsyncIterator[None]:
    visitor = stage.crew.add()
    try:
        yield
    finally:
        await stage.crew.retire(visitor)


@_fault("workers-flap", "worker", hold=(0.0, 0.5))
async def _flap(stage: Stage) -> AsyncIterator[None]:
    for _ in range(3):
        for worker in stage.rng.sample(stage.crew.alive, min(1, len(stage.crew.alive))):
            worker.signal(stage.rng.choice((signal.SIGKILL, signal.SIGTERM)))
        await asyncio.sleep(stage.rng.uniform(0.5, 2.5))
    yield


# --- brokers


@_fault("leader-kill", "broker", hold=(1.0, 5.0))
@_fault("leader-term", "broker", hold=(0.0, 3.0), gently=True)
async def _leader(stage: Stage, gently: bool = False) -> AsyncIterator[None]:
    topic = stage.settings.topic(TEXT)
    node = stage.cluster.node(await stage.archive.leader(topic, stage.rng.randrange(stage.partitions[TEXT])))
    try:
        await asyncio.to_thread(node.stop if gently else node.kill)
        yield
    finally:
        node.launch()


@_fault("leader-freeze", "broker", hold=(2.0, 7.0))
async def _leader_freeze(stage: Stage) -> AsyncIterator[None]:
    topic = stage.settings.topic(TEXT)
    node = stage.cluster.node(await stage.archive.leader(topic, stage.rng.randrange(stage.partitions[TEXT])))
    node.freeze()
    try:
        yield
    finally:
        node.thaw()


@_fault("coordinator-kill", "broker", hold=(1.0, 5.0))
async def _coordinator(stage: Stage) -> AsyncIterator[None]:
    node = stage.cluster.node(await stage.kafka.coordinator())
    try:
        await asyncio.to_thread(node.kill)
        yield
    finally:
        node.launch()


@_fault("brokers-away", "broker", hold=(1.0, 8.0))
async def _all_brokers(stage: Stage) -> AsyncIterator[None]:
    try:
        for node in stage.cluster.nodes:
            await asyncio.to_thread(node.kill)
        yield
    finally:
        stage.cluster.launch_all()


@_fault("brokers-frozen", "broker", hold=(1.0, 8.0))
async def _all_frozen(stage: Stage) -> AsyncIterator[None]:
    for node in stage.cluster.nodes:
        node.freeze()
    try:
        yield
    finally:
        for node in stage.cluster.nodes:
            node.thaw()


@_fault("brokers-rolled", "broker")
async def _roll(stage: Stage) -> AsyncIterator[None]:
    for node in stage.rng.sample(stage.cluster.nodes, 3):
        await asyncio.to_thread(node.stop)
        node.launch()
        while not await asyncio.to_thread(node.answers):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.2)
    yield


# --- the way to the database


@_fault("sockets-cut", "database", hold=(1.0, 4.0))
async def _sockets(stage: Stage) -> AsyncIterator[None]:
    async def cut() -> None:
        while True:
            stage.proxy.cut_share(0.3)
            await asyncio.sleep(stage.rng.uniform(0.05, 0.4))

    task = asyncio.create_task(cut())
    try:
        yield
    finally:
        task.cancel()


def _cruel(name: str, hold: tuple[float, float], **cruelty: Any) -> None:
    @_fault(name, "database", hold=hold)
    async def act(stage: Stage) -> AsyncIterator[None]:
        stage.proxy.cruelty = Cruelty(**cruelty)
        if "refuse" in cruelty:
            stage.proxy.cut_all()
        try:
            yield
        finally:
            stage.proxy.cruelty = Cruelty()
            if "silent" in cruelty:
                stage.proxy.cut_all()  # what was swallowed is gone


_cruel("cut-before-commit", (1.0, 4.0), cuts=(Cut.BEFORE_COMMIT,), share=0.6)
_cruel("cut-after-commit", (1.0, 4.0), cuts=(Cut.AFTER_COMMIT, Cut.AFTER_ANSWER), share=0.6)
_cruel("cut-mid-statement", (1.0, 4.0), cuts=(Cut.MID_STATEMENT,), share=0.1)
_cruel("database-slow", (2.0, 5.0), delay=0.03)
_cruel("database-refuses", (1.0, 6.0), refuse=True)
_cruel("database-silent", (1.0, 5.0), silent=True)


# --- the database


@_fault("postgres-kill", "database", hold=(0.0, 5.0))
@_fault("postgres-restart", "database", hold=(0.0, 2.0), gently=True)
async def _postgres(stage: Stage, gently: bool = False) -> AsyncIterator[None]:
    try:
        await asyncio.to_thread(stage.postgres.stop if gently else stage.postgres.kill)
        yield
    finally:
        await asyncio.to_thread(stage.postgres.launch)


@_fault("backend-kill", "database")
async def _backend(stage: Stage) -> AsyncIterator[None]:
    await asyncio.to_thread(stage.database.kill_backend)
    yield


@_fault("database-read-only", "database", hold=(1.0, 5.0))
async def _read_only(stage: Stage) -> AsyncIterator[None]:
    await asyncio.to_thread(stage.database.read_only, True)
    try:
        yield
    finally:
        await asyncio.to_thread(stage.database.read_only, False)


@_fault("database-full", "database", hold=(1.0, 5.0), state="53100", share=1.0)
@_fault("serialization-failures", "database", hold=(1.0, 5.0), state="40001", share=0.5)
async def _raising(stage: Stage, state: str, share: float) -> AsyncIterator[None]:
    await asyncio.to_thread(stage.database.raising, state, share)
    try:
        yield
    finally:
        await asyncio.to_thread(stage.database.raise_nothing)


@_fault("out-of-connections", "database", hold=(1.0, 5.0), alone=True)
async def _connections(stage: Stage) -> AsyncIterator[None]:
    held = stage.database.all_connections()
    await asyncio.to_thread(held.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(held.__exit__, None, None, None)


@_fault("rows-locked", "database", alone=True)
@_fault("deadlocks", "database", alone=True, cross=True)
async def _locks(stage: Stage, cross: bool = False) -> AsyncIterator[None]:
    """Somebody works on rows that are being corrected."""
    known = [one.id for one in stage.publisher.some_known(20)]
    lock = stage.database.deadlock if cross else stage.database.hold_rows
    locking = asyncio.create_task(asyncio.to_thread(lock, known, stage.rng.uniform(2.0, 4.0)))
    while not locking.done():
        await stage.publisher.publish(stage.publisher.drafts.text(id) for id in known)
        await asyncio.sleep(0.1)
    await locking
    yield


# --- what is in the log


@_fault("poison-messages", "log", kinds=tuple(kind for kind in POISON if "picture" not in kind))
@_fault("poison-pictures", "log", kinds=tuple(kind for kind in POISON if "picture" in kind))
async def _poison(stage: Stage, kinds: tuple[str, ...]) -> AsyncIterator[None]:
    await stage.publisher.poison(120, kinds)
    yield


@_fault("republished", "log")
async def _republished(stage: Stage) -> AsyncIterator[None]:
    drafts = [stage.publisher.drafts.text() for _ in range(40)]
    for _ in range(5):
        stage.rng.shuffle(drafts)
        await stage.publisher.publish(drafts)
    yield


@_fault("corrections", "log")
async def _corrections(stage: Stage) -> AsyncIterator[None]:
    """Versions upon versions of the same mentions, also within one batch."""
    known = stage.publisher.some_known(30)
    for _ in range(6):
        await stage.publisher.publish(stage.publisher.drafts.text(one.id) for one in known)
    yield


@_fault("deletions", "log")
async def _deletions(stage: Stage) -> AsyncIterator[None]:
    """Taken down and published again, also within one batch; at the end half of them are there."""
    drafts = stage.publisher.drafts
    known = stage.publisher.some_known(30)
    for _ in range(3):
        await stage.publisher.publish(drafts.text(one.id) for one in known)
        await stage.publisher.publish(drafts.deletion(TEXT, one.id) for one in known)
        await stage.publisher.publish(drafts.text(one.id) for one in known[::2])
    pictures = [drafts.image() for _ in range(10)]
    await stage.publisher.publish(pictures)
    await stage.publisher.publish(drafts.deletion(IMAGE, one.id) for one in pictures)
    yield


@_fault("corrections-elsewhere", "log", alone=True)
async def _elsewhere(stage: Stage) -> AsyncIterator[None]:
    for _ in range(4):
        far = stage.rng.choice((4_070_908_800_000, 4_102_444_800_000, None))  # 2099, 2100, now
        await stage.publisher.correct_elsewhere(stage.stored, far)
    yield


@_fault("codecs", "log")
async def _codecs(stage: Stage) -> AsyncIterator[None]:
    for codec in CODECS:
        await stage.publisher.publish([stage.publisher.drafts.text() for _ in range(40)], codec=codec)
        await stage.publisher.publish([stage.publisher.drafts.image() for _ in range(4)], codec=codec)
        # As other libraries pack it: their frames may differ.
        drafts = [stage.publisher.drafts.text() for _ in range(5)]
        await stage.publisher.raw(TEXT, [draft.bare for draft in drafts], codec)
    yield


@_fault("aborted-transactions", "log", commit=False)
@_fault("committed-transactions", "log", commit=True)
async def _transactions(stage: Stage, commit: bool) -> AsyncIterator[None]:
    for _ in range(4):
        drafts = [stage.publisher.drafts.text() for _ in range(stage.rng.randint(1, 30))]
        known = stage.publisher.some_known(5)
        drafts += [stage.publisher.drafts.text(one.id) for one in known]
        await stage.publisher.transaction(drafts, commit)
    yield


@_fault("header-names", "log")
async def _headers(stage: Stage) -> AsyncIterator[None]:
    for _ in range(3):
        drafts = [stage.publisher.drafts.text() for _ in range(4)]
        strange = ((b"\xff\xfe\x80", b"x"), (b"caf\xe9", None), (b"", b""))
        bare = [Bare(d.bare.key, d.bare.value, (*d.bare.headers, *strange)) for d in drafts]
        await stage.publisher.raw(TEXT, bare, stage.rng.choice(CODECS))
    yield


@_fault("gzip-bomb", "log", limit=90.0, codec="gzip")
@_fault("zstd-bomb", "log", limit=90.0, codec="zstd")
async def _bomb(stage: Stage, codec: str) -> AsyncIterator[None]:
    topic = stage.rng.choice((TEXT, IMAGE))
    await stage.publisher.raw(topic, [Bare(b"bomb", bytes(_BOMB))], codec)
    await stage.publisher.raw(topic, [Bare(b"bomb", bytes(_BOMB // 3))] * 3, codec)
    yield


@_fault("brand-thousands", "log", limit=90.0)
async def _thousands(stage: Stage) -> AsyncIterator[None]:
    for times in (1_600, 4_000, 7_000):
        await stage.publisher.publish([stage.publisher.drafts.one_brand(times)])
    yield


@_fault("brands-very-many", "log")
async def _many(stage: Stage) -> AsyncIterator[None]:
    drafts = stage.publisher.drafts
    some = [drafts.brands(n) for n in (60, 90, 100)]
    await stage.publisher.publish([*some, *(drafts.too_many_brands(n) for n in (101, 150, 200))])
    yield


def _deadly(kind: str) -> None:
    @_fault(kind, "log", limit=300.0, alone=True, weight=0.25)
    async def act(stage: Stage) -> AsyncIterator[None]:
        drafts = [stage.publisher.drafts.text() for _ in range(60)]
        drafts.insert(stage.rng.randrange(60), stage.publisher.drafts.deadly(kind))
        await stage.publisher.publish(drafts)
        yield


for _kind in ("kills", "hangs", "spins", "seizes", "swells"):
    _deadly(_kind)


# --- the log itself


@_fault("partitions-added", "topic", alone=True)
async def _partitions(stage: Stage) -> AsyncIterator[None]:
    topic = stage.rng.choice((TEXT, IMAGE))
    stage.partitions[topic] += stage.rng.randint(1, 2)
    await stage.kafka.add_partitions(stage.settings.topic(topic), stage.partitions[topic])
    stage.publisher.grown(topic, stage.partitions[topic])
    await stage.publisher.load(stage.records // 4)
    yield


@_fault("expired-read", "topic", alone=True)
async def _expired(stage: Stage) -> AsyncIterator[None]:
    """The log forgets what the group has committed."""
    await stage.archive.read(*stage.inputs)
    committed = await stage.kafka.committed()
    await stage.kafka.delete_records(
        {place: stage.rng.randint(offset // 2, offset) for place, offset in committed.items() if offset}
    )
    yield


@_fault("expired-unread", "topic", alone=True)
async def _expired_unread(stage: Stage) -> AsyncIterator[None]:
    """Workers away for longer than the log remembers: what it dropped unread is no worker's loss."""
    await stage.crew.stop_all(kill=stage.rng.random() < 0.5)
    await stage.publisher.load(stage.records // 4)
    ends, committed = await stage.targets(), await stage.kafka.committed()
    before = {
        place: stage.rng.randint(min(committed.get(place, 0), end), end) for place, end in ends.items() if end
    }
    for topic in stage.inputs:
        lying = (entry.place for entry in stage.archive.entries(topic))
        for where in (place for place in lying if place.life == stage.archive.life(topic)):
            key = (topic, where.partition)
            if committed.get(key, 0) <= where.offset < before[key]:
                stage.excused.add(where)
    await stage.kafka.delete_records(before)
    stage.crew.resume()
    yield


@_fault("group-deleted", "topic", alone=True)
async def _group(stage: Stage) -> AsyncIterator[None]:
    """The group's offsets are gone: everything that the log holds comes again."""
    await stage.crew.stop_all(kill=stage.rng.random() < 0.5)
    await stage.kafka.delete_group()
    stage.crew.resume()
    yield


@_fault("topic-anew", "topic", alone=True, limit=90.0)
async def _anew(stage: Stage) -> AsyncIterator[None]:
    """All of a topic is stored; it is deleted and created again under running workers."""
    await stage.recovered(60)
    topic = stage.rng.choice((TEXT, IMAGE))
    name = stage.settings.topic(topic)
    await stage.archive.read(name)
    await stage.kafka.delete(name)
    await asyncio.sleep(stage.rng.choice((0.0, 3.0)))
    stage.archive.reborn(name)
    await stage.kafka.create({name: stage.partitions[topic]})
    known = [one for one in stage.publisher.known if one.topic == topic][:200]
    drafts = stage.publisher.drafts
    await stage.publisher.publish(
        drafts.text(one.id) if topic == TEXT else drafts.image(one.id) for one in known
    )
    await stage.publisher.load(stage.records // 4)
    yield
