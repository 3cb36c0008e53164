"""`brand-monitor forget`: what a person said, or all from before a day, is deleted for good."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.commands import moments
from monitor.commands.output import table
from monitor.commands.terminal import progress, run, say
from monitor.settings import load_settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from monitor.storage.forgetting import Found, Selection

_ASKED = "asked by a person"


def forget(
    author: Annotated[
        str | None,
        typer.Option("--author", help="All that this person wrote, as author: in queries finds it."),
    ] = None,
    mention: Annotated[
        list[str] | None,
        typer.Option("--mention", help="A post's id, with --source; may be given again."),
    ] = None,
    before: Annotated[
        str | None, typer.Option("--before", help="All published before a day or moment (UTC): 2025-01-01.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Only what was published there, as mentions say it.")
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", help="Why, without names: it is kept for the audit.")
    ] = _ASKED,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete what somebody wrote, for people who ask: rows, pictures, beginnings of dead letters.

    Shows first what would go, and asks. Figures follow; PREFIX.findings tells of each mention. As a member of
    brand_monitor_migrate. What this does not reach (Kafka, backups, what was sent): docs/deletion.md.
    """
    from monitor.storage import forgetting
    from monitor.storage.deletion import sweep
    from monitor.storage.engine import sync_engine
    from monitor.storage.faults import translated
    from monitor.storage.pictures import PictureStore
    from monitor.storage.schema import check_revision
    from monitor.stream.deletions import tell_untold

    _check(author, mention, before, source, reason)
    settings = load_settings()
    engine = sync_engine(settings)
    try:
        with translated(), engine.connect() as connection:
            check_revision(connection)
            forgetting.check_rights(connection)
            selection = _selection(connection, author, mention, before, source)
            found = forgetting.find(connection, selection)
        if not found.nothing:
            _show(found)
            if not yes:
                typer.confirm("Delete all this for good?", abort=True, err=True)
            with progress() as display:
                task = display.add_task("forgetting mentions", total=found.mentions)
                for gone in forgetting.forget(engine, selection, reason):
                    display.advance(task, gone)
            say(f"forgotten: {found.mentions:,} mentions, {found.dead_letters:,} beginnings of dead letters")
        # Also what an earlier run, killed or without Kafka, has left.
        removed = sweep(engine, PictureStore(settings.picture_store)).removed
        told = run(tell_untold(engine, settings))
    finally:
        engine.dispose()
    if told or removed:
        say(f"removed {removed:,} files of pictures, told of {told:,} deleted mentions")
    if found.nothing:
        say("nothing is stored that fits: look at the spelling, and at --source")
        raise typer.Exit(1)
    say(
        "Kafka holds the records until their retention ends; backups and what was sent hold what they held. "
        "docs/deletion.md says what to do"
    )


def _check(
    author: str | None, mention: list[str] | None, before: str | None, source: str | None, reason: str
) -> None:
    if sum(map(bool, (author, mention, before))) != 1:
        raise typer.BadParameter("say whom or what: one of --author, --mention and --before")
    if mention and not source:
        raise typer.BadParameter(
            "an id is unique within its source only: add --source", param_hint="--mention"
        )
    if not reason.strip():
        raise typer.BadParameter("say why, in a word or two", param_hint="--reason")
    names = [name for name in ((author or "").lstrip("@ "), *(mention or ())) if name]
    said = [rf"(?<!\w){re.escape(name)}(?!\w)" for name in names]
    if reason != _ASKED and any(re.search(name, reason, re.IGNORECASE) for name in said):
        raise typer.BadParameter(
            "it is kept for the audit, so it must not name whom or what was forgotten", param_hint="--reason"
        )


def _selection(
    connection: "Connection",
    author: str | None,
    mention: list[str] | None,
    before: str | None,
    source: str | None,
) -> "Selection":
    from monitor.storage import forgetting
    from monitor.storage.engine import privacy_of

    if author:
        return forgetting.by_author(connection, author, source)
    if mention and source:
        privacy = privacy_of(connection)
        ids = mention if privacy is None else [each for id in mention for each in privacy.ids(source, id)]
        return forgetting.by_id(source, ids)
    return forgetting.by_time(moments.since(before or ""), source)


def _show(found: "Found") -> None:
    """What would go."""
    from monitor.reports.labels import label

    if found.counts:
        table(
            ("source", "kind", "mentions", "first", "last"),
            [
                (
                    each.source,
                    each.kind,
                    f"{each.mentions:,}",
                    f"{each.first:%Y-%m-%d}",
                    f"{each.last:%Y-%m-%d}",
                )
                for each in found.counts
            ],
        )
        for at, source, said in found.titles:
            say(f"  {at:%Y-%m-%d} {label(source, 40)}: {label(said, 80) if said else '(a picture)'}")
    say(
        f"{found.mentions:,} mentions with {found.corrections:,} corrections and {found.answers:,} answers "
        f"given to them, {found.pictures:,} pictures that no other mention shows, the beginnings of "
        f"{found.dead_letters:,} dead letters"
    )
