"""`brand-monitor db`: the schema, the roll-ups and stories behind the figures."""

from typing import Annotated

import typer

from monitor.commands.output import as_json, table
from monitor.commands.terminal import quiet_clients, say
from monitor.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="The database schema and the roll-ups.")


@app.command()
def upgrade() -> None:
    """Bring the database to the schema of this version; safe to repeat, needed once after every update."""
    from monitor.storage.schema import upgrade as upgrade_schema

    quiet_clients()
    typer.echo(f"the database is at revision {upgrade_schema(load_settings())}")


@app.command()
def check(
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Work roll-ups and stories out anew where they differ; writers wait."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare the roll-ups and stories with the mentions; exit 1 if one differs and was not repaired.

    Reads everything: minutes for millions of mentions. Without --repair nothing is locked.
    """
    from monitor.storage import rollups, story_check
    from monitor.storage.engine import sync_engine
    from monitor.storage.faults import translated
    from monitor.storage.schema import check_revision

    engine = sync_engine(load_settings())
    try:
        with translated(), engine.begin() as connection:
            check_revision(connection)
            told = story_check.compare(connection)
            found = (*told, *rollups.compare(connection))
            wrong = [each for each in found if not each.ok]
            if repair and not all(each.ok for each in told):
                story_check.rebuild(connection)
            if repair and wrong:
                rollups.rebuild(connection)
    finally:
        engine.dispose()
    if json:
        as_json(found)
    else:
        table(
            ("table", "rows", "wrong", "missing"),
            [(each.table, f"{each.rows:,}", f"{each.wrong:,}", f"{each.missing:,}") for each in found],
        )
    for each in wrong:
        say(f"{'repaired' if repair else 'fault'}: {each.table} {each.example}")
    if wrong and not repair:
        raise typer.Exit(1)
