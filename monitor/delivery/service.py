"""`brand-monitor schedule`: looks twice a minute what is due, and outlives whatever goes wrong at it."""

import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from monitor.errors import OutageError, SetupError

_log = structlog.get_logger(__name__)

LOOK: Final = 30.0
"""Seconds between looks: a report is late by no more, and a machine that slept catches up as soon."""


class Duty(Protocol):
    """Something to do whenever it is due; returns at once where it is not."""

    def __call__(self) -> object:
        """Do what is due. May raise what servers make it raise: it is called again."""


def serve(duties: Sequence[tuple[str, Duty]], stop: threading.Event, wait: Callable[[], bool]) -> None:
    """Do each duty, wait, and again, until `stop` is set; `wait` sleeps and says whether to stop.

    One duty's failure, whatever it is, delays neither itself beyond the next look nor the others.
    """
    while not stop.is_set():
        for name, duty in duties:
            attempt(name, duty)
        if wait():
            return


def attempt(name: str, duty: Duty) -> bool:
    """Do it; False where it failed, whatever went wrong, which the log says."""
    try:
        duty()
    except (KeyboardInterrupt, SystemExit):
        raise
    except (OutageError, SetupError, SQLAlchemyError, OSError) as error:
        _log.error("failed; will try again", duty=name, why=str(error).split("\n", 1)[0])
    except BaseException as error:  # libraries in Rust raise their panics beside Exception
        _log.exception("failed; will try again", duty=name, why=repr(error))
    else:
        return True
    return False
