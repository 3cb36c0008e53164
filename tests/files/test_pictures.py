"""Lists of pictures in every form, and that what is none is refused before it is sent."""

import base64
import codecs
import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.errors import ErrorCode
from monitor.files.pictures import read_images
from monitor.messages import MSGPACK, ImageMention, decode_image
from monitor.publishing import Defaults, Outgoing, Refused
from tests.files.books import book, sheet_of

PICTURES = Path(__file__).parents[2] / "samples" / "pictures"
ONE = (PICTURES / "coffee.jpg").read_bytes()
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40)
DEFAULTS = Defaults(source="upload", content_type=MSGPACK)
HEADING = ["File", "ID", "Caption", "Author", "Date"]
ROW = ["a.jpg", "7", "us, at the booth", "Ann", "2026-03-01T09:30:00Z"]


def mentions(path: Path, told: list[str] | None = None) -> list[ImageMention | tuple[str, ErrorCode]]:
    found: list[ImageMention | tuple[str, ErrorCode]] = []
    for record in read_images([path], DEFAULTS, told=(told if told is not None else []).append):
        if isinstance(record, Outgoing):
            found.append(decode_image(record.value, MSGPACK))
        else:
            assert isinstance(record, Refused)
            found.append((record.where.removeprefix(f"{path} "), record.error.code))
    return found


@pytest.mark.parametrize("form", ["csv", "tsv", "xlsx", "json", "jsonl"])
def test_a_list_may_have_every_form(tmp_path: Path, form: str) -> None:
    (tmp_path / "a.jpg").write_bytes(ONE)
    path = tmp_path / f"list.{form}"
    if form == "xlsx":
        path.write_bytes(book(S=sheet_of([HEADING, ROW])))
    elif form in ("csv", "tsv"):
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file, delimiter="," if form == "csv" else "\t").writerows([HEADING, ROW])
    else:
        fields = dict(zip((name.lower() for name in HEADING), ROW, strict=True))
        content = json.dumps(fields if form == "jsonl" else [fields])
        path.write_bytes(codecs.BOM_UTF8 + content.encode())
    told: list[str] = []
    (mention,) = mentions(path, told)
    assert isinstance(mention, ImageMention)
    assert (mention.id, mention.source, mention.caption, mention.author) == (
        *("7", "upload", "us, at the booth", "Ann"),
    )
    assert mention.published_at == datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    assert mention.image == ONE
    assert any("`Date` is taken for published_at" in note or "`date`" in note for note in told)


def test_a_list_may_hold_the_pictures_themselves(tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    held = {"image": base64.b64encode(ONE).decode(), "published_at": "2026-03-01T09:30:00Z"}
    path.write_text("\n".join(json.dumps(one) for one in (held, {**held, "image": "no*base64"})))
    mention, refused = mentions(path)
    assert isinstance(mention, ImageMention)
    assert mention.image == ONE
    assert refused == ("line 2", ErrorCode.BASE64_INVALID)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.HEIC", HEIC, ErrorCode.IMAGE_FORMAT_UNSUPPORTED),
        ("posts.txt", b"id,text\n1,a\n", ErrorCode.IMAGE_FORMAT_UNSUPPORTED),
        ("page.html", b"<html></html>", ErrorCode.IMAGE_FORMAT_UNSUPPORTED),
        ("a.jpg", b"", ErrorCode.IMAGE_EMPTY),
    ],
)
def test_what_is_no_picture_is_refused_before_it_is_sent(
    tmp_path: Path, name: str, content: bytes, code: ErrorCode
) -> None:
    (tmp_path / name).write_bytes(content)
    assert mentions(tmp_path / name) == [(str(tmp_path / name), code)]
    (tmp_path / "list.csv").write_text(f"file\n{name}\n")
    assert mentions(tmp_path / "list.csv") == [("line 2", code)]


def test_a_table_of_texts_is_no_list(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("id,text\n1,a\n")
    assert mentions(path) == [("line 2", ErrorCode.FIELD_MISSING)]
