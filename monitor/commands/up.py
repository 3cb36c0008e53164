"""`brand-monitor up`: the embedded system, kept running until Ctrl-C or SIGTERM."""

import shlex
import signal
import threading
from pathlib import Path
from typing import Annotated, Final

import typer

from monitor.commands.terminal import say

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
    ] = Path(".brand-monitor"),
) -> None:
    """Run broker, database, one worker and the pages here, without Docker or root, until Ctrl-C or SIGTERM.

    Database and pictures are kept in the data folder; the embedded broker is in memory and starts empty.
    Without MONITOR_BRANDS_FILE the catalogue is copied there, for the page /setup to choose from it.
    Standard output has the lines that make other commands talk to this system.
    """
    from monitor.local.system import LocalSystem, environment

    brands_file = _brands_file(data_dir.resolve())
    say("starting broker, database, worker and pages ...")
    with LocalSystem(data_dir, brands_file=brands_file) as system:
        system.start_pages()
        system.start_schedule()
        if system.settings.report_schedule:
            say(f"reports: {system.settings.report_schedule}")
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        values = environment(system.settings)
        for name in (f"MONITOR_{name.upper()}" for name in _EXPORTED):
            typer.echo(f"export {name}={shlex.quote(values[name])}")
        say(f"pages: {system.pages_url}")
        say(f"running; health: {system.health_url}/health/ready, /metrics beside it; logs: {system.logs}")
        say("copy the export lines to another terminal, then: brand-monitor status. Ctrl-C stops the system.")
        while not stop.wait(_LOOK):
            system.check()
        say("stopping ...")


def _brands_file(folder: Path) -> Path:
    """The one of the settings, else one in the folder, which begins as a copy of the catalogue."""
    from monitor.brands_file import start_file
    from monitor.errors import SetupError
    from monitor.settings import load_settings

    named = load_settings().brands_file
    path = named or folder / "brands.toml"
    if named is None and not path.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(
                f"cannot write {folder}: {error.strerror}; choose another folder with --data-dir"
            ) from error
        start_file(path)
    return path
