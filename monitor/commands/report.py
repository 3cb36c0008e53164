"""`brand-monitor report`: what was said and shown between two days, as a file."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from monitor.commands.moments import end_of, start_of, zone
from monitor.commands.terminal import say
from monitor.settings import load_settings

_DEFAULT_DAYS: Final = 7


class Format(StrEnum):
    """File formats of a report."""

    HTML = "html"
    CSV = "csv"
    JSON = "json"


def report(
    since: Annotated[
        str | None,
        typer.Option(metavar="DAY|MOMENT", help=f"First day; default {_DEFAULT_DAYS} days before --until."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DAY|MOMENT", help="Last day, included; default now.")
    ] = None,
    time_zone: Annotated[
        str, typer.Option("--zone", metavar="ZONE", help="Where the days are counted, e.g. Europe/Berlin.")
    ] = "UTC",
    format: Annotated[
        Format | None, typer.Option(help="Default: by the suffix of the output file; html without one.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="PATH", help="Default: report.FORMAT here.")
    ] = None,
) -> None:
    """Write share of voice, net sentiment, best and worst mentions and pictures of a period."""
    from monitor.reports import write_report
    from monitor.storage.engine import sync_engine
    from monitor.storage.faults import translated
    from monitor.storage.pictures import PictureStore
    from monitor.storage.schema import check_revision

    where = zone(time_zone)
    last = end_of(until, where) if until else datetime.now(UTC).astimezone(where)
    first = start_of(since, where) if since else last - timedelta(days=_DEFAULT_DAYS)
    if first >= last:
        raise typer.BadParameter(
            f"{first.isoformat()} is not before --until {last.isoformat()}", param_hint="--since"
        )
    chosen = format or _by_suffix(output)
    if output is not None and output.is_dir():
        raise typer.BadParameter(f"{output} is a folder; name a file in it", param_hint="--output")
    path = output or Path(f"report.{chosen.value}")
    settings = load_settings()
    engine = sync_engine(settings)
    try:
        with translated(), engine.connect() as connection:
            check_revision(connection)
            write_report(connection, PictureStore(settings.picture_store), path, first, last, chosen.value)
    finally:
        engine.dispose()
    say(f"{path}: {first.isoformat()} until {last.isoformat()}")


def _by_suffix(path: Path | None) -> Format:
    suffix = path.suffix.lower().removeprefix(".") if path else ""
    try:
        return Format(suffix) if suffix else Format.HTML
    except ValueError:
        raise typer.BadParameter(
            f"{path} ends in none of {', '.join(f'.{each.value}' for each in Format)}; name the --format",
            param_hint="--output",
        ) from None
