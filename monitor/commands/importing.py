"""`brand-monitor import`: files that people have, shown as they are understood, and then published."""

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, get_args

import typer

from monitor.commands.files import From, file_or_input
from monitor.commands.moments import moment
from monitor.commands.terminal import say
from monitor.errors import SetupError
from monitor.files.interface import AUTO, Target
from monitor.settings import Settings, load_settings

if TYPE_CHECKING:
    from monitor.commands.sending import Refusals
    from monitor.files.interface import Beside
    from monitor.files.reading import Understood, Wishes
    from monitor.publishing import Defaults

_SHOWN: Final = 3
"""Rows, as they would be sent."""
_MOST_TOLD: Final = 10
"""Refused rows that are told one by one."""
_WIDEST: Final = 100
"""Characters of a text that are shown."""


class Order(StrEnum):
    """Of day, month and year in dates like 03/04/2026."""

    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"


def import_files(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...|-", help="CSV, XLSX, JSON, JSON lines or Parquet, also .gz and .zst; - is stdin."
        ),
    ],
    form: From = AUTO,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help="Which column holds a field; several of text are joined. FIELD= leaves it out.",
        ),
    ] = None,
    date_order: Annotated[Order | None, typer.Option(help="Of dates that could be read in two ways.")] = None,
    zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Of dates that name none: UTC, Europe/Berlin, ...")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of text that is neither UTF-8 nor UTF-16: cp1252, cp1251, ...")
    ] = None,
    source: Annotated[str, typer.Option(help="`source` of rows that name none.")] = "upload",
    published_at: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="MOMENT", help="Of rows without a date: RFC 3339 with zone."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read all of it, and send nothing.")] = False,
    refused: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the refused rows there, with reasons, as CSV.")
    ] = None,
) -> None:
    """Publish mentions from files of other programs.

    Shows what a file is taken for, which column means what and three rows as they would be sent, and asks.
    Importing a file twice doubles nothing. The exit code is 1 where rows were refused, 2 where a file was.
    """
    from monitor.commands.sending import Refusals
    from monitor.files.reading import Wishes
    from monitor.publishing import Defaults

    settings = load_settings()
    wishes = Wishes(
        form=form,
        columns=_mapping(columns or ()),
        date_order=date_order.value if date_order else None,
        zone=zone,
        encoding=encoding,
    )
    defaults = Defaults(source=source, published_at=published_at)
    ask = not (yes or dry_run)
    if ask and ("-" in files or not sys.stdin.isatty()):
        raise SetupError("there is nobody to ask; say --yes to import, or --dry-run to see what would be")
    if refused is not None and refused.exists() and any(_is(name, refused) for name in files):
        raise SetupError(f"--refused {refused} is one of the files to import; name another")
    left: list[str] = []
    with Refusals.into(refused, most_told=_MOST_TOLD) as refusals:
        for name in files:
            try:
                _import(name, wishes, defaults, settings, refusals, ask=ask, dry_run=dry_run)
            except SetupError as error:
                if len(files) == 1:
                    raise
                say(f"error: {error}")
                left.append(name)
    if refusals.any and refused is not None:
        say(f"the refused rows are in {refused}")
    if left:
        raise SetupError(f"{len(left):,} of {len(files):,} files not imported: {', '.join(left)}")
    if refusals.any:
        raise typer.Exit(1)


def _is(name: str, path: Path) -> bool:
    return name != "-" and Path(name).exists() and path.samefile(name)


def _mapping(given: Iterator[str] | tuple[str, ...] | list[str]) -> dict[Target, list[str]]:
    mapping: dict[Target, list[str]] = {}
    for each in given:
        target, equals, column = each.partition("=")
        if not equals or target not in get_args(Target):
            raise SetupError(
                f"--map {each}: write FIELD=COLUMN; FIELD is one of {', '.join(get_args(Target))}"
            )
        mapping.setdefault(target, []).extend([column] if column else [])  # type: ignore[arg-type]
    return mapping


def _import(
    name: str,
    wishes: "Wishes",
    defaults: "Defaults",
    settings: Settings,
    refusals: "Refusals",
    *,
    ask: bool,
    dry_run: bool,
) -> None:
    from monitor.commands.deciding import decided
    from monitor.commands.sending import send
    from monitor.files.mentions import text_mentions
    from monitor.files.reading import Undated, understand

    asked = ask or (dry_run and name != "-" and sys.stdin.isatty())
    file = file_or_input(name)
    beside = _beside(file if isinstance(file, Path) else None, settings)
    found = understand(file, wishes, beside=beside)
    try:
        _show(found, defaults, settings, file if isinstance(file, Path) else None)
        while asked and (answered := decided(found, wishes)) is not None:
            found.opened.close()
            wishes = answered
            found = understand(file, wishes, beside=beside)
            _show(found, defaults, settings, file if isinstance(file, Path) else None)
        if found.problems:
            raise SetupError(f"{found.opened.name}: " + "; ".join(found.problems.values()))
        if ask and not typer.confirm("import this?", err=True):
            say(f"{found.opened.name}: left out")
            return
        refusals.begin(found.opened.name)
        path = file if isinstance(file, Path) else None
        undated = Undated()
        records = text_mentions(
            found.rows,
            found.columns,
            defaults,
            max_chars=settings.text_max_chars,
            file=path,
            undated=undated.count,
        )
        sent = send(
            None if dry_run else settings,
            records,
            f"importing {found.opened.name}",
            refusals,
            share=found.opened.share,
        )
        verb = "would be published" if dry_run else "published"
        count = "1 mention" if sent == 1 else f"{sent:,} mentions"
        say(f"{found.opened.name}: {count} {verb}, {refusals.said()}")
        if found.columns.fields.get("published_at") and (said := undated.said(defaults, path)):
            say(f"{found.opened.name}: {said}")
    finally:
        found.opened.close()


def _beside(path: Path | None, settings: Settings) -> "Beside":
    from monitor.files.interface import Beside
    from monitor.storage.pictures import PictureStore

    def picture(sha256: str) -> bytes | None:
        return PictureStore(settings.picture_store).kept(sha256)

    return Beside(folder=path.parent if path is not None else None, picture=picture)


def _show(found: "Understood", defaults: "Defaults", settings: Settings, path: Path | None) -> None:
    """What the file is taken for, on standard error."""
    from monitor.files.interface import LeftOut
    from monitor.files.mentions import text_mentions
    from monitor.files.reading import GENERIC
    from monitor.publishing import Refused

    opened = found.opened
    whose = "no known export" if found.form == GENERIC else f"an export of {found.form}"
    parts = [
        opened.form.upper(),
        opened.encoding,
        f"{len(opened.columns)} column{'s' * (len(opened.columns) != 1)}",
        whose,
    ]
    say(f"{opened.name}: {', '.join(part for part in parts if part)}")
    for target, names in found.columns.fields.items():
        if names:
            between = " + " if target in ("text", "published_at") else ", else "
            say(f"  {target:<13} {between.join(names)}{_how(target, found)}")
    for target, value in _constants(found, defaults, path).items():
        if not found.columns.fields.get(target):
            say(f"  {target:<13} ({value})")
    used = {name for names in found.columns.fields.values() for name in names}
    if found.form == GENERIC and (unused := [name for name in opened.columns if name not in used]):
        say(f"  not used      {', '.join(unused[:20])}{', ...' if len(unused) > 20 else ''}")
    for note in found.notes:
        say(f"  note: {note}")
    if found.problems:
        return
    shown = text_mentions(
        found.sample[:_SHOWN], found.columns, defaults, max_chars=settings.text_max_chars, file=path
    )
    for record in shown:
        if isinstance(record, Refused):
            say(f"  {record.where}: refused, {record.error}")
        elif not isinstance(record, LeftOut):
            say(f"  {record.where}: {_line(record.value)}")


def _how(target: Target, found: "Understood") -> str:
    if target != "published_at":
        return ""
    orders = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}
    order, zone = found.columns.date_order, found.columns.zone
    told = [*([orders[order]] if order else []), *([f"{zone} where no zone is named"] if zone else [])]
    return f" ({', '.join(told)})" if told else ""


def _constants(found: "Understood", defaults: "Defaults", path: Path | None) -> Mapping[Target, str]:
    """What fields without a column are."""
    told: dict[Target, str] = {"id": "made of source, text and date", "source": defaults.source}
    if (moment := defaults.moment(path)) is not None:
        said = "" if defaults.published_at else ", when the file was modified"
        told["published_at"] = f"{moment}{said}"
    return {**told, **found.columns.constants}


def _line(value: bytes) -> str:
    import msgspec

    fields = msgspec.json.decode(value)
    text = " ".join((fields.pop("text", None) or fields.pop("caption", None) or "").split())
    fields.pop("image", None)
    cut = f"{text[:_WIDEST]}..." if len(text) > _WIDEST else text
    return f"{cut!r} " + ", ".join(f"{name} {said}" for name, said in sorted(fields.items()))
