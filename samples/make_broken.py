"""Writes samples/broken/: records that must end as dead letters, and the broken pictures some of them carry.

python samples/make_broken.py            # standard library only; the same bytes every time
"""

import base64
import json
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent

TEXT: Final = {
    "source": "microblog",
    "text": "VMware just works.",
    "published_at": "2026-03-10T08:00:00Z",
    "author": "@careless_publisher",
}
PICTURE: Final = {"source": "photos", "published_at": "2026-03-10T08:00:00Z", "author": "@careless_publisher"}

GIF: Final = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==")
SVG: Final = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><circle cx="32" cy="32" r="30"/></svg>\n'
)


def declared_png(width: int, height: int) -> bytes:
    """A PNG that declares this size and holds next to no data."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits a channel, RGB, no interlace
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(b"\0" * 16)),
            chunk(b"IEND", b""),
        )
    )


def pictures() -> dict[str, tuple[bytes, str]]:
    """Broken picture files: name -> bytes and the code they must end with."""
    whole = (HERE / "pictures" / "cloudera-pavilion.jpg").read_bytes()
    return {
        "truncated.jpg": (whole[: len(whole) * 2 // 5], "image-truncated"),
        "empty.jpg": (b"", "image-empty"),
        "not-a-picture.jpg": (b"This is a text file whose name ends in .jpg.\n", "image-format-unsupported"),
        "animation.gif": (GIF, "image-format-unsupported"),
        "drawing.svg": (SVG, "image-format-unsupported"),
        "huge-declared.png": (declared_png(60_000, 60_000), "image-too-many-pixels"),
    }


def texts() -> Iterator[tuple[str, str, str]]:
    """Broken text records: name, value, expected code."""

    def record(number: int, **fields: Any) -> str:
        mention = {"id": f"broken-text-{number}", **TEXT, **fields}
        return json.dumps({name: value for name, value in mention.items() if value is not ...})

    yield "not JSON", '{"id": "broken-text-1", "text": "cut off here', "json-invalid"
    yield "no id", record(2, id=...), "field-missing"
    yield "reach is a word", record(3, reach="many"), "field-invalid"
    yield "date without zone", record(4, published_at="2026-03-10T08:00:00"), "date-without-zone"
    yield "text of blanks", record(5, text=" \n\t "), "text-empty"
    yield "no value at all", "", "message-empty"


def messages() -> Iterator[dict[str, Any]]:
    """Lines of messages.jsonl; samples/README.md names the fields."""
    for number, (name, value, code) in enumerate(texts(), 1):
        yield {
            "name": name,
            "topic": "text",
            "key": f"broken-text-{number}",
            "content_type": "application/json",
            "value": value,
            "expect": code,
        }
    yield {
        "name": "unknown content type",
        "topic": "text",
        "key": "broken-text-7",
        "content_type": "text/csv",
        "value": "broken-text-7,microblog,VMware just works.,2026-03-10T08:00:00Z",
        "expect": "content-type-unknown",
    }
    yield {
        "name": "not MessagePack",
        "topic": "text",
        "key": None,
        "content_type": "application/msgpack",
        "value_base64": base64.b64encode(b"\xc1\xc1\xc1").decode(),
        "expect": "msgpack-invalid",
    }
    carried = [(file, base64.b64encode(data).decode(), code) for file, (data, code) in pictures().items()]
    carried.append(("picture that is not base64", "%%% not base64 %%%", "base64-invalid"))
    for number, (name, data, code) in enumerate(carried, 1):
        mention = {"id": f"broken-picture-{number}", **PICTURE, "image": data}
        yield {
            "name": name,
            "topic": "image",
            "key": mention["id"],
            "content_type": None,
            "value": json.dumps(mention),
            "expect": code,
        }


def main(folder: Path) -> None:
    """Write the files and messages.jsonl into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (data, _) in pictures().items():
        (folder / name).write_bytes(data)
    lines = (json.dumps(message, ensure_ascii=False) + "\n" for message in messages())
    (folder / "messages.jsonl").write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "broken")
