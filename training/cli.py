"""`brand-train`: the offline side's command line. Each task brings its own commands."""

import typer

from monitor.errors import DataError, SetupError

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


def main() -> None:
    """Entry point: expected failures end in one clear line and exit code 2."""
    try:
        app()
    except (SetupError, DataError) as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise SystemExit(2) from error
