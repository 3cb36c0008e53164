"""`brand-monitor db`: the schema, the roll-ups and stories behind the figures, erasing what was said."""

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.commands.output import as_json, table
from monitor.commands.terminal import quiet_clients, say
from monitor.settings import load_settings

if TYPE_CHECKING:
    from monitor.storage.erasure import Erased

app = typer.Typer(no_args_is_help=True, help="The database schema, the roll-ups, and erasing posts.")


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
    from monitor.storage import rollups, stories
    from monitor.storage.engine import sync_engine
    from monitor.storage.faults import translated
    from monitor.storage.schema import check_revision

    engine = sync_engine(load_settings())
    try:
        with translated(), engine.begin() as connection:
            check_revision(connection)
            told = stories.compare(connection)
            found = (*told, *rollups.compare(connection))
            wrong = [each for each in found if not each.ok]
            if repair and not all(each.ok for each in told):
                stories.rebuild(connection)
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


@app.command()
def erase(
    source: Annotated[str, typer.Option("--source", help="Where it was published.")],
    ids: Annotated[list[str], typer.Option("--id", help="The post's id there; may be given again.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, without names: it is kept for the audit.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would go.")] = False,
) -> None:
    """Erase posts: their text and picture mention, all that hangs on them, and pictures no other post shows.

    As a member of brand_monitor_migrate. Kafka holds the records until their retention ends.
    """
    from monitor.storage.engine import sync_engine
    from monitor.storage.erasure import erase as erase_posts
    from monitor.storage.erasure import find
    from monitor.storage.faults import translated
    from monitor.storage.pictures import PictureStore
    from monitor.storage.schema import check_revision

    if not reason.strip():
        raise typer.BadParameter("say why, in a word or two", param_hint="--reason")
    settings = load_settings()
    store = PictureStore(settings.picture_store)
    engine = sync_engine(settings)
    try:
        with translated(), engine.begin() as connection:
            check_revision(connection)
            found = erase_posts(connection, source, ids, reason) if yes else find(connection, source, ids)
    finally:
        engine.dispose()
    if yes:
        for url in found.pictures.values():
            store.remove(url)
    _tell(found, done=yes)
    if not found.mentions:
        raise typer.Exit(1)


def _tell(found: "Erased", *, done: bool) -> None:
    for id in found.not_found:
        say(f"not found: {id}")
    say(
        f"{'erased' if done else 'would erase'} {found.mentions:,} mentions with {found.brand_mentions:,} "
        f"brand mentions, {found.sentiments:,} sentiments, {found.corrections:,} corrections and "
        f"{found.answers:,} answers, and {len(found.pictures):,} pictures"
    )
    for url in found.pictures_kept.values():
        say(f"kept, other posts show it: {url}")
    if found.dead_letters:
        say(f"{found.dead_letters:,} dead letters have such an id for a key and keep their first 1,024 bytes")
    say(
        "Kafka holds the records until their retention ends: a worker that reads them again stores them again"
        + ("" if done else "; add --yes to erase")
    )
