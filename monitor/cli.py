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


app.command("init")(init.init)
app.command("demo")(demo.demo)
app.command("up")(up.up)
app.command("worker")(worker.worker)
app.command("collect")(collect.collect)
app.command("import")(importing.import_files)
app.add_typer(publish.app, name="publish")
app.add_typer(publishers.app, name="publishers")
app.add_typer(score.app, name="score")
app.command("status")(status.status)
app.command("seed")(seed.seed)
app.command("query")(query.query)
app.command("rescore")(rescore.rescore)
app.command("forget")(forget.forget)
app.command("prune")(prune.prune)
app.command("report")(report.report)
app.command("schedule")(schedule.schedule)
app.add_typer(web.app, name="web")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(brands.app, name="brands")
app.add_typer(topics.app, name="topics")
app.add_typer(database.app, name="db")
app.command("doctor")(doctor.doctor)
app.command("schemas")(schemas.schemas)


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
