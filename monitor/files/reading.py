"""A file understood as a whole: whose export it is, what its columns mean, in which order its dates are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, Final

from monitor.errors import DataError, ErrorCode, SetupError
from monitor.files.dates import OrderOfColumn, parse_moment, zone_named
from monitor.files.interface import (
    AUTO,
    Beside,
    Columns,
    DateOrder,
    LeftOut,
    Opened,
    Row,
    Target,
    Unreadable,
    Vendor,
)
from monitor.files.mapping import Proposal, moment_of, named, ordered, propose, taken
from monitor.files.mentions import text_mentions
from monitor.files.opening import open_file, peek
from monitor.publishing.records import Defaults, Outgoing, Refused

GENERIC: Final = "generic"
LINES: Final = "lines"
"""Each line of the file is a text, and nothing else."""
_JSON: Final = ("json", "jsonl")
_SAMPLE: Final = 200
"""Rows by which columns are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person says of a file, instead of what is found."""

    form: str = AUTO
    """A vendor's name, `generic` or `lines`."""
    columns: Mapping[Target, Sequence[str]] = field(default_factory=dict)
    """By field; none leaves the field out."""
    date_order: DateOrder | None = None
    zone: str | None = None
    encoding: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A file whose rows can be read as mentions."""

    opened: Opened
    form: str
    """Whose export it is, or `generic`."""
    columns: Columns
    rows: Iterator[Row | Unreadable | LeftOut]
    """Once."""
    sample: tuple[Row, ...]
    """Of the first of them those that can be read."""
    notes: tuple[str, ...]
    """What the columns as they are taken do not show."""
    guessed: tuple[Target, ...]
    """Fields told by the contents of a column alone."""
    problems: Mapping[str, str]
    """What has to be decided first, by field, and how; rows are read nevertheless, as far as they can be."""

    @property
    def said(self) -> list[str]:
        """How the columns are taken, for whoever is not asked."""
        return [*(taken(self.columns.fields) if self.form == GENERIC else ()), *self.notes]

    @property
    def doubts(self) -> Mapping[str, str]:
        """The problems, and what a person would see and could refuse where nobody looks."""
        if "text" not in self.guessed:
            return self.problems
        (column,) = self.columns.fields["text"]
        doubt = f"only its contents say that `{column}` is the text; say so: --map text={column!r}"
        return {**self.problems, "guess": doubt}


def forms() -> tuple[str, ...]:
    """What `Wishes.form` may be."""
    return (AUTO, GENERIC, LINES, *_vendors())


def understand(
    file: Path | BinaryIO, wishes: Wishes | None = None, *, name: str = "", beside: Beside | None = None
) -> Understood:
    """Open a file and find out what it holds; it is read twice where only all of its dates tell their order.

    Of a stream no more than its first line is waited for. Raises `SetupError` for what cannot be read, and
    for wishes that the file does not have.
    """
    wishes = wishes or Wishes()
    folder = file.parent if isinstance(file, Path) else None
    beside = beside or Beside(folder=folder)
    is_file = isinstance(file, Path) and file.is_file()
    lines = wishes.form == LINES
    opened = open_file(file, name, encoding=wishes.encoding, lines=lines)
    try:
        first, opened = peek(opened, _SAMPLE if is_file else 1)
        vendor = _vendor(wishes.form, opened)
        opened = replace(opened, mapped=named(opened, wishes.columns))
        proposal = propose(opened, first) if vendor is None else Proposal(columns=vendor.columns(opened))
        columns = replace(
            proposal.columns,
            fields={**proposal.columns.fields, **opened.mapped},
            zone=proposal.columns.zone or wishes.zone,
            date_order=wishes.date_order or proposal.columns.date_order,
        )
        rows = opened.rows if vendor is None else vendor.rows(opened, beside)
        seen = list(islice(rows, len(first)))
    except BaseException:
        opened.close()
        raise
    sample = tuple(row for row in seen if isinstance(row, Row))
    notes = [note for target, note in proposal.notes if target not in wishes.columns]
    if columns.zone is not None and wishes.zone not in (None, columns.zone):
        notes.append(f"the file says that its dates are in {columns.zone}; --zone {wishes.zone} is not used")
    problems: dict[str, str] = {
        target: said
        for target, said in proposal.problems.items()
        if target not in wishes.columns and not (target == "pictures" and "text" in wishes.columns)
    }

    def again() -> Iterator[Row | Unreadable | LeftOut]:
        anew = open_file(file, name, encoding=wishes.encoding, lines=lines)
        once_more = replace(anew, mapped=opened.mapped)
        return once_more.rows if vendor is None else vendor.rows(once_more, beside)

    if "published_at" not in problems:
        columns, found = _dates(columns, sample, again if is_file else None)
        problems |= found
    return Understood(
        opened=opened,
        form=GENERIC if vendor is None else vendor.name,
        columns=columns,
        rows=chain(seen, rows),
        sample=sample,
        notes=(*opened.notes, *notes),
        guessed=tuple(target for target in proposal.guessed if target not in wishes.columns),
        problems=problems,
    )


def readable(
    file: Path | BinaryIO,
    wishes: Wishes | None = None,
    *,
    name: str = "",
    told: Callable[[str], None],
    dated: bool = True,
) -> Understood:
    """A file that nobody has to be asked about; `told` hears what its columns are taken for. Not `dated`:
    dates that cannot be read are left out.

    Raises `SetupError` where somebody has to decide: which column holds the text, which of two the date, what
    the order of its day and month is. Rows of JSON may be without a text.
    """
    found = understand(file, wishes, name=name)
    for what, problem in found.doubts.items():
        if found.opened.form in _JSON and what in ("text", "zone"):
            continue
        if not dated and what in ("published_at", "date_order", "zone"):
            fields = {**found.columns.fields, "published_at": ()}
            found = replace(found, columns=replace(found.columns, fields=fields))
        else:
            found.opened.close()
            raise SetupError(
                f"{found.opened.name}: {problem} (these are options of `brand-monitor import`, which asks)"
            )
    for note in found.said:
        told(f"{found.opened.name}: {note}")
    return found


def read_texts(
    file: Path | BinaryIO,
    defaults: Defaults,
    *,
    max_chars: int,
    name: str = "",
    wishes: Wishes | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> Iterator[Outgoing | Refused | LeftOut]:
    """One record or refusal per row of a `readable` file, in order and lazily. Raises `SetupError` as that
    does, before the first row."""
    found = readable(file, wishes, name=name, told=told)
    path = file if isinstance(file, Path) else None
    every = "published_at" not in found.columns.fields and found.opened.form not in _JSON
    if path is not None and every:
        told(f"{found.opened.name}: {_dated_by_file(path, defaults)}")

    def records() -> Iterator[Outgoing | Refused | LeftOut]:
        undated = Undated()
        yield from text_mentions(
            found.rows, found.columns, defaults, max_chars=max_chars, file=path, undated=undated.count
        )
        if (said := undated.said(defaults, path)) and not every:
            told(f"{found.opened.name}: {said}")

    return records()


@dataclass(slots=True)
class Undated:
    """Rows that name no date, where others may."""

    rows: int = 0

    def count(self) -> None:
        """One more."""
        self.rows += 1

    def said(self, defaults: Defaults, path: Path | None) -> str:
        """How many got which moment; nothing where there were none, or where somebody said the moment."""
        if not self.rows or path is None or defaults.published_at is not None:
            return ""
        rows = "1 row names" if self.rows == 1 else f"{self.rows:,} rows name"
        return f"{rows} no date: {defaults.moment(path)}, when the file was modified, stands for it"


def _dated_by_file(path: Path, defaults: Defaults) -> str:
    """What dates the rows of a table without dates, in words."""
    moment = defaults.moment(path)
    if defaults.published_at is not None:
        return f"no column for the date: every row is dated {moment}"
    return (
        f"no column for the date: every row is dated {moment}, when the file was modified; "
        "--published-at says another moment, `brand-monitor import --map published_at=COLUMN` a column"
    )


def _dates(
    columns: Columns, sample: Sequence[Row], again: Callable[[], Iterator[Row | Unreadable | LeftOut]] | None
) -> tuple[Columns, dict[str, str]]:
    """The columns with the order of their dates; what has to be decided of order and zone."""
    moments = [moment for row in sample if (moment := moment_of(row, columns)) is not None]
    if columns.date_order is None and again is not None:
        order = OrderOfColumn()
        for moment in moments:
            order.seen(moment)
        if order.told:
            every = (moment_of(row, columns) for row in again() if isinstance(row, Row))
            columns, problem = ordered(columns, every)
            if problem is not None:
                return columns, {"date_order": problem}
    zone = zone_named(columns.zone) if columns.zone else None
    without = ""
    for moment in moments:
        try:
            parse_moment(moment, "", order=columns.date_order, zone=zone)
        except DataError as error:
            if error.code is ErrorCode.DATE_WITHOUT_ZONE:
                without = without or str(moment)
                continue
        else:
            return columns, {}  # some name one: those that do not are refused one by one
    if not without:
        return columns, {}
    name = " ".join(columns.fields.get("published_at", ("published_at",)))
    return columns, {
        "zone": f"dates in `{name}` name no zone ({without!r}); say which: --zone Europe/Berlin, or UTC"
    }


def _vendor(form: str, opened: Opened) -> Vendor | None:
    if form in (GENERIC, LINES):
        return None
    if form == AUTO:
        return next((vendor for vendor in _vendors().values() if vendor.recognises(opened)), None)
    if form not in _vendors():
        raise SetupError(f"--from {form}: there is none of that name; take one of {', '.join(forms())}")
    return _vendors()[form]


def _vendors() -> dict[str, Vendor]:
    from monitor.files.vendors import VENDORS  # they read files themselves

    return {vendor.name: vendor for vendor in VENDORS}
