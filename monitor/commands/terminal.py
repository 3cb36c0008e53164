"""What commands share at the terminal: where messages go, when progress shows, how a coroutine is run."""

import asyncio
import logging
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

_Result = TypeVar("_Result")


def fail(message: str, *, exit_code: int) -> NoReturn:
    """End the process with `error: MESSAGE` on standard error."""
    typer.secho(f"error: {message}", fg="red", err=True)
    raise SystemExit(exit_code)


def say(message: str) -> None:
    """A line for the person at the terminal, on standard error so that standard output stays data."""
    typer.echo(message, err=True)


@contextmanager
def progress(*, beside_output: bool = False) -> Iterator["Progress"]:
    """A progress display on standard error; silent where that is no terminal (logs, pipes, cron).

    `beside_output`: the command prints its answers as it goes; on a terminal they are progress enough.
    """
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    shown = sys.stderr.isatty() and not (beside_output and sys.stdout.isatty())
    with Progress(*columns, console=console, disable=not shown, transient=True) as display:
        yield display


def quiet_clients() -> None:
    """Keep the clients' own log lines off the terminal: faults arrive as exceptions and are reported once."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def run(task: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a room's coroutine to its end."""
    quiet_clients()
    return asyncio.run(task)
