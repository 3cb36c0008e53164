"""`brand-monitor publishers`: which programs may send mentions by HTTP (`kind = "http"` of sources.toml)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.commands.output import table
from monitor.commands.terminal import say
from monitor.settings import load_settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

app = typer.Typer(no_args_is_help=True, help="Which programs may send mentions by HTTP.")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Who sends.")],
    source: Annotated[
        str | None,
        typer.Option(help="The only `source` that its mentions may say; filled in where they say none."),
    ] = None,
) -> None:
    """Let a program send: prints its token, once."""
    from monitor.storage.publishers import add as add_publisher

    for what, said in (("NAME", name), ("--source", source)):
        if said is not None and not (0 < len(said) <= 512 and said.strip() and said.isprintable()):
            raise typer.BadParameter("1 to 512 characters, none of them a control character", param_hint=what)
    with _database() as connection:
        token = add_publisher(connection, name, source)
    typer.echo(token)
    say(
        f"{name} sends POST /mentions with the header `Authorization: Bearer` and this token, which is shown "
        "only now; receivers know it within a few seconds"
    )


@app.command("list")
def show() -> None:
    """Show who may send, or might once."""
    from monitor.storage.publishers import listed

    with _database() as connection:
        rows = listed(connection)
    table(
        ("name", "source", "since", "revoked"),
        [
            (
                each.name,
                each.source or "any",
                each.created_at.date().isoformat(),
                "" if each.revoked_at is None else each.revoked_at.isoformat(timespec="minutes"),
            )
            for each in rows
        ],
    )


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="As `publishers list` shows it.")]) -> None:
    """Let a program send no longer; receivers know it within a few seconds."""
    from monitor.storage.publishers import revoke as revoke_publisher

    with _database() as connection:
        revoke_publisher(connection, name)
    say(f"{name}'s token holds no longer")


@contextmanager
def _database() -> "Iterator[Connection]":
    from monitor.storage.engine import sync_engine
    from monitor.storage.faults import translated

    engine = sync_engine(load_settings())
    try:
        with translated(), engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
