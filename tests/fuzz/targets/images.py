"""Lists of pictures to publish: each line is refused with a reason or is a record that the service takes."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from monitor.files.pictures import read_images
from monitor.messages import JSON, MSGPACK, decode_image
from monitor.publishing.records import Defaults, Outgoing
from tests.fuzz.material import ROOT, small_pictures

LONGEST = 600
WORDS = (
    b'"file":"p.png"',
    b'"published_at":',
    b'"reach":',
    b'"image":',
    b"\\u0000",
    b"\\ud800",
    b"9" * 25,
    b"[[[[",
)
_FOLDER = tempfile.TemporaryDirectory(prefix="brand-monitor-fuzz-")
_LIST = Path(_FOLDER.name) / "list.jsonl"
(Path(_FOLDER.name) / "p.png").write_bytes(next(small_pictures()))


def seeds() -> Iterator[bytes]:
    """One byte of content type, then the list."""
    for line in (ROOT / "samples" / "pictures.jsonl").read_bytes().splitlines()[:4]:
        yield b"\0" + line
    yield b'\1{"file":"p.png","id":"1","reach":5}\n{"file":"p.png","published_at":"2026-03-01T09:30:00Z"}'
    yield b'\0{"file":"p.png","image":"x","unknown":[[{}]]}\n\n{"file":""}\n{"file":"no.png"}\n[]\n"'


def check(data: bytes) -> None:
    """One list."""
    _LIST.write_bytes(data[1:])
    content_type = MSGPACK if data[:1] == b"\1" else JSON
    for read in read_images([_LIST], Defaults(source="s", content_type=content_type)):
        if isinstance(read, Outgoing):
            decode_image(read.value, content_type)
        else:
            str(read.error).encode("utf-8", "replace")
