"""Records on their way to Kafka: what the broker can never take costs itself only."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError

from monitor.errors import OutageError
from monitor.publishing.records import Outgoing
from monitor.settings import load_settings
from monitor.sources import sending
from monitor.sources.sending import Sender


class Broker:
    """Takes batches whose records are all small enough."""

    def __init__(self, largest: int) -> None:
        self.largest = largest
        self.taken: list[bytes] = []
        self.fault: Exception | None = None

    async def start(self, _: Any) -> "Producer":
        return Producer(self)


class Producer:
    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.batch: list[tuple[bytes, asyncio.Future[None]]] = []

    async def send(self, topic: str, value: bytes, **_: Any) -> asyncio.Future[None]:
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self.batch:
            asyncio.get_running_loop().call_soon(self._flush)
        self.batch.append((value, acknowledged))
        return acknowledged

    def _flush(self) -> None:
        large = any(len(value) > self.broker.largest for value, _ in self.batch)
        for value, acknowledged in self.batch:
            if self.broker.fault is not None:
                acknowledged.set_exception(self.broker.fault)
            elif large:
                acknowledged.set_exception(MessageSizeTooLargeError())
            else:
                self.broker.taken.append(value)
                acknowledged.set_result(None)
        self.batch = []

    async def stop(self) -> None:
        pass


@pytest.fixture
def broker(monkeypatch):
    made = Broker(100)

    async def none_missing(*_: Any) -> Sequence[str]:
        return ()

    monkeypatch.setattr(sending, "missing_topics", none_missing)
    monkeypatch.setattr(sending, "start_producer", made.start)
    return made


def record(number: int, size: int = 10) -> Outgoing:
    return Outgoing(str(number), "text", b"key", b"%d" % number + b"x" * size)


async def test_what_is_too_large_for_the_broker_alone_is_refused(broker):
    records = [record(number, 1000 if number in (3, 17) else 10) for number in range(20)]
    refused = await Sender(load_settings()).send(records)
    assert [one.where for one in refused] == ["3", "17"]
    assert set(broker.taken) == {one.value for one in records if len(one.value) <= 100}


async def test_an_outage_is_none_of_a_records(broker):
    broker.fault = KafkaConnectionError()
    with pytest.raises(OutageError):
        await Sender(load_settings()).send([record(1)])
