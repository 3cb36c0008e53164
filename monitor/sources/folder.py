"""A folder: files of texts and pictures as they appear in it.

A file is taken once it stood still, by size and modification time; one that is changed is read again, one
that grew from where it was. Each file's place is saved as its rows are acknowledged. That a file goes deletes
nothing but its place. What cannot be read stands in a report beside the file.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from monitor.errors import DataError, ErrorCode, SetupError
from monitor.files.interface import AUTO, DateOrder, LeftOut, Target
from monitor.files.reading import Wishes, forms
from monitor.publishing.records import Defaults, Outgoing, Refused
from monitor.sources.context import Context
from monitor.sources.folder_files import READ, Found, Readers, Report, digest_of, holds, scan
from monitor.sources.interface import Item, Page, Skipped, State
from monitor.sources.options import Options, Seconds

_MOST: Final = 200
"""Rows of a page: a moment's work, and what is read again after a kill."""

_Record = Outgoing | Refused | LeftOut


class FolderOptions(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an entry of kind `folder` takes. Those from `form` on are those of `brand-monitor import`."""

    path: str
    """Relative to sources.toml."""
    every: Seconds = Seconds(10)
    settle: Seconds = Seconds(5)
    """How long a file stands still before it is taken."""
    subfolders: bool = True
    refused: str = ""
    """A folder for the reports of what was refused; none: beside each file."""
    form: str = AUTO
    map: dict[Target, list[str] | str] = msgspec.field(default_factory=dict)
    date_order: DateOrder | None = None
    zone: str | None = None
    encoding: str | None = None


class _Place(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How far a file was read, as it stood then."""

    size: int
    modified: int
    rows: int = 0
    """Acknowledged."""
    reported: int = 0
    """Bytes of the report that belong to them."""
    done: bool = False
    sha256: str = ""
    """Of all of it, once done: whether a larger one is this one grown."""
    whole_lines: bool = True
    """Its last line was ended."""
    fault: str = ""
    """Digest of the wishes with which it could not be read at all."""


class Folder:
    """Files of a folder, pass by pass."""

    only_brands = False

    def __init__(
        self,
        name: str,
        options: FolderOptions,
        context: Context,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if options.form not in forms():
            raise SetupError(f"source {name}: form is {options.form!r}; there are {', '.join(forms())}")
        self.name = name
        self.source = options.source
        self.interval: float | None = options.every
        self._root = _below(name, context.folder, options.path)
        self._reports = _below(name, context.folder, options.refused) if options.refused else None
        self._settle = options.settle
        self._subfolders = options.subfolders
        self._sleep = sleep
        wishes = Wishes(
            form=options.form,
            columns={
                target: [names] if isinstance(names, str) else names for target, names in options.map.items()
            },
            date_order=options.date_order,
            zone=options.zone,
            encoding=options.encoding,
        )
        self._readers = Readers(
            defaults=Defaults(source=options.source),
            max_chars=context.settings.text_max_chars,
            wishes=wishes,
        )
        self._wished = hashlib.sha256(repr(wishes).encode()).hexdigest()[:16]

    async def pages(self, states: Mapping[str, State]) -> AsyncIterator[Page]:
        """What is new or changed. Raises `SetupError` where the folder cannot be read."""
        found = await self._scan()
        for part in states.keys() - found.keys():
            yield Page(part=part, state={})
        places = {part: _place(state) for part, state in states.items()}
        new = {part: file for part, file in found.items() if not self._is_done(file, places.get(part))}
        if not new:
            return
        await self._sleep(self._settle)
        still = await self._scan()
        for part, file in sorted(new.items(), key=lambda item: (item[1].modified, item[0])):
            if still.get(part) == file:
                async for page in self._read(part, file, places.get(part)):
                    yield page

    async def _scan(self) -> dict[str, Found]:
        return await asyncio.to_thread(scan, self._root, subfolders=self._subfolders)

    def _is_done(self, file: Found, place: _Place | None) -> bool:
        if place is None or not place.done or (place.size, place.modified) != (file.size, file.modified):
            return False
        return place.fault in ("", self._wished)

    async def _read(self, part: str, file: Found, before: _Place | None) -> AsyncIterator[Page]:
        """A file from where it was left to its end, page by page."""
        if (reason := await asyncio.to_thread(_closed, file.path)) is not None:
            yield Page(part=part, items=(Skipped(where=part, reason=reason),))
            return
        if holds(file.path) is None:
            state = _state(_Place(size=file.size, modified=file.modified, done=True))
            yield Page(part=part, items=(Skipped(where=part, reason=f"not read: {READ}"),), state=state)
            return
        place = await _beginning(file, before)
        report = Report.beside(file, part, self._reports, place.reported)
        try:
            records = await asyncio.to_thread(self._readers.records, file.path)
            try:
                await asyncio.to_thread(lambda: deque(islice(records, place.rows), maxlen=0))
                ended = False
                while not ended:
                    some = await _next(records, _MOST)
                    ended = len(some) < _MOST
                    place.rows += len(some)
                    await asyncio.to_thread(report.add, [one for one in some if isinstance(one, Refused)])
                    place.reported = report.size
                    if ended:
                        await _finish(file, place)
                    yield Page(part=part, items=tuple(_items(part, some)), state=_state(place))
            finally:
                close = getattr(records, "close", None)
                if close is not None:
                    with suppress(ValueError):  # cancelled while a thread still reads: it ends with that
                        close()
        except SetupError as error:
            problem = Refused("the file", DataError(ErrorCode.FILE_UNREADABLE, str(error)))
            await asyncio.to_thread(report.add, [problem])
            place = _Place(size=file.size, modified=file.modified, done=True, fault=self._wished)
            yield Page(part=part, items=(Skipped(where=part, reason=str(error)),), state=_state(place))


def _below(name: str, folder: Path, written: str) -> Path:
    try:
        path = folder / Path(written).expanduser()
    except RuntimeError as error:  # ~somebody who has no home
        raise SetupError(f"source {name}: {written!r} is no path: {error}") from None
    if "\0" in written:
        raise SetupError(f"source {name}: {written!r} is no path: it holds a NUL")
    return path


def _closed(path: Path) -> str | None:
    """Why the file cannot be opened now; it is tried again at the next pass."""
    try:
        path.open("rb").close()
    except OSError as error:
        return f"cannot be opened: {error.strerror}"
    return None


async def _beginning(file: Found, before: _Place | None) -> _Place:
    """Where to go on: where a kill left it, at the end of what it has grown from, else at its beginning."""
    new = _Place(size=file.size, modified=file.modified)
    if before is None or before.fault:
        return new
    if (before.size, before.modified) == (file.size, file.modified):
        return before
    if holds(file.path) != "rows" or not before.sha256 or file.size <= before.size:
        return new
    with suppress(OSError):
        if (await asyncio.to_thread(digest_of, file.path, before.size))[0] == before.sha256:
            new.rows = before.rows if before.whole_lines else max(before.rows - 1, 0)
            new.reported = before.reported
    return new


async def _finish(file: Found, place: _Place) -> None:
    place.done = True
    if holds(file.path) == "rows":
        with suppress(OSError):
            place.sha256, place.whole_lines = await asyncio.to_thread(digest_of, file.path, file.size)


async def _next(records: Iterator[_Record], count: int) -> list[_Record]:
    return await asyncio.to_thread(lambda: list(islice(records, count)))


def _items(part: str, records: list[_Record]) -> Iterator[Item]:
    for one in records:
        if isinstance(one, Outgoing):
            yield one
        elif isinstance(one, Refused):
            yield Skipped(where=f"{part}, {one.where}", reason=str(one.error))


def _place(state: State) -> _Place | None:
    """None of one that an older version wrote."""
    try:
        return msgspec.convert(state, _Place)
    except msgspec.ValidationError:
        return None


def _state(place: _Place) -> State:
    state: State = msgspec.to_builtins(place)
    return state
