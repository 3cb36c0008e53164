"""`brand-monitor`: the service's command line; each command group lives in `monitor.commands`.

Exit codes: 0 done, 1 an outage or something found wrong, 2 wrong use, settings or installation, 130
interrupted. Standard output carries data only; progress and errors go to standard error. Command modules
import the rooms they call inside the command, so that `--help` answers at once.
"""

import os
import sys
from typing import Annotated

import typer

from monitor import __version__
from monitor.commands import (
    brands,
    collect,
    database,
    dead_letters,
    demo,
    doctor,
    forget,
    importing,
    init,
    prune,
    publish,
    publishers,
    query,
    report,
    rescore,
    schedule,
    schemas,
    score,
    seed,
    status,
    topics,
    up,
    web,
    worker,
)
from monitor.commands.terminal import fail
from monitor.errors import DataError, OutageError, SetupError

app = typer.Typer(
    name="brand-monitor",
    no_args_is_help=True,
    add_completion=False,
    # What is not expected is shown as Python does, for logs: no frames, no local variables with passwords.
    pretty_exceptions_enable=False,
    help="Which pictures show our logo, and are people saying nice things about us?",
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"brand-monitor {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Options of `brand-monitor` itself."""


_START, _IN, _OUT = "Begin", "Mentions in", "Answers out"
_KEEP, _RUN = "Change what is watched and stored", "Run it on servers"

app.command("demo", rich_help_panel=_START)(demo.demo)
app.command("init", rich_help_panel=_START)(init.init)
app.command("up", rich_help_panel=_START)(up.up)
app.command("doctor", rich_help_panel=_START)(doctor.doctor)
app.command("import", rich_help_panel=_IN)(importing.import_files)
app.command("collect", rich_help_panel=_IN)(collect.collect)
app.add_typer(publish.app, name="publish", rich_help_panel=_IN)
app.add_typer(publishers.app, name="publishers", rich_help_panel=_IN)
app.command("seed", rich_help_panel=_IN)(seed.seed)
app.command("report", rich_help_panel=_OUT)(report.report)
app.add_typer(web.app, name="web", rich_help_panel=_OUT)
app.command("schedule", rich_help_panel=_OUT)(schedule.schedule)
app.command("query", rich_help_panel=_OUT)(query.query)
app.add_typer(score.app, name="score", rich_help_panel=_OUT)
app.add_typer(brands.app, name="brands", rich_help_panel=_KEEP)
app.command("rescore", rich_help_panel=_KEEP)(rescore.rescore)
app.command("forget", rich_help_panel=_KEEP)(forget.forget)
app.command("prune", rich_help_panel=_KEEP)(prune.prune)
app.add_typer(database.app, name="db", rich_help_panel=_RUN)
app.add_typer(topics.app, name="topics", rich_help_panel=_RUN)
app.command("worker", rich_help_panel=_RUN)(worker.worker)
app.command("status", rich_help_panel=_RUN)(status.status)
app.add_typer(dead_letters.app, name="dead-letters", rich_help_panel=_RUN)
app.command("schemas", rich_help_panel=_RUN)(schemas.schemas)


def main() -> None:
    """Entry point: an expected failure ends in one clear line on standard error and its exit code."""
    try:
        app()
    except (SetupError, DataError) as error:
        fail(str(error), exit_code=2)
    except OutageError as error:
        fail(str(error), exit_code=1)
    except BrokenPipeError:
        # The reader (`head`, a pager) has left: nothing to report, and nothing may be flushed into the pipe
        # at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
