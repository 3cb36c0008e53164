"""What the exports of all vendors have in common: each row is mended, or left out with a reason."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from monitor.errors import SetupError
from monitor.files.interface import Beside, Columns, LeftOut, Opened, Row, Target, Unreadable
from monitor.files.vendors.pictures import shown_in

Cells = dict[str, Any]
Mend = Callable[[Cells], Cells | str]
"""A row's cells as `columns` means them, or why it is no mention. The cells may be changed."""

NO_TEXT: Final = "no text in the export"

_LANGUAGES: Final = {
    **{"arabic": "ar", "bulgarian": "bg", "catalan": "ca", "chinese": "zh", "croatian": "hr", "czech": "cs"},
    **{"danish": "da", "dutch": "nl", "english": "en", "estonian": "et", "finnish": "fi", "french": "fr"},
    **{"german": "de", "greek": "el", "hebrew": "he", "hindi": "hi", "hungarian": "hu", "indonesian": "id"},
    **{"italian": "it", "japanese": "ja", "korean": "ko", "latvian": "lv", "lithuanian": "lt", "malay": "ms"},
    **{"norwegian": "no", "persian": "fa", "polish": "pl", "portuguese": "pt", "romanian": "ro"},
    **{"russian": "ru", "serbian": "sr", "slovak": "sk", "slovenian": "sl", "spanish": "es", "swedish": "sv"},
    **{"tagalog": "tl", "tamil": "ta", "thai": "th", "turkish": "tr", "ukrainian": "uk", "urdu": "ur"},
    "vietnamese": "vi",
}


def mended(
    columns: Callable[[Opened], Columns],
    mending: Callable[[Opened, Beside], Mend],
    pictures: Callable[[Cells], Sequence[str]] = lambda _: (),
) -> Callable[[Opened, Beside], Iterator[Row | Unreadable | LeftOut]]:
    """A vendor's `rows`: each readable row through what `mending` makes for the file, and left out where it
    has no text then. `pictures` names the post's pictures, files below the folder that the export lies in.
    """

    def rows(opened: Opened, beside: Beside) -> Iterator[Row | Unreadable | LeftOut]:
        mend, fields = mending(opened, beside), columns(opened).fields
        for row in opened.rows:
            if isinstance(row, Unreadable):
                yield row
                continue
            cells = mend(dict(row.cells))
            if isinstance(cells, str):
                yield LeftOut(row.where, cells)
                continue
            shown = pictures(cells) if beside.folder is not None else ()
            if any(text(cells, name) for name in fields["text"]):
                yield Row(row.where, cells)
            elif not shown:
                yield LeftOut(row.where, NO_TEXT)
            if beside.folder is not None:
                yield from shown_in(Row(row.where, cells), fields["id"], beside.folder, shown)

    return rows


def has(opened: Opened, *names: str) -> bool:
    """Whether there are columns of all these names, in any case."""
    return {name.casefold() for name in names} <= {name.casefold() for name in opened.columns}


def columns(
    vendor: str,
    opened: Opened,
    fields: Mapping[Target, Sequence[str]],
    *,
    added: Iterable[str] = (),
    zone: str | None = None,
    constants: Mapping[Target, str] | None = None,
) -> Columns:
    """Those of `fields` that the file has, spelt as it spells them, those `added` by mending, and instead of
    them what a person names. Objects of JSON have fields of their own each: there all of them may come.

    Raises `SetupError` where no column holds the text or the moment.
    """
    may_come = [name for names in fields.values() for name in names] if "json" in opened.form else ()
    spelt = {name.casefold(): name for name in (*may_come, *added, *opened.columns)}
    found = dict(opened.mapped)
    for target, names in fields.items():
        if target in opened.mapped:
            continue
        there = tuple(spelt[name.casefold()] for name in names if name.casefold() in spelt)
        if there:
            found[target] = there
        elif target in ("text", "published_at"):
            wanted = " or ".join(f"`{name}`" for name in names)
            raise SetupError(
                f"{opened.name}: this is an export of {vendor}, but it has no column {wanted} "
                f"(found: {', '.join(opened.columns)}); export it again with that column, or name another "
                f"with --map {target}=COLUMN"
            )
    return Columns(fields=found, zone=zone, constants=constants or {})


def spelling(opened: Opened) -> Callable[[str], str]:
    """A column's name as the file spells it; one that it does not have, as asked."""
    spelt = {name.casefold(): name for name in opened.columns}
    return lambda name: spelt.get(name.casefold(), name)


def text(cells: Mapping[str, Any], name: str) -> str:
    """The cell as text without blanks around; "" where there is none."""
    value = cells.get(name)
    return "" if value is None else str(value).strip()


def keep_distinct(cells: Cells, names: Sequence[str]) -> None:
    """Drop the cells whose words another one of these has too, as an excerpt has of the whole."""
    plain = {name: " ".join(text(cells, name).strip(".… ").split()).casefold() for name in names}
    for at, name in enumerate(names):
        others = (plain[other] for j, other in enumerate(names) if j != at and other in cells)
        if not plain[name] or any(plain[name] in other for other in others):
            cells.pop(name, None)


def code_of_language(cells: Cells, name: str) -> None:
    """`English` becomes `en`, and "Unknown" nothing: then the language is found in the text. Codes stay."""
    word = text(cells, name).casefold().partition("(")[0].strip()
    if len(word) <= 3 or "-" in word or "_" in word:
        return
    if word in _LANGUAGES:
        cells[name] = _LANGUAGES[word]
    else:
        cells.pop(name, None)


def handle(cells: Cells, name: str) -> None:
    """A name without the `@` in front, as platforms' own archives have it."""
    if value := text(cells, name).removeprefix("@"):
        cells[name] = value
    else:
        cells.pop(name, None)
