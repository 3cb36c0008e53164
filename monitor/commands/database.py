"""`brand-monitor db`: the database schema."""

import typer

from monitor.commands.terminal import quiet_clients
from monitor.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="The database schema.")


@app.callback()
def _group() -> None:
    """Keeps `upgrade` a sub-command although it is the only one."""


@app.command()
def upgrade() -> None:
    """Bring the database to the schema of this version; safe to repeat, needed once after every update."""
    from monitor.storage.schema import upgrade as upgrade_schema

    quiet_clients()
    typer.echo(f"the database is at revision {upgrade_schema(load_settings())}")
