"""`brand-monitor prune`: mentions older than so many days are deleted, their figures are kept."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.commands.terminal import progress, say
from monitor.settings import load_settings

if TYPE_CHECKING:
    from monitor.storage.pruning import Doomed


def prune(
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="DAYS", help="400d; default MONITOR_RETENTION.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete mentions published more than so many days ago, with their pictures; figures of those days stay.

    Shows first what would go, and asks. Workers write on meanwhile; from then on they refuse what is older:
    dead letters with the code too-old. May be broken off and repeated.
    """
    from monitor.storage.deletion import sweep
    from monitor.storage.engine import sync_engine
    from monitor.storage.faults import translated
    from monitor.storage.pictures import PictureStore
    from monitor.storage.pruning import Pruning, find, horizon
    from monitor.storage.schema import check_revision

    settings = load_settings()
    age = older_than or settings.retention
    if not age:
        raise typer.BadParameter(
            "say how old, like 400d, or set MONITOR_RETENTION", param_hint="--older-than"
        )
    try:
        before = horizon(datetime.now(UTC), age)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--older-than") from None
    store = PictureStore(settings.picture_store)
    engine = sync_engine(settings)
    try:
        with translated(), engine.connect() as connection:
            check_revision(connection)
            found = find(connection, before)
        pruning = Pruning(engine, before)
        _show(found, before)
        if not yes:
            typer.confirm("Prune for good?", abort=True, err=True)
        pruning.begin()
        with progress() as display:
            task = display.add_task("pruning mentions", total=found.mentions)
            done = pruning.run(told=lambda done: display.update(task, completed=done.mentions))
        files = sweep(engine, store).removed
    finally:
        engine.dispose()
    say(
        f"pruned {done.mentions:,} mentions and {done.pictures:,} pictures that no other mention shows; "
        f"{files:,} files removed; figures before {before.date()} stay as they are"
    )


def _show(found: "Doomed", before: datetime) -> None:
    say(
        f"{found.mentions:,} of {found.of:,} mentions were published before {before.date()}"
        + (f", the first on {found.first.astimezone(UTC).date()}" if found.first else "")
    )
    for source, mentions in found.sources:
        say(f"  {mentions:>12,}  {source}")
    say("they go for good; what is older will be refused; figures of those days stay as they are")
