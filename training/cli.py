"""`brand-train`: the offline side's command line. Each task brings its own commands."""

import typer

from monitor.errors import DataError, OutageError, SetupError
from training.backpropagation import learn
from training.data import commands as data
from training.logos import commands as logos
from training.sentiment import commands as sentiment

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Train and measure the models; the service needs nothing of this. docs/training-*.md have the data "
    "and the commands.",
)
evaluations = typer.Typer(no_args_is_help=True, help="Measure a committed model on the test splits.")
app.add_typer(evaluations, name="evaluate")
for room in (sentiment, logos):
    room.register(app, evaluations)
fetches = typer.Typer(no_args_is_help=True, help="Fetch public data from its own addresses.")
app.add_typer(fetches, name="fetch")
data.register(fetches)
corrections = typer.Typer(no_args_is_help=True, help="What people corrected on the pages, for training.")
app.add_typer(corrections, name="corrections")
data.register_corrections(corrections)
checks = typer.Typer(no_args_is_help=True, help="What training would read.")
app.add_typer(checks, name="data")
data.register_checks(checks)
app.command("backpropagation")(learn)


def main() -> None:
    """Entry point: expected failures end in one clear line and exit code 2."""
    try:
        app()
    except (SetupError, DataError, OutageError) as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise SystemExit(2) from error
