"""`brand-monitor collect`: publishes what platforms, folders and programs say, as sources.toml asks."""

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.commands.output import table
from monitor.settings import Settings, load_settings

if TYPE_CHECKING:
    from datetime import datetime


def collect(
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="This entry of sources.toml; may be given several times."),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="One pass of each entry that is asked again and again, and end.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--list", help="Show the entries, and how each of them goes; collect nothing.")
    ] = False,
) -> None:
    """Publish what the sources named in sources.toml (MONITOR_SOURCES_FILE) have, until SIGTERM.

    docs/sources.md says what can be named there. Run as many of these as you like: each entry is collected by
    one of them at a time.
    """
    settings = load_settings()
    if show:
        _show(settings, only or ())
        return
    from monitor.sources.runner import run_collect

    raise typer.Exit(run_collect(settings, only or (), once=once))


def _show(settings: Settings, only: "list[str] | tuple[()]") -> None:
    from monitor.sources.config import read_sources, sources_path
    from monitor.sources.runner import chosen
    from monitor.storage.collecting import standings
    from monitor.storage.engine import sync_engine
    from monitor.storage.faults import translated

    entries = chosen(read_sources(sources_path(settings)), only)
    engine = sync_engine(settings)
    try:
        with translated(), engine.connect() as connection:
            known = {each.name: each for each in standings(connection)}
    finally:
        engine.dispose()
    rows = []
    for entry in entries:
        each = known.get(entry.name)
        if each is None:
            rows.append(
                (entry.name, entry.kind, entry.options.source, "no", "-", "0", "0", "0", "never collected")
            )
            continue
        rows.append(
            (
                *(entry.name, entry.kind, entry.options.source, "yes" if each.runs else "no"),
                *(_moment(each.succeeded_at), f"{each.posts:,}", f"{each.pictures:,}", f"{each.skipped:,}"),
                f"{_moment(each.failed_at)}: {each.fault}" if each.fault else "",
            )
        )
    table(("name", "kind", "source", "runs", "last success", "posts", "pictures", "skipped", "fault"), rows)


def _moment(moment: "datetime | None") -> str:
    from datetime import UTC

    return "-" if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds")
