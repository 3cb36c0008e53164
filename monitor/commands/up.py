"""`brand-monitor up`: the embedded system, kept running until Ctrl-C or SIGTERM."""

import shlex
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from monitor.commands.terminal import say
from monitor.errors import SetupError
from monitor.settings import DATA_FOLDER, RUNNING

_LOOK: Final = 1.0
"""Seconds between looks at the children: one that has ended is reported at once."""

_EXPORTED: Final = (
    "kafka_url",
    "database_url",
    "picture_store",
    "brands_file",
    "topic_partitions",
    "rebalance_timeout",
    "session_timeout",
)
"""What other commands, and further workers, need to know of this system."""


def up(
    data_dir: Annotated[
        Path, typer.Option(metavar="DIR", help="Where database, pictures and logs are kept between runs.")
    ] = DATA_FOLDER,
) -> None:
    """Run broker, database, one worker and the pages here, without Docker or root, until Ctrl-C or SIGTERM.

    Database and pictures are kept in the data folder; the embedded broker is in memory and starts empty.
    Without MONITOR_BRANDS_FILE the catalogue is copied there, for the page /setup to choose from it.
    Other commands in the folder that it was started in talk to this system by themselves; standard output has
    the lines that make them do so elsewhere.
    """
    from monitor.local.system import LocalSystem, environment

    with ExitStack() as parts:
        parts.enter_context(_alone(data_dir))
        brands_file = _brands_file(data_dir.resolve())
        say("starting broker, database, worker and pages ...")
        system = parts.enter_context(LocalSystem(data_dir, brands_file=brands_file))
        system.start_pages()
        system.start_schedule()
        if system.settings.report_schedule:
            say(f"reports: {system.settings.report_schedule}")
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        values = environment(system.settings)
        told = {name: values[name] for name in (f"MONITOR_{each.upper()}" for each in _EXPORTED)}
        for name, value in told.items():
            typer.echo(f"export {name}={shlex.quote(value)}")
        say(f"pages: {system.pages_url}")
        say(f"running; health: {system.health_url}/health/ready, /metrics beside it; logs: {system.logs}")
        if data_dir.resolve() == DATA_FOLDER.resolve():
            parts.enter_context(_for_others(told))
            say("in another terminal, in this folder: brand-monitor import FILE, brand-monitor status, ...")
            say("elsewhere the export lines go first. Ctrl-C stops the system.")
        else:
            say("in another terminal the export lines go first, then: brand-monitor status, ...")
            say("Ctrl-C stops the system.")
        while not stop.wait(_LOOK):
            system.check()
        say("stopping ...")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """A lock on the folder, which goes with the process however it ends. Raises `SetupError` where another
    process has it."""
    import fcntl  # not on Windows, where other commands run

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise SetupError(
            f"cannot write {folder}: {error.strerror}; choose another folder with --data-dir"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SetupError(
                f"brand-monitor up runs on {folder.resolve()} already; "
                "end that one, or choose another folder with --data-dir"
            ) from None
        yield


@contextmanager
def _for_others(values: dict[str, str]) -> Iterator[None]:
    """The settings in the file that commands read in this folder; it goes with the system, and its lock with
    the process."""
    import fcntl  # as above

    RUNNING.unlink(missing_ok=True)  # of one that was killed
    RUNNING.touch(mode=0o600)  # the database's password
    escaped = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in values.items()}
    with RUNNING.open("w", encoding="utf-8") as file:
        file.writelines(f"{name}='{value}'\n" for name, value in escaped.items())
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            RUNNING.unlink(missing_ok=True)


def _brands_file(folder: Path) -> Path:
    """The one of the settings, else one in the folder, which begins as a copy of the catalogue."""
    from monitor.brands_file import start_file
    from monitor.settings import load_settings

    named = load_settings().brands_file
    path = named or folder / "brands.toml"
    if named is None and not path.exists():
        start_file(path)
    return path
