"""Which column means which field of a mention: by their names, then by what stands in them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, get_args

from monitor.errors import SetupError
from monitor.files.dates import OrderOfColumn, readings, told
from monitor.files.interface import Columns, Opened, Row, Target, Unreadable
from monitor.files.names import TIMES, TITLES, known, plain, rank

TARGETS: Final[tuple[Target, ...]] = get_args(Target)
_MOSTLY: Final = 0.8
"""Share of a column's cells that have to be so, for it to be told by its contents."""
_TOLD_BY_CONTENTS: Final[tuple[Target, ...]] = ("published_at", "url")
"""Fields whose values no other column looks like, so that an empty column of the right name tells less."""
_LONG: Final = 20
"""Characters that the cells of a text have on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Columns as they are understood, and what a person should know or decide."""

    columns: Columns
    notes: tuple[tuple[Target, str], ...] = ()
    """What a table of the columns does not show, each with its field."""
    guessed: tuple[Target, ...] = ()
    """Fields that no name tells, only what stands in the column."""
    problems: Mapping[str, str] = field(default_factory=dict)
    """By field; each says what to do. Rows are read nevertheless, as far as they can be."""


def propose(opened: Opened, sample: Sequence[Row | Unreadable]) -> Proposal:
    """What the columns mean. Our own names win over others, and of others the more usual one.

    `sample` are first rows of the file.
    """
    rows = [row for row in sample if isinstance(row, Row)]
    fields: dict[Target, tuple[str, ...]] = {}
    empty: dict[Target, tuple[str, ...]] = {}
    notes: list[tuple[Target, str]] = []
    problems: dict[str, str] = {}
    for target in TARGETS:
        named = tuple(sorted((name for name in opened.columns if _means(name, target)), key=rank))
        if not named:
            continue
        filled = [name for name in named if rank(name) == 0 or _filled(rows, name)]
        if not filled and target in _TOLD_BY_CONTENTS:
            empty[target] = named[:1]  # only where no other column holds what it says
            continue
        filled = filled or list(named)
        if len(filled) > 1 and filled[0] != target and rank(filled[0]) == rank(filled[1]):
            problems[target] = (
                f"columns `{filled[0]}` and `{filled[1]}` could both be {target}; "
                f"say which: --map {target}='{filled[0]}'"
            )
        fields[target] = (filled[0],)
        if left := [name for name in filled[1:] if target not in ("id", "text")]:
            notes.append((target, f"left out beside `{filled[0]}`: {_listed(left)}"))
    _add_titles(opened, fields)
    _add_times(opened, fields, rows)
    _drop_rounded_ids(fields, rows, notes)
    by_name = set(fields)
    _by_contents(opened, fields, rows, notes)
    guessed = tuple(target for target in fields if target not in by_name)
    fields = {**empty, **fields}
    if "file" in map(plain, opened.columns) and tuple(map(plain, fields.get("text", ()))) == ("caption",):
        problems["pictures"] = (
            "this is a list of pictures: `brand-monitor publish images` takes it; "
            f"--map text={fields['text'][0]} takes the captions alone"
        )
    if "text" not in fields:
        problems["text"] = _no_text(opened.columns)
    zone = _zone_in_name(opened.mapped.get("published_at", fields.get("published_at", ())))
    columns = Columns(fields=fields, zone=zone)
    return Proposal(columns=columns, notes=tuple(notes), problems=problems, guessed=guessed)


def _no_text(columns: Sequence[str]) -> str:
    if not columns:
        return "it holds no rows with named fields; JSON is an array of objects, or an object a line"
    told = f"no column for the text (found: {_listed(columns)}); name it: --map text=COLUMN"
    if any(map(known, columns)):
        return told
    return (
        f"{told}; where these are no names, write a row of names above, or say --from lines (a text a line)"
    )


def taken(fields: Mapping[Target, Sequence[str]]) -> list[str]:
    """Which column is taken for which field, in words; those that are called like it need none."""
    return [_used(target, names) for target, names in fields.items() if names and tuple(names) != (target,)]


def named(opened: Opened, given: Mapping[Target, Sequence[str]]) -> dict[Target, tuple[str, ...]]:
    """The columns that a person names by field, spelt as the file spells them; none leaves the field out.

    Raises `SetupError` for a column that the file does not have.
    """
    spelt = {name.casefold(): name for name in opened.columns} | {name: name for name in opened.columns}
    fields: dict[Target, tuple[str, ...]] = {}
    for target, names in given.items():
        for name in names:
            if name not in spelt and name.casefold() not in spelt and opened.form not in ("json", "jsonl"):
                raise SetupError(
                    f"--map {target}={name}: there is no such column; there are {_listed(opened.columns)}"
                )
        fields[target] = tuple(spelt.get(name) or spelt.get(name.casefold(), name) for name in names)
    return fields


def ordered(columns: Columns, values: Iterable[Any]) -> tuple[Columns, str | None]:
    """The columns with the order of day and month that all these dates allow, or what has to be decided."""
    order = OrderOfColumn()
    for value in values:
        order.seen(value)
    if order.order is not None:
        return replace(columns, date_order=order.order), None
    if order.example is None:
        return columns, None
    found = readings(order.example)
    why = "some dates begin with the day, some with the month" if order.contradicts else "no other date tells"
    name = " ".join(columns.fields["published_at"])
    return columns, (
        f"`{name}` has {order.example!r}, which is {told(found)}, and {why}; "
        f"say which: --date-order {'|'.join(found)}"
    )


def moment_of(row: Row, columns: Columns) -> Any:
    """What a row says of its moment: a cell's value, or a day and a time as text; None: it says nothing."""
    names = columns.fields.get("published_at", ("published_at",))
    values = [value for name in names if (value := row.cells.get(name)) is not None]
    if len(values) < 2:
        return values[0] if values else None
    from monitor.files.sheets import joined

    return joined(*values[:2]) or " ".join(str(value) for value in values)


def _means(name: str, target: Target) -> bool:
    return known(name) == target and plain(name) not in TITLES


def _filled(rows: Sequence[Row], name: str) -> bool:
    return not rows or any(name in row.cells for row in rows)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:20]) + (", ..." if len(names) > 20 else "")


def _used(target: Target, names: Sequence[str]) -> str:
    return f"{_listed(names)} {'are' if len(names) > 1 else 'is'} taken for {target}"


def _add_titles(opened: Opened, fields: dict[Target, tuple[str, ...]]) -> None:
    """A title stands before its text; alone it is the text. Our own `text` is whole."""
    title = next((name for name in opened.columns if plain(name) in TITLES), None)
    if title is not None and fields.get("text") != ("text",):
        fields["text"] = (title, *fields.get("text", ()))


def _add_times(opened: Opened, fields: dict[Target, tuple[str, ...]], rows: Sequence[Row]) -> None:
    """A column of times beside one of days."""
    dates = fields.get("published_at")
    at = next((name for name in opened.columns if plain(name) in TIMES), None)
    if dates is None or at is None or at in dates:
        return
    days = [str(row.cells[dates[0]]) for row in rows if dates[0] in row.cells]
    if days and not any(":" in day and not day.endswith("00:00:00") for day in days):
        fields["published_at"] = (dates[0], at)


def _drop_rounded_ids(
    fields: dict[Target, tuple[str, ...]], rows: Sequence[Row], notes: list[tuple[Target, str]]
) -> None:
    """A spreadsheet that took ids for numbers has rounded them: many posts would be one."""
    names = fields.get("id", ())
    values = [row.cells[name] for row in rows for name in names if name in row.cells]
    if any(is_rounded(value) for value in values):
        fields["id"] = ()
        told = (
            f"`{names[0]}` holds ids that a spreadsheet rounded (1.23E+18) and is left out; "
            "export them as text, or ids are made of source, text and date"
        )
        notes.append(("id", told))


def is_rounded(id: Any) -> bool:
    """Whether an id is a number that lost digits."""
    if isinstance(id, float):
        return True
    text = str(id).strip().upper()
    return "E+" in text and text.replace("E+", "").replace(".", "").replace(",", "").isdecimal()


def _by_contents(
    opened: Opened,
    fields: dict[Target, tuple[str, ...]],
    rows: Sequence[Row],
    notes: list[tuple[Target, str]],
) -> None:
    used = {name for names in fields.values() for name in names}
    left = [name for name in opened.columns if name not in used and known(name) is None]
    values = {name: [row.cells[name] for row in rows if name in row.cells] for name in left}
    for target, is_so in _CONTENTS:
        if target in fields:
            continue
        found = [name for name in left if values[name] and _share(values[name], is_so) >= _MOSTLY]
        if target == "text":
            found = sorted(found, key=lambda name: -_length(values[name]))[:1]
            found = [name for name in found if _length(values[name]) >= _LONG]
        if len(found) == 1:
            fields[target] = (found[0],)
            left.remove(found[0])
        elif found:
            told = f"{_listed(found)} look like {target}; none is taken: --map {target}=COLUMN"
            notes.append((target, told))


def _share(values: Sequence[Any], is_so: Callable[[Any], bool]) -> float:
    return sum(map(is_so, values)) / len(values)


def _length(values: Sequence[Any]) -> float:
    return sum(len(str(value)) for value in values) / len(values)


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and value.strip().startswith(("http://", "https://"))


def _is_moment(value: Any) -> bool:
    if isinstance(value, int | float) or (isinstance(value, str) and value.strip().isdecimal()):
        return False  # a number may be anything
    try:
        return bool(readings(value))
    except (ValueError, OverflowError, OSError):
        return False


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not _is_url(value) and not _is_moment(value) and len(value.split()) > 1


_CONTENTS: Final[tuple[tuple[Target, Callable[[Any], bool]], ...]] = (
    ("published_at", _is_moment),
    ("url", _is_url),
    ("text", _is_text),
)


def _zone_in_name(names: Sequence[str]) -> str | None:
    words = Counter(
        word for name in names for word in name.upper().replace("(", " ").replace(")", " ").split("_")
    )
    return "UTC" if any(word.split()[-1:] in (["UTC"], ["GMT"]) for word in words) else None
