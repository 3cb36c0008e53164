"""What commands share that go over stored mentions: progress, and how to go on with what was broken off."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from monitor.commands.terminal import progress, say
from monitor.errors import OutageError


class Walked(Protocol):
    """How far a walk has come, from the newest mentions backwards."""

    looked_at: int
    back_to: datetime | None


_Walked = TypeVar("_Walked", bound=Walked)


def go_over(what: str, total: int, steps: Iterator[_Walked], *, dry_run: bool) -> _Walked | None:
    """Take all steps and show how far they have come, of `total` mentions; returns the last, None of none.

    What is broken off says how to go on.
    """
    done: _Walked | None = None
    try:
        with progress() as display:
            task = display.add_task(what, total=total)
            for done in steps:
                display.update(task, completed=done.looked_at)
    except (OutageError, KeyboardInterrupt):
        if done is not None and done.back_to is not None and not dry_run:
            say(f"done back to {_written(done.back_to)}; go on with --until {_written(_after(done.back_to))}")
        raise
    return done


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _after(moment: datetime) -> datetime:
    return moment + timedelta(microseconds=1)
