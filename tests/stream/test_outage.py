"""Back-off through an outage, on a clock of its own."""

import asyncio

import pytest

from monitor.errors import OutageError
from monitor.stream.outage import OutageRetry


class Clock:
    """Time that passes only in pauses."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class Server:
    """Away until `back`."""

    def __init__(self, clock: Clock, back: float) -> None:
        self._clock = clock
        self._back = back

    async def ask(self) -> str:
        if self._clock.now < self._back:
            raise OutageError("away")
        return "answer"


async def test_an_outage_shorter_than_the_limit_is_sat_out() -> None:
    clock = Clock()
    failures: list[str] = []
    retry = OutageRetry(60, on_failure=failures.append, clock=clock, pause=clock.pause)
    assert await retry("asking", Server(clock, back=20).ask) == "answer"
    assert failures == ["asking"] * len(clock.pauses)
    assert 20 <= clock.now < 26, "noticed soon after it was over"


async def test_pauses_grow_and_stay_bounded() -> None:
    clock = Clock()
    with pytest.raises(OutageError):
        await OutageRetry(120, clock=clock, pause=clock.pause)("asking", Server(clock, back=1e9).ask)
    assert clock.pauses[0] <= 0.2
    assert max(clock.pauses) <= 5
    assert len(clock.pauses) < 60


async def test_a_longer_one_is_raised_when_the_limit_has_passed() -> None:
    clock = Clock()
    with pytest.raises(OutageError, match=r"asking failed for 60 s .*MONITOR_OUTAGE_RETRY is 60.*away"):
        await OutageRetry(60, clock=clock, pause=clock.pause)("asking", Server(clock, back=61).ask)
    assert clock.now == pytest.approx(60)


async def test_other_errors_are_not_retried() -> None:
    clock = Clock()

    async def broken() -> None:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        await OutageRetry(60, clock=clock, pause=clock.pause)("asking", broken)
    assert clock.pauses == []


async def test_a_server_that_hangs_without_a_word_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frozen database acknowledges every packet, so that no time-out of the network ends the wait."""
    monkeypatch.setattr("monitor.stream.outage._ATTEMPT", 0.05)
    attempts: list[int] = []

    async def hang() -> None:
        attempts.append(len(attempts))
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            await asyncio.sleep(0.5)  # a driver that tries to say goodbye
            raise

    with pytest.raises(OutageError, match=r"asking failed for .*no answer for 0 s"):
        await OutageRetry(0.2, pause=lambda _seconds: asyncio.sleep(0.06))("asking", hang)
    assert len(attempts) > 1
