"""`brand-monitor report`: what was said and shown between two days, as a file or sent to people."""

from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from monitor.commands.moments import end_of, start_of, zone
from monitor.commands.terminal import say
from monitor.errors import SetupError
from monitor.settings import Settings, load_settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from monitor.reports.filters import Filter

_DEFAULT_DAYS: Final = 7


class Format(StrEnum):
    """File formats of a report."""

    HTML = "html"
    PDF = "pdf"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


class Last(StrEnum):
    """Whole calendar units that are over."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Kind(StrEnum):
    """Kinds of mention."""

    TEXT = "text"
    IMAGE = "image"


class Counting(StrEnum):
    """What counts as one."""

    POSTS = "posts"
    STORIES = "stories"


class When(StrEnum):
    """When to send a report: the schedule sends the others."""

    NOW = "now"


def report(
    since: Annotated[
        str | None,
        typer.Option(metavar="DAY|MOMENT", help=f"First day; default {_DEFAULT_DAYS} days before --until."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DAY|MOMENT", help="Last day, included; default now.")
    ] = None,
    last: Annotated[
        Last | None, typer.Option(help="The last whole day, week (from Monday) or month, instead of dates.")
    ] = None,
    brand: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only mentions of it; may be repeated.")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only mentions from it; may be repeated.")
    ] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only texts, or only pictures.")] = None,
    lang: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Only mentions in this language, e.g. de; may be repeated."),
    ] = None,
    counting: Annotated[
        Counting, typer.Option(help="Count every mention, or of copies of one story only the first.")
    ] = Counting.POSTS,
    time_zone: Annotated[
        str, typer.Option("--zone", metavar="ZONE", help="Where the days are counted, e.g. Europe/Berlin.")
    ] = "UTC",
    format: Annotated[
        Format | None, typer.Option(help="Default: by the suffix of the output file; html without one.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="PATH", help="Default: report.FORMAT here.")
    ] = None,
    send: Annotated[
        When | None, typer.Option(help="Send it to MONITOR_REPORT_TO now, instead of writing a file.")
    ] = None,
) -> None:
    """Write or send share of voice, sentiment, what is said, pictures and what changed in a period.

    HTML and PDF are for reading; CSV, JSON and Parquet have every mention of the period (docs/reports.md).
    """
    from monitor.reports.filters import Filter
    from monitor.texts.language import tag_of

    where = zone(time_zone)
    first, end = _period(since, until, last, where, datetime.now(UTC))
    kinds: tuple[Literal["text", "image"], ...] = () if kind is None else (kind.value,)
    chosen = Filter(
        first,
        end,
        tuple(brand or ()),
        tuple(source or ()),
        kinds,
        languages=tuple(tag_of(code) for code in lang or ()),
        counting=counting.value,
    )
    settings = load_settings()
    if send is not None:
        if output is not None or format is not None:
            raise typer.BadParameter("a report is written or sent, not both", param_hint="--send")
        _send(settings, chosen)
    else:
        _write(settings, chosen, format, output)


def _period(
    since: str | None, until: str | None, last: Last | None, where: tzinfo, now: datetime
) -> tuple[datetime, datetime]:
    """[first, end) as asked for; raises `BadParameter` where it holds nothing."""
    if last is not None:
        if since or until:
            raise typer.BadParameter("names the period; leave --since and --until away", param_hint="--last")
        return _last(last, where, now)
    end = end_of(until, where) if until else now.astimezone(where)
    first = start_of(since, where) if since else end - timedelta(days=_DEFAULT_DAYS)
    if first >= end:
        raise typer.BadParameter(
            f"{first.isoformat()} is not before --until {end.isoformat()}", param_hint="--since"
        )
    return first, end


def _last(last: Last, where: tzinfo, now: datetime) -> tuple[datetime, datetime]:
    today = now.astimezone(where).date()
    match last:
        case Last.DAY:
            first, end = today - timedelta(days=1), today
        case Last.WEEK:
            end = today - timedelta(days=today.weekday())
            first = end - timedelta(days=7)
        case Last.MONTH:
            end = today.replace(day=1)
            first = (end - timedelta(days=1)).replace(day=1)
    return start_of(first.isoformat(), where), start_of(end.isoformat(), where)


def _write(settings: Settings, chosen: "Filter", format: Format | None, output: Path | None) -> None:
    from monitor.reports.report import write_report
    from monitor.reports.wording import counted, minute
    from monitor.storage.engine import sync_engine
    from monitor.storage.faults import translated
    from monitor.storage.pictures import PictureStore

    wanted = format or _by_suffix(output)
    if output is not None and output.is_dir():
        raise typer.BadParameter(f"{output} is a folder; name a file in it", param_hint="--output")
    path = output or Path(f"report.{wanted.value}")
    engine = sync_engine(settings)
    try:
        with translated(), engine.connect() as connection:
            _check(connection, chosen)
            store = PictureStore(settings.picture_store)
            found = write_report(connection, store, path, chosen, wanted.value)
    finally:
        engine.dispose()
    period = (
        f"from {minute(chosen.since, chosen.since.tzinfo)} until {minute(chosen.until, chosen.since.tzinfo)}"
    )
    say(f"{path}: {counted(found.mentions, 'mention')} {period} ({chosen.since.tzinfo})")


def _check(connection: "Connection", chosen: "Filter") -> None:
    """A brand nobody watches would give an empty report: better to say so."""
    from sqlalchemy import select

    from monitor.storage.schema import check_revision
    from monitor.storage.tables import brand

    check_revision(connection)
    known = set(connection.execute(select(brand.c.name)).scalars())
    unknown = [name for name in chosen.brands if name not in known]
    if unknown:
        raise typer.BadParameter(
            f"{', '.join(unknown)}: not watched; `brand-monitor brands list` has the names",
            param_hint="--brand",
        )


def _by_suffix(path: Path | None) -> Format:
    suffix = path.suffix.lower().removeprefix(".") if path else ""
    try:
        return Format(suffix) if suffix else Format.HTML
    except ValueError:
        raise typer.BadParameter(
            f"{path} ends in none of {', '.join(f'.{each.value}' for each in Format)}; name the --format",
            param_hint="--output",
        ) from None


def _send(settings: Settings, chosen: "Filter") -> None:
    """To each recipient, whatever the schedule has sent; the exit code is 1 where one did not get it."""
    import tempfile

    from monitor.delivery.links import base_address
    from monitor.delivery.messages import report_message
    from monitor.delivery.recipients import Outcome, read_recipients
    from monitor.reports.asked import Asked
    from monitor.storage.engine import sync_engine
    from monitor.storage.faults import translated
    from monitor.storage.pictures import PictureStore

    recipients = read_recipients(settings.report_to, "MONITOR_REPORT_TO")
    if not recipients:
        raise SetupError(
            "MONITOR_REPORT_TO names nobody; set it to apprise addresses, e.g. "
            "mailtos://USER:PASSWORD@HOST?to=ADDRESS (docs/reports.md)"
        )
    engine = sync_engine(settings)
    try:
        with translated(), tempfile.TemporaryDirectory(prefix="brand-monitor-report-") as folder:
            with engine.connect() as connection:
                _check(connection, chosen)
            store = PictureStore(settings.picture_store)
            asked = Asked(chosen=chosen)
            message = report_message(
                engine,
                store,
                asked,
                settings.report_attach,
                Path(folder),
                datetime.now(UTC),
                site=base_address(settings),
            )
            receipts = [(recipient, recipient.send(message)) for recipient in recipients]
    finally:
        engine.dispose()
    for recipient, receipt in receipts:
        say(f"{recipient.name}: {receipt.outcome.value}{f' ({receipt.detail})' if receipt.detail else ''}")
    if any(receipt.outcome is not Outcome.SENT for _, receipt in receipts):
        raise typer.Exit(1)
