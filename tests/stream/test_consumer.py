"""How long the consumer waits for Kafka."""

from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from monitor.stream.consumer import LedgerConsumer
from monitor.stream.reader import Poll

BUSY, QUIET = TP("mentions.text", 0), TP("mentions.image", 0)


class Stopped(Exception):
    """The test has seen enough."""


@pytest.mark.parametrize(
    ("full", "asked", "patient"),
    [
        (set(), {BUSY, QUIET}, True),
        ({BUSY}, {QUIET}, False),
    ],
)
async def test_an_agent_without_room_does_not_wait_for_a_quiet_topic(
    full: set[TP], asked: set[TP], patient: bool
) -> None:
    """A worker of both agents read sixteen texts a second while no picture came."""
    polls: list[tuple[set[TP], float]] = []

    async def poll(wanted: set[TP], records: int, wait: float) -> Poll:
        polls.append((set(wanted), wait))
        if len(polls) == 2:
            raise Stopped
        return Poll()

    async def look_at_ends(partitions: Any) -> None:
        pass

    consumer = SimpleNamespace(
        app=SimpleNamespace(room=lambda one: one not in full, poll_records=16, should_stop=False),
        should_stop=False,
        flow_active=True,
        consumer_stopped_errors=(),
        _next={BUSY: 0, QUIET: 0},
        _get_active_partitions=lambda: {BUSY, QUIET},
        _reader=SimpleNamespace(poll=poll, crash_reason=None),
        _look_at_ends=look_at_ends,
    )
    with pytest.raises(Stopped):
        await LedgerConsumer._drain_messages(consumer, SimpleNamespace(should_stop=False))  # type: ignore[arg-type]
    assert [(wanted, wait >= 0.5) for wanted, wait in polls] == [(asked, patient)] * 2
