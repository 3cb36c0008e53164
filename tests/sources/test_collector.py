"""One entry: one process at a time, faults told and tried again, a stop that loses nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from monitor.errors import SetupError
from monitor.sources import collector as room
from monitor.sources.collector import Collector, pause_after
from monitor.sources.interface import Page, Post, SourceOutageError, State
from monitor.sources.publication import Publication
from monitor.sources.receiver import Receiver
from monitor.sources.receiver_options import ReceiverOptions
from monitor.sources.records import Records
from monitor.sources.stopping import Stop
from monitor.storage.collectors import held
from monitor.storage.engine import async_engine
from monitor.stream.metrics import CollectMetrics
from tests.sources.test_publication import Topics

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
Step = Callable[[], Awaitable[Any] | Any]


class Scripted:
    """Posts 0, 1, 2, ...; `before` says what happens before which."""

    name = source = "scripted"
    only_brands = False

    def __init__(self, before: Mapping[int, Step], count: int, interval: float | None = 3600.0) -> None:
        self.before, self.count, self.interval = dict(before), count, interval

    async def pages(self, states: Mapping[str, State]) -> AsyncIterator[Page]:
        for number in range(states.get("", {"next": 0})["next"], self.count):
            step = self.before.pop(number, None)
            waiting = step() if step is not None else None
            if waiting is not None:
                await waiting
            items = (Post(id=str(number), text="VMware", published_at=NOON),)
            yield Page(items=items, state={"next": number + 1})


class Hasty(Stop):
    """Sleeps through no pause, and keeps how long each would have been. Set once a pass went well."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if seconds > 3000:
            self.set()
        await super().sleep(3600 if self.is_set else 0)


@pytest.fixture(autouse=True)
def _quiet():
    """Tracebacks of faults of our own are long to draw."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
async def engine(collecting):
    made = async_engine(collecting.settings)
    yield made
    await made.dispose()


@pytest.fixture
def topics() -> Topics:
    return Topics()


def collects(engine, topics, source, stop, pictures=None) -> Collector:
    publication = Publication(Records(source.source, 1000), pictures, topics)
    metrics, now = CollectMetrics(), lambda: NOON
    return Collector("scripted", source, publication, engine, stop, metrics, now)


def failing(error: Exception) -> Step:
    def fail() -> None:
        raise error

    return fail


def state(collecting) -> list[Any]:
    return [state for (state,) in collecting.rows("SELECT state FROM collector_state")]


def kept(topics: Topics) -> set[str]:
    return {id for _, id in topics.kept()}


async def test_what_fails_goes_on_where_it_was(collecting, engine, topics):
    stop = Hasty()
    steps = {
        1: failing(SourceOutageError("busy", retry_after=900)),
        2: failing(KeyError("a fault of our own")),
        3: failing(SourceOutageError("away")),
    }
    one = collects(engine, topics, Scripted(steps, 5), stop)
    await one.run()
    assert kept(topics) == set("01234")
    assert [record.key for record in topics.records] == [b"0", b"1", b"2", b"3", b"4"]
    assert state(collecting) == [{"next": 5}]
    asked, ours, again, _ = stop.pauses
    assert asked >= 900
    assert ours <= 1
    assert again <= 1
    assert collecting.rows("SELECT posts, fault, failed_at < succeeded_at FROM collector") == [
        (5, None, True)
    ]


async def test_why_it_failed_stands_in_the_database(collecting, engine, topics):
    one = collects(engine, topics, Scripted({1: failing(SetupError("no such feed"))}, 5), Hasty())
    assert await one.run_once() == "no such feed"
    assert collecting.rows("SELECT fault FROM collector") == [("no such feed",)]
    assert await one.run_once() is None
    assert collecting.rows("SELECT fault FROM collector") == [(None,)]


async def test_a_stream_that_ends_is_opened_again(engine, topics):
    stop = Hasty()
    source = Scripted({2: stop.set}, 2, interval=None)

    def more() -> None:
        source.count += 1

    source.before[1] = more
    await collects(engine, topics, source, stop).run()
    assert kept(topics) == set("012")


async def test_one_process_collects_and_another_stands_by(collecting, engine, topics, monkeypatch):
    monkeypatch.setattr(room, "_STANDBY", 0.01)
    first_stop, second_stop, busy = Stop(), Stop(), asyncio.Event()

    async def wait() -> None:
        busy.set()
        await asyncio.Event().wait()

    first = asyncio.create_task(collects(engine, topics, Scripted({2: wait}, 9), first_stop).run())
    await asyncio.wait_for(busy.wait(), 30)
    second = collects(engine, topics, Scripted({4: second_stop.set}, 5), second_stop)
    running = asyncio.create_task(second.run())
    assert (
        await collects(engine, topics, Scripted({}, 5), Stop()).run_once()
        == "another process collects it now"
    )
    assert "another process collects it" in str(second.health)
    first_stop.set()
    await asyncio.wait_for(asyncio.gather(first, running), 30)
    assert [record.key for record in topics.records] == [b"0", b"1", b"2", b"3", b"4"]
    assert state(collecting) == [{"next": 5}]


async def test_whoever_lost_the_connection_lost_the_lock_and_writes_nothing(collecting, engine, topics):
    """The state is written by the connection that holds the lock, and by no other."""

    def cut() -> None:
        collecting.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2"
        )

    stop = Hasty()
    await collects(engine, topics, Scripted({2: cut}, 4), stop).run()
    assert kept(topics) == set("0123")
    assert state(collecting) == [{"next": 4}]
    async with held(engine, "scripted", "scripted") as one:
        assert one is not None
        cut()
        for _ in range(2):
            with pytest.raises(Exception, match=r"gone|terminat"):
                await one.states()


async def test_a_stop_lets_the_page_in_hand_be_saved(collecting, engine, topics):
    stop = Stop()

    whole = topics.send

    async def send(records: Any) -> Any:
        stop.set()
        await asyncio.sleep(0)
        return await whole(records)

    topics.send = send  # type: ignore[method-assign]
    await asyncio.wait_for(collects(engine, topics, Scripted({}, 5), stop).run(), 30)
    assert kept(topics) == {"0"}
    assert state(collecting) == [{"next": 1}]


def test_pauses_double_up_to_five_minutes_and_are_as_long_as_asked():
    outage = SourceOutageError("away")
    pauses = [pause_after(outage, failures) for failures in range(1, 30)]
    longest = [min(2.0 ** (failures - 1), 300) for failures in range(1, 30)]
    assert all(limit / 2 <= pause <= limit for pause, limit in zip(pauses, longest, strict=True))
    assert pause_after(SourceOutageError("busy", retry_after=3600), 1) >= 3600
    assert pause_after(SourceOutageError("busy", retry_after=0), 9) >= 128
    assert pause_after(SetupError("mend me"), 1) >= 300


async def test_a_receiver_whose_name_somebody_collects_under_waits(collecting, engine):
    """An entry that was of another kind until now: an older process still has it."""
    stop = Hasty()

    async def sleep(seconds: float) -> None:
        stop.pauses.append(seconds)
        if len(stop.pauses) == 3:
            stop.set()

    stop.sleep = sleep
    options = ReceiverOptions(source="http", port=0)
    one = Receiver("http", options, engine, Topics(), collecting.settings, stop, CollectMetrics())
    async with asyncio.timeout(60), held(engine, "http", "http"):
        await one._keep_account()
    assert len(stop.pauses) == 3
    assert "another process" in str(one.health)
