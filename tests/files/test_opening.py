"""Files are told by what stands in them: form, encoding, delimiter, heading; whatever they hold, they end."""

import gzip
import io
import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ErrorCode, SetupError
from monitor.files.interface import Opened, Row, Unreadable
from monitor.files.opening import open_file, peek
from tests.files.books import Dated, book, sheet_of

TABLE = "id;text;author\n1;Zürich, schön;Ann\n2;zwei;Bob\n"
CELLS = [{"id": "1", "text": "Zürich, schön", "author": "Ann"}, {"id": "2", "text": "zwei", "author": "Bob"}]


def cells_of(opened: Opened) -> list[dict[str, Any]]:
    found = list(opened.rows)
    assert all(isinstance(row, Row) for row in found), found
    return [dict(row.cells) for row in found if isinstance(row, Row)]


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_tables_of_every_encoding_and_delimiter(tmp_path: Path, encoding: str, delimiter: str) -> None:
    table = TABLE.replace("Zürich, schön", '"Zürich, schön"').replace(";", delimiter)
    opened = open_file(written(tmp_path, "posts.txt", table.encode(encoding)))
    assert (opened.form, opened.columns) == ("csv", ("id", "text", "author"))
    assert bool(opened.notes) is (encoding == "cp1252")
    assert cells_of(opened) == CELLS


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize(
    "content",
    [
        json.dumps(CELLS, ensure_ascii=False),
        json.dumps({"meta": {"n": [1]}, "posts": CELLS}, ensure_ascii=False, indent=1),
        "\n".join(json.dumps(one, ensure_ascii=False) for one in CELLS),
        "\n".join(json.dumps(one, ensure_ascii=False, indent=2) for one in CELLS),
        "window.YTD.tweets.part0 = " + json.dumps(CELLS),
    ],
)
def test_json_of_every_form(tmp_path: Path, encoding: str, content: str) -> None:
    for name in ("posts.json", "posts"):
        assert cells_of(open_file(written(tmp_path, name, content.encode(encoding)))) == CELLS


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_packed_files_are_read_like_others(tmp_path: Path, pack: Any) -> None:
    """Also of several pieces, as `cat a.gz b.gz` makes them."""
    for name in ("posts.csv.gz", "posts.csv.zst", "posts"):
        assert cells_of(open_file(written(tmp_path, name, pack(TABLE.encode())))) == CELLS
    half = len(TABLE) // 2
    pieces = pack(TABLE[:half].encode()) + pack(TABLE[half:].encode())
    assert cells_of(open_file(written(tmp_path, "posts.csv.gz", pieces))) == CELLS


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_packed_file_that_is_cut_off_says_so_after_what_could_be_read(tmp_path: Path, pack: Any) -> None:
    lines = "".join(json.dumps({"text": os.urandom(30).hex()}) + "\n" for _ in range(20_000)).encode()
    *rows, last = open_file(written(tmp_path, "posts.jsonl.gz", pack(lines)[:-100_000])).rows
    assert len(rows) > 1_000
    assert isinstance(last, Unreadable)
    assert last.error.code is ErrorCode.FILE_UNREADABLE


def test_a_gigabyte_of_one_line_is_one_refused_row_in_little_memory(tmp_path: Path) -> None:
    packed = zstandard.ZstdCompressor().compressobj()
    block = b" " * 2**20
    with (tmp_path / "bomb.jsonl.zst").open("wb") as file:
        file.write(packed.compress(b'{"text": "a"}\n{"text": "'))
        for _ in range(200):
            file.write(packed.compress(block))
        file.write(packed.compress(b'"}\n{"text": "b"}\n') + packed.flush())
    first, refused, last = open_file(tmp_path / "bomb.jsonl.zst").rows
    assert isinstance(refused, Unreadable)
    assert refused.error.code is ErrorCode.TEXT_TOO_LONG
    assert len(refused.raw) < 10_000
    assert [row.cells for row in (first, last) if isinstance(row, Row)] == [{"text": "a"}, {"text": "b"}]


def test_a_letter_of_another_encoding_may_come_late(tmp_path: Path) -> None:
    path = written(tmp_path, "posts.csv", b"id,text\n" + b"1,plain\n" * 100_000 + b"2,caf\xe9\n")
    *_, last = open_file(path).rows
    assert isinstance(last, Row)
    assert last.cells["text"] == "café"


def test_a_broken_byte_in_utf_8_costs_its_row(tmp_path: Path) -> None:
    path = written(
        tmp_path, "posts.csv", "id,text\n1,schön\n2,café\n3,fein\n".encode() + b"4,caf\xe9\n5,gut\n"
    )
    rows = list(open_file(path).rows)
    assert [row.where for row in rows if isinstance(row, Unreadable)] == ["line 5"]
    assert len(rows) == 5


def test_other_encodings_are_read_where_they_are_named(tmp_path: Path) -> None:
    path = written(tmp_path, "posts.csv", "id,text\n1,привет\n".encode("cp1251"))
    assert cells_of(open_file(path, encoding="cp1251"))[0]["text"] == "привет"
    with pytest.raises(SetupError, match="'klingon' is no encoding"):
        open_file(path, encoding="klingon")


@pytest.mark.parametrize(
    ("before", "preamble"),
    [
        ("sep=;\n", ()),
        ("Report:;All\nBrand:;VMware\n\n", (("Report:", "All"), ("Brand:", "VMware"))),
        ('"Meltwater export"\n', (("Meltwater export",),)),
    ],
)
def test_rows_before_the_heading_are_told_apart(tmp_path: Path, before: str, preamble: Any) -> None:
    opened = open_file(written(tmp_path, "posts.csv", before + TABLE))
    assert (opened.columns, opened.preamble) == (("id", "text", "author"), preamble)
    assert cells_of(opened) == CELLS


def test_columns_have_a_name_each(tmp_path: Path) -> None:
    opened = open_file(written(tmp_path, "posts.csv", "Date, text ,Date,,\n1,a,2,b\n"))
    assert opened.columns == ("Date", "text", "Date (2)")
    opened = open_file(written(tmp_path, "posts.csv", "Date,,text\n1,a,b\n"))
    assert opened.columns == ("Date", "column 2", "text")


def test_a_table_of_one_column_needs_no_delimiter(tmp_path: Path) -> None:
    path = written(tmp_path, "posts.csv", 'text\nhello, world\n"two\nlines; here"\n')
    assert cells_of(open_file(path)) == [{"text": "hello, world"}, {"text": "two\nlines; here"}]


def test_a_spreadsheet_is_typed(tmp_path: Path) -> None:
    rows = [
        ["Report", None, None, None],
        ["id", "text", "Date", "reach"],
        ["1", "two\nlines & more", Dated(45989.5), 1234.0],
        [None, None, None, None],
        [17.0, "b", 45990.25, None],
    ]
    path = written(tmp_path, "posts.xlsx", book(Cover=sheet_of([["nothing"]]), Posts=sheet_of(rows)))
    opened = open_file(path)
    assert (opened.form, opened.columns, opened.preamble[0][0]) == (
        "xlsx",
        ("id", "text", "Date", "reach"),
        "Report",
    )
    assert "'Posts'" in opened.notes[0]
    first, second = opened.rows
    assert first == Row(
        "row 3",
        {"id": "1", "text": "two\nlines & more", "Date": datetime(2025, 11, 28, 12), "reach": 1234},
    )
    assert second == Row("row 5", {"id": 17, "text": "b", "Date": 45990.25})


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "a.xlsx",
            book(S='<row r="1"><c r="A1"><v>1</v></c><c r="XFD1048576"><v>1</v></c></row>'),
            "far from all",
        ),
        ("a.xlsx", book(S=""), "sheets are empty"),
        ("a.xlsx", book(S="")[:-40], "cannot be read"),
        ("a.zip", b"PK\x03\x04nothing", "cannot be read"),
        ("a.csv", b"", "is empty"),
        ("a.csv", bytes(range(256)) * 20, "is no text"),
        ("a.jpg", b"\xff\xd8\xff\xe0\x10\x4a\x46\x49\x01\x01" * 9, "is a picture"),
        ("a.parquet", b"PAR1nothing", "cannot be read"),
    ],
)
def test_what_is_no_such_file_is_refused_with_what_to_do(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    with pytest.raises(SetupError, match=said):
        list(open_file(written(tmp_path, name, content)).rows)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"cannot read .*gone\.csv"):
        open_file(tmp_path / "gone.csv")


def test_a_fault_in_an_array_costs_what_follows_and_says_so(tmp_path: Path) -> None:
    first, fault = open_file(written(tmp_path, "a.json", '[{"text": "a"}, {"text": }, {"text": "c"}]')).rows
    assert isinstance(first, Row)
    assert isinstance(fault, Unreadable)
    assert fault.where == "item 2"
    assert "what follows the fault was not read" in fault.error.detail


def test_a_stream_is_answered_line_by_line() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream, os.fdopen(writing, "wb", buffering=0) as to:
        to.write(b'{"text": "one"}\n')
        opened = open_file(stream)
        rows = opened.rows
        for number in ("one", "two", "three"):
            row = next(rows)
            assert isinstance(row, Row)
            assert row.cells == {"text": number}
            to.write(b'{"text": "%s"}\n' % {"one": b"two", "two": b"three", "three": b"four"}[number])


def test_the_first_rows_may_be_looked_at() -> None:
    first, opened = peek(open_file(io.BytesIO(TABLE.encode()), "posts.csv"), 1)
    assert len(first) == 1
    assert cells_of(opened) == CELLS


def test_how_much_was_read_is_known(tmp_path: Path) -> None:
    opened = open_file(written(tmp_path, "posts.csv", "id,text\n" + "1,a\n" * 200_000))
    next(opened.rows)
    assert 0 < opened.share() < 1
    opened.close()


@given(
    content=st.binary(max_size=300),
    name=st.sampled_from(["", "a.csv", "a.tsv", "a.json", "a.jsonl", "a.xlsx", "a.gz", "a"]),
)
def test_whatever_it_is_it_is_read_or_refused(content: bytes, name: str) -> None:
    try:
        for row in open_file(io.BytesIO(content), name).rows:
            assert isinstance(row, Row | Unreadable)
    except SetupError:
        pass


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n", "a PDF"),
        (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n\0\0\0", "a PDF"),
        (b"<html><table><tr><th>Text</th></tr></table></html>", "as .xlsx"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><Workbook></Workbook>', "as .xlsx"),
        (b"{\\rtf1 a}", "word processor"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "publish images"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "publish images"),
    ],
)
@pytest.mark.parametrize("name", ["export.csv", "export.xls", "export.txt"])
def test_what_is_only_called_a_table_is_named(data: bytes, said: str, name: str) -> None:
    with pytest.raises(SetupError, match=re.escape(said)):
        open_file(io.BytesIO(data), name)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_lines_are_texts_whatever_they_look_like(tmp_path: Path, encoding: str) -> None:
    lines = ["text;date", "", '{"text": "not an object"}', '  He said "schön', "[1"]
    path = written(tmp_path, "a.txt", "\r\n".join(lines).encode(encoding))
    opened = open_file(path, lines=True)
    assert opened.columns == ("text",)
    rows = [row for row in opened.rows if isinstance(row, Row)]
    assert [(row.where, row.cells["text"]) for row in rows] == [
        ("line 1", "text;date"),
        ("line 3", lines[2]),
        ("line 4", 'He said "schön'),
        ("line 5", "[1"),
    ]


def test_a_line_that_its_encoding_does_not_have_costs_itself(tmp_path: Path) -> None:
    path = written(tmp_path, "a.txt", b"good\n\xff\xfe bad\nfine\n")
    found = list(open_file(path, encoding="utf-8", lines=True).rows)
    assert [type(row) for row in found] == [Row, Unreadable, Row]
