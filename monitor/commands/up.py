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
    Standard output has the lines that make other commands talk to this system.
    """
    from monitor.local.system import LocalSystem, environment

    say("starting broker, database, worker and pages ...")
    with LocalSystem(data_dir) as system:
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
