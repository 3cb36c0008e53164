"""What stands between opening a file and making mentions of it: rows, and which column means what."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from monitor.errors import DataError

Form = Literal["csv", "xlsx", "json", "jsonl", "parquet", "lines"]

AUTO: Final = "auto"
"""Whose export a file is, is told by its columns."""

Target = Literal["id", "source", "text", "published_at", "author", "url", "lang", "reach"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table, or one object of JSON. `where` tells a person which: "line 12", "row 12", "item 3".

    `cells` are by column name, empty ones left out; nested objects are flat: `user.name`, lists stay lists.
    Of a table the values are text, of XLSX also numbers and datetimes, of JSON what JSON has, of Parquet what
    Arrow makes of it.

    JSON's rows are the items of its array: the top one, or the one least deep in the top object (`mentions`,
    `orderedItems`, `data.children`). What JavaScript stands in front (`window.YTD.tweets.part0 =`) is the
    preamble.
    """

    where: str
    cells: Mapping[str, Any]
    picture: bytes | None = None
    """Of a mention of a picture, whose caption is the text then."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that could not be read, and why; the ones after it could. `raw` is its text as it stood."""

    where: str
    error: DataError
    raw: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that is no mention, and why, in words that others share: they are counted. Nothing is wrong with
    it: a repost of somebody else's, a post deleted there."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What an export does not hold itself."""

    folder: Path | None = None
    """Where the file lies; None: standard input."""
    picture: Callable[[str], bytes | None] = lambda _: None
    """A picture that this service keeps, by its SHA-256; None: it keeps no such one. Raises `OutageError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file of rows."""

    form: Form
    name: str = ""
    """What a person calls it."""
    encoding: str
    columns: tuple[str, ...]
    """In order; of JSON those met in its first rows."""
    preamble: tuple[tuple[str, ...], ...] = ()
    """Rows that stood before the heading."""
    rows: Iterator[Row | Unreadable]
    """Once."""
    mapped: Mapping[Target, tuple[str, ...]] = field(default_factory=dict)
    """Columns that a person names for a field, instead of those that are found."""
    notes: tuple[str, ...] = ()
    """What was read otherwise than one may think: a sheet of several, an encoding that was guessed."""
    share: Callable[[], float] = lambda: 0.0
    """How much was read, 0..1; 0 where nobody knows."""
    close: Callable[[], None] = lambda: None
    """Lets the file go; it need not be read to its end."""


DateOrder = Literal["dmy", "mdy", "ymd"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns make which field of a mention.

    Several columns of one field: of `text` joined by a blank line where they differ, of `published_at` by a
    space (a date and a time), of others the first that is not empty.
    """

    fields: Mapping[Target, tuple[str, ...]]
    date_order: DateOrder | None = None
    """None: only dates that can be read in one way."""
    zone: str | None = None
    """IANA name, for dates without one; None: such dates are refused."""
    constants: Mapping[Target, str] = field(default_factory=dict)
    """What every row of the file says, where no column does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """An export of somebody's program."""

    name: str
    """As `--from` takes it."""
    recognises: Callable[[Opened], bool]
    """By columns and preamble; never by the file's name alone."""
    columns: Callable[[Opened], Columns]
    """Of the rows that `rows` gives. Raises `SetupError` that names what is missing."""
    rows: Callable[[Opened, Beside], Iterator[Row | Unreadable | LeftOut]]
    """The file's rows as `columns` means them."""
