"""Files of texts to publish: each line is refused with a reason or is a record that the service takes."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime

from monitor.errors import SetupError
from monitor.files.interface import LeftOut
from monitor.files.reading import read_texts
from monitor.messages import JSON, MSGPACK, decode_text
from monitor.publishing import Defaults, Outgoing, read_raw_texts
from tests.fuzz.material import ROOT

LONGEST = 1500
WORDS = (
    b"text",
    b"published_at",
    b"reach",
    b"source",
    b"\xef\xbb\xbf",
    b'""',
    b"\r\n",
    b"9" * 25,
    b"[[[[",
    b"\\ud800",
)
_MOST = 500


def seeds() -> Iterator[bytes]:
    """One byte of form (1: CSV) and content type (2: MessagePack), then the file."""
    lines = (ROOT / "samples" / "texts.jsonl").read_bytes().splitlines(keepends=True)
    yield b"\0" + b"".join(lines[:3])
    yield b"\2" + b"".join(lines[3:5])
    yield b"\0" + b"".join((ROOT / "samples" / "broken" / "messages.jsonl").read_bytes().splitlines(True)[:5])
    yield b'\1text,id,reach\nhello,1,5\n"two\nlines",2,\n'
    yield b"\3\xef\xbb\xbftext;published_at;source\r\ngood;2026-03-01T09:30:00Z;x\r\n;;\r\n"
    yield b'\1text\tauthor\n\xff\tx\na\tb\tc\n"open\n'


def check(data: bytes) -> None:
    """One file."""
    choice, content = data[0] if data else 0, data[1:]
    name = "texts.csv" if choice & 1 else "texts.jsonl"
    content_type = MSGPACK if choice & 2 else JSON
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    defaults = Defaults(source="s", published_at=moment, content_type=content_type)
    try:
        for read in read_texts(io.BytesIO(content), defaults, max_chars=_MOST, name=name):
            assert not isinstance(read, LeftOut)
            if isinstance(read, Outgoing):
                decode_text(read.value, content_type, max_chars=_MOST)
            else:
                str(read.error).encode("utf-8", "replace")
    except SetupError:
        pass
    for read in read_raw_texts(io.BytesIO(content), content_type):
        assert read.value
