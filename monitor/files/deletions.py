"""Reads deletions to publish: rows that name posts, to be deleted as texts, as pictures, or as both."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from msgspec.structs import replace

from monitor.errors import DataError, ErrorCode
from monitor.files.interface import Unreadable
from monitor.files.names import plain
from monitor.files.opening import open_file
from monitor.messages import JSON, Kind, decode_deletion, encode
from monitor.publishing.records import Outgoing, Refused, content_type_header, given, rfc3339, to_json

KINDS: Final[tuple[Kind, ...]] = ("text", "image")


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What is filled in where a row does not say it."""

    source: str | None
    deleted_at: datetime
    kinds: tuple[Kind, ...] = KINDS
    ids: Callable[[str, str], Sequence[str]] = lambda _source, id: (id,)
    """By which a post of this source and id may be stored."""


def read_deletions(file: Path | BinaryIO, defaults: Post) -> Iterator[Outgoing | Refused]:
    """The records of a table or JSON with `id`, and `source` and `deleted_at` where the defaults do not do.

    Raises `SetupError` for what is no such file.
    """
    opened = open_file(file)
    try:
        for row in opened.rows:
            if isinstance(row, Unreadable):
                yield Refused(row.where, row.error, row.raw)
            else:
                yield from deletions(row.where, row.cells, defaults)
    finally:
        opened.close()


def deletions(where: str, fields: Any, defaults: Post) -> Iterator[Outgoing | Refused]:
    """The records that delete one post, checked as the service checks them."""
    spelt = {plain(name).replace(" ", "_"): value for name, value in fields.items()} | dict(fields)
    named = given({name: spelt.get(name) for name in ("id", "source", "deleted_at")})
    if isinstance(id := named.get("id"), int):
        named["id"] = str(id)  # as XLSX has it
    if "id" not in named:
        found = ", ".join(f"`{name}`" for name in fields) or "nothing"
        yield Refused(where, DataError(ErrorCode.FIELD_MISSING, f"no `id` (found: {found})"), str(fields))
        return
    if "source" not in named and defaults.source is None:
        problem = "no `source`, without which an id names no post; put it in the row, or pass --source"
        yield Refused(where, DataError(ErrorCode.FIELD_MISSING, problem), str(fields))
        return
    filled = {"source": defaults.source, "deleted_at": rfc3339(defaults.deleted_at)} | named
    try:
        value = to_json(given(filled))
        deletion = decode_deletion(value)
    except DataError as error:
        yield Refused(where, error, str(fields))
        return
    except (TypeError, ValueError, OverflowError) as error:
        yield Refused(where, DataError(ErrorCode.FIELD_INVALID, str(error)), str(fields))
        return
    assert deletion is not None, "deleted_at is there"
    for id in defaults.ids(deletion.source, deletion.id):
        value = encode(replace(deletion, id=id))
        for kind in defaults.kinds:
            yield Outgoing(where, kind, id.encode(), value, content_type_header(JSON))
