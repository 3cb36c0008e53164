"""Reads pictures to publish: files, and lists that carry what a picture file cannot say.

A picture's id is derived from source and bytes, so publishing a folder twice doubles nothing, and pictures
of one name in two folders stay two; its address says where the file lay. Pictures are not decoded here, but a
file that is none, or no whole one, is refused before it is anybody's dead letter.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from monitor.errors import DataError, ErrorCode
from monitor.messages import ImageMention, decode_image, encode
from monitor.pictures import Exif, read_header
from monitor.publishing.records import (
    Defaults,
    Outgoing,
    Refused,
    content_type_header,
    derived_id,
    given,
)


def read_images(paths: Iterable[Path], defaults: Defaults) -> Iterator[Outgoing | Refused]:
    """One record or refusal per picture, in order and lazily.

    A path ending in .jsonl is a list: each line has `file` (relative to the list) and any field of
    `ImageMention` but `image`.
    """
    for path in paths:
        if path.suffix.lower() == ".jsonl":
            yield from _listed(path, defaults)
        else:
            yield _record(str(path), path, {"url": path.absolute().as_uri()}, defaults)


def _listed(path: Path, defaults: Defaults) -> Iterator[Outgoing | Refused]:
    decoder = msgspec.json.Decoder(dict[str, Any])
    try:
        lines = path.read_bytes().splitlines()  # a list of names; the pictures are read one by one
    except OSError as error:
        yield Refused(str(path), _unreadable(error))
        return
    for number, line in enumerate(lines, 1):
        where = f"{path} line {number}"
        if not line.strip():
            continue
        try:
            fields = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield Refused(where, DataError(ErrorCode.JSON_INVALID, f"not a JSON object: {error}"))
            continue
        file = fields.pop("file", None)
        if not isinstance(file, str) or not file:
            yield Refused(where, DataError(ErrorCode.FIELD_MISSING, "no `file`; name the picture's path"))
            continue
        yield _record(where, path.parent / file, fields, defaults)


def _record(where: str, path: Path, fields: dict[str, Any], defaults: Defaults) -> Outgoing | Refused:
    try:
        mention = _mention(path, fields, defaults)
    except DataError as error:
        return Refused(where, error)
    return Outgoing(
        where,
        "image",
        mention.id.encode(),
        encode(mention, defaults.content_type),
        content_type_header(defaults.content_type),
    )


def _mention(path: Path, fields: dict[str, Any], defaults: Defaults) -> ImageMention:
    try:
        data = path.read_bytes()
        moment = defaults.moment(path, Exif(read_header(data).exif).taken)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise _unreadable(error) from error
    fields = {"source": defaults.source, "published_at": moment, **given(fields)}
    source = fields["source"]
    fields.setdefault("id", derived_id(source if isinstance(source, str) else None, data))
    # MessagePack for this check: the bytes stay raw, no base64 there and back.
    try:
        packed = msgspec.msgpack.encode({**fields, "image": data})
    except (OverflowError, RecursionError) as error:  # a number beyond 64 bits, fields in fields
        raise DataError(ErrorCode.FIELD_INVALID, f"a field cannot be sent: {error}") from error
    return decode_image(packed, "application/msgpack")


def _unreadable(error: OSError | ValueError) -> DataError:
    return DataError(ErrorCode.FILE_UNREADABLE, str(error))
