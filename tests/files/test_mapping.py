"""Columns are understood by name and contents; doubts are asked, and nothing is dropped in silence."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import ErrorCode, SetupError
from monitor.files.interface import Columns, LeftOut, Row
from monitor.files.mapping import propose
from monitor.files.mentions import text_mentions
from monitor.files.opening import open_file, peek
from monitor.files.reading import Wishes, read_texts, understand
from monitor.messages import TextMention, decode_text
from monitor.publishing import Defaults, Outgoing, Refused
from tests.files.books import Dated, book, sheet_of

MARCH = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def proposed(table: str, name: str = "a.csv") -> dict[str, tuple[str, ...]]:
    first, opened = peek(open_file(io.BytesIO(table.encode()), name), 50)
    return dict(propose(opened, first).columns.fields)


def mentions(path: Path, wishes: Wishes | None = None) -> tuple[list[TextMention], list[Refused], list[str]]:
    told: list[str] = []
    sent: list[TextMention] = []
    refused: list[Refused] = []
    for record in read_texts(
        path, Defaults(source="upload"), max_chars=1_000, wishes=wishes, told=told.append
    ):
        assert not isinstance(record, LeftOut)
        if isinstance(record, Outgoing):
            sent.append(decode_text(record.value, max_chars=1_000))
        else:
            refused.append(record)
    return sent, refused, told


def test_columns_that_look_like_ours_are_used_and_told(tmp_path: Path) -> None:
    """As people had them dated by the file, of source `upload` and of nobody."""
    path = tmp_path / "posts.csv"
    path.write_text(
        "text,Date,Author,Url,Source,Reach\n"
        'I love VMware,2026-03-01T09:30:00Z,Ann,https://x/1,forum,"1,234"\n'
    )
    (mention,), refused, told = mentions(path)
    assert not refused
    assert (mention.published_at, mention.author, mention.url) == (MARCH, "Ann", "https://x/1")
    assert (mention.source, mention.reach) == ("forum", 1234)
    for column, field in (
        ("Date", "published_at"),
        ("Author", "author"),
        ("Url", "url"),
        ("Source", "source"),
    ):
        assert any(f"`{column}` is taken for {field}" in note for note in told)


@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_fields_of_json_that_look_like_ours_are_used_and_told(tmp_path: Path, form: str) -> None:
    row = {"text": "a", "created_at": "2026-03-01T09:30:00Z", "user": {"name": "Ann"}, "likes": 3}
    path = tmp_path / f"posts.{form}"
    path.write_text(json.dumps(row) if form == "jsonl" else json.dumps([row]))
    (mention,), _, told = mentions(path)
    assert (mention.published_at, mention.author) == (MARCH, "Ann")
    assert len(told) == 2


def test_our_own_names_win() -> None:
    fields = proposed("Date,published_at,Message,text,Title,User,author\n1,2,3,4,5,6,7\n")
    assert fields == {"text": ("text",), "published_at": ("published_at",), "author": ("author",)}


@pytest.mark.parametrize(
    ("heading", "fields"),
    [
        ("Title,Body", {"text": ("Title", "Body")}),
        ("Headline", {"text": ("Headline",)}),
        (
            "Tweet ID,Tweet Text,createdAt",
            {"id": ("Tweet ID",), "text": ("Tweet Text",), "published_at": ("createdAt",)},
        ),
        (
            "Beitrag;Datum;Autor;Reichweite".replace(";", ","),
            {
                "text": ("Beitrag",),
                "published_at": ("Datum",),
                "author": ("Autor",),
                "reach": ("Reichweite",),
            },
        ),
        ("Date (UTC),Post", {"published_at": ("Date (UTC)",), "text": ("Post",)}),
    ],
)
def test_names_of_many_programs(heading: str, fields: dict[str, Any]) -> None:
    assert proposed(f"{heading}\n{','.join('1' for _ in heading.split(','))}\n") == fields


def test_columns_without_a_name_that_tells_are_told_by_contents() -> None:
    rows = "".join(
        f"{n},It was a long and pleasant day number {n},https://x/{n},2026-03-0{n + 1}\n" for n in range(8)
    )
    assert proposed("a,b,c,d\n" + rows) == {"published_at": ("d",), "url": ("c",), "text": ("b",)}


def test_a_text_that_only_contents_tell_is_not_sent_unasked(tmp_path: Path) -> None:
    """Any page of prose is a table of one column."""
    path = tmp_path / "notes.md"
    path.write_text("# Notes\n" + "It was a long and pleasant day.\n" * 5)
    with pytest.raises(SetupError, match="only its contents say that `# Notes` is the text"):
        mentions(path)
    assert understand(path).columns.fields["text"] == ("# Notes",)
    assert len(mentions(path, Wishes(columns={"text": ["# Notes"]}))[0]) == 5


def test_a_list_of_pictures_is_no_file_of_texts(tmp_path: Path) -> None:
    path = tmp_path / "pictures.jsonl"
    path.write_text('{"file": "a.jpg", "caption": "us", "published_at": "2026-03-01T09:30:00Z"}\n')
    with pytest.raises(SetupError, match="`brand-monitor publish images` takes it"):
        mentions(path)


def test_two_columns_that_could_be_one_field_have_to_be_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("text,Date,date\na,2026-03-01T09:30:00Z,2026-03-02T09:30:00Z\n")
    with pytest.raises(
        SetupError, match=r"`Date` and `date` could both be published_at.*--map published_at="
    ):
        mentions(path)
    (mention,), _, _ = mentions(path, Wishes(columns={"published_at": ["Date"]}))
    assert mention.published_at == MARCH


def test_a_table_without_a_text_says_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("nr,x\n1,2\n")
    with pytest.raises(
        SetupError, match=r"no column for the text \(found: `nr`, `x`\); name it: --map text=COLUMN"
    ):
        mentions(path)
    with pytest.raises(SetupError, match=r"--map text=words: there is no such column; there are `nr`, `x`"):
        mentions(path, Wishes(columns={"text": ["words"]}))


def test_the_order_of_dates_is_decided_by_the_last_of_them(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("text,Date\n" + "a,03/04/2026\n" * 1_000 + "b,28/11/2026\n")
    found = understand(path, Wishes(zone="UTC"))
    assert (found.columns.date_order, dict(found.problems)) == ("dmy", {})
    path.write_text("text,Date\n" + "a,03/04/2026\n" * 1_000)
    with pytest.raises(
        SetupError, match=r"3 April 2026 or 4 March 2026, and no other date tells.*--date-order dmy\|mdy"
    ):
        mentions(path, Wishes(zone="UTC"))
    sent, _, _ = mentions(path, Wishes(zone="UTC", date_order="mdy"))
    assert sent[0].published_at == datetime(2026, 3, 4, tzinfo=UTC)


def test_a_table_whose_dates_name_no_zone_asks_for_it_once(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("text,Date\na,2026-03-01 10:30\nb,2026-03-02 10:30\n")
    with pytest.raises(SetupError, match=r"name no zone \('2026-03-01 10:30'\); say which: --zone"):
        mentions(path)
    sent, _, _ = mentions(path, Wishes(zone="Europe/Berlin"))
    assert sent[0].published_at == MARCH


def test_a_column_that_names_its_zone_needs_no_option(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("text,Date (UTC)\na,2026-03-01 09:30\n")
    assert mentions(path)[0][0].published_at == MARCH


def test_dates_and_times_in_two_columns_are_one_moment(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("text,Date,Time\na,2026-03-01,09:30\n")
    assert mentions(path, Wishes(zone="UTC"))[0][0].published_at == MARCH


def test_a_spreadsheet_of_posts(tmp_path: Path) -> None:
    path = tmp_path / "posts.xlsx"
    rows = [["ID", "Text", "Date", "Followers"], [1.0, "a", Dated(46082.395833333336), 1234.0]]
    path.write_bytes(book(Posts=sheet_of(rows)))
    (mention,), _, _ = mentions(path, Wishes(zone="UTC"))
    assert (mention.id, mention.published_at, mention.reach) == ("1", MARCH, 1234)


def test_ids_that_a_spreadsheet_rounded_are_left_out(tmp_path: Path) -> None:
    """Many posts would be one."""
    path = tmp_path / "posts.csv"
    path.write_text("id,text\n1.8493E+18,one\n1.8493E+18,two\n")
    sent, _, told = mentions(path)
    assert len({mention.id for mention in sent}) == 2
    assert any("rounded" in note for note in told)


def test_rows_are_refused_one_by_one_with_value_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(
        "id,text,published_at,reach\n1,a,2026-03-01T09:30:00Z,5\n2,b,2026-03-01 09:30,5\n"
        "3,c,2026-03-01T09:30:00Z,lots\n4,,2026-03-01T09:30:00Z,5\n5,e,2026-03-01T09:30:00Z,6\n"
    )
    sent, refused, _ = mentions(path)
    assert [mention.id for mention in sent] == ["1", "5"]
    assert [(one.where, one.error.code) for one in refused] == [
        ("line 3", ErrorCode.DATE_WITHOUT_ZONE),
        ("line 4", ErrorCode.FIELD_INVALID),
        ("line 5", ErrorCode.FIELD_MISSING),
    ]
    assert "'lots'" in refused[1].error.detail
    assert json.loads(refused[1].raw)["text"] == "c"


def test_dates_in_the_future_are_refused_one_by_one(tmp_path: Path) -> None:
    """A day is left to zones and clocks."""
    path = tmp_path / "posts.csv"
    path.write_text(
        "id,text,Date\n1,a,28.11.2030 10:00\n2,b,29.11.2030 09:59\n3,c,29.11.2030 10:01\n4,d,12.03.2103\n"
    )
    defaults = Defaults(source="upload", now=lambda: datetime(2030, 11, 28, 10, tzinfo=UTC))
    records = list(read_texts(path, defaults, max_chars=100, wishes=Wishes(zone="UTC")))
    assert [isinstance(one, Refused) for one in records] == [False, False, True, True]
    last = records[-1]
    assert isinstance(last, Refused)
    assert (last.where, last.error.code) == ("line 5", ErrorCode.FIELD_INVALID)
    assert "`Date` is '12.03.2103', 12 March 2103, which is in the future" in last.error.detail
    assert "--date-order" in last.error.detail


def test_a_clock_that_was_never_set_takes_nothing_for_the_future(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("text,Date\na,2026-03-01T09:30:00Z\n")
    defaults = Defaults(source="upload", now=lambda: datetime(1970, 1, 1, tzinfo=UTC))
    (sent,) = read_texts(path, defaults, max_chars=100)
    assert isinstance(sent, Outgoing)


def test_a_field_can_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("text,Source,Date\na,web,2026-03-01T09:30:00Z\n")
    (mention,), _, _ = mentions(path, Wishes(columns={"source": []}))
    assert mention.source == "upload"


def test_the_same_row_gets_the_same_id_in_every_form(tmp_path: Path) -> None:
    row = {"text": "a", "source": "web", "published_at": "2026-03-01T09:30:00Z"}
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    (tmp_path / "a.csv").write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
    (tmp_path / "a.xlsx").write_bytes(book(S=sheet_of([list(row), list(row.values())])))
    ids = {mentions(tmp_path / f"a.{form}")[0][0].id for form in ("jsonl", "csv", "xlsx")}
    assert len(ids) == 1


def test_a_row_with_a_sample_is_known_before_it_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("text\n" + "a\n" * 500)
    found = understand(path)
    assert len(found.sample) == 200
    assert sum(isinstance(row, Row) for row in found.rows) == 500


def test_an_empty_column_of_a_known_name_dates_nothing() -> None:
    """A spreadsheet's unused `Time` beside a column that holds the moments."""
    table = "Time,When it was,Text\n,2026-03-01T09:30:00Z,a\n,2026-03-02T09:30:00Z,b\n"
    assert proposed(table)["published_at"] == ("When it was",)
    assert proposed("Time,Text\n,a\n")["published_at"] == ("Time",)


def test_rows_without_a_date_are_told_where_others_have_one(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("text,date\na,2026-03-01T09:30:00Z\nb,\nc,\n")
    sent, refused, told = mentions(path)
    assert (len(sent), refused) == (3, [])
    assert any("2 rows name no date" in note and "when the file was modified" in note for note in told)


def test_a_note_that_a_wish_answers_is_not_told(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("Tweet ID,text,date\n1.8493E+18,a,2026-03-01T09:30:00Z\n")
    for wishes, told in ((Wishes(), True), (Wishes(columns={"id": ()}), False)):
        found = understand(path, wishes)
        assert any("a spreadsheet rounded" in note for note in found.notes) is told
        found.opened.close()


@pytest.mark.parametrize("heading", ["file,caption", "File;Caption", "FILE,Caption"])
def test_a_list_of_pictures_is_told_however_its_columns_are_written(tmp_path: Path, heading: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"{heading}\n" + heading.replace("file", "a.jpg").replace("aption", "at") + "\n")
    found = understand(path)
    found.opened.close()
    assert "pictures" in found.problems


@pytest.mark.parametrize(
    ("heading", "fields"),
    [
        (
            "Message URI,Network Message ID,Message,From Name",
            {"id": ("Network Message ID",), "text": ("Message",), "author": ("From Name",)},
        ),
        (
            "Review Title,Review Content,Consumer Name",
            {"text": ("Review Title", "Review Content"), "author": ("Consumer Name",)},
        ),
        ("Beitrags-ID,Beitrag", {"id": ("Beitrags-ID",), "text": ("Beitrag",)}),
        ("Message,Source Url,Original Url", {"text": ("Message",), "url": ("Original Url",)}),
        ("Message,Posted", {"text": ("Message",), "published_at": ("Posted",)}),
    ],
)
def test_names_of_exports_that_have_none_of_their_own_reader(
    heading: str, fields: dict[str, tuple[str, ...]]
) -> None:
    assert proposed(f"{heading}\n{','.join('x' * (heading.count(',') + 1))}\n") == fields


@pytest.mark.parametrize(("heading", "hour", "told"), [("Created (UTC)", 10, True), ("Created", 9, False)])
def test_a_zone_that_the_file_names_is_not_overruled_in_silence(
    tmp_path: Path, heading: str, hour: int, told: bool
) -> None:
    """`--zone` is of dates that name none, and often of several files at once."""
    path = tmp_path / "posts.csv"
    path.write_text(f"text,{heading}\na,2026-03-01 10:00\n")
    (mention,), _, notes = mentions(path, Wishes(zone="Europe/Berlin"))
    assert mention.published_at.hour == hour
    assert any("--zone Europe/Berlin is not used" in note for note in notes) is told


@pytest.mark.parametrize(("column", "hour"), [("Local", 9), ("Created (UTC)", 10)])
def test_the_column_that_a_person_names_says_the_zone(tmp_path: Path, column: str, hour: int) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("text,Created (UTC),Local\na,2026-03-01 10:00,2026-03-01 10:00\n")
    (mention,), *_ = mentions(path, Wishes(zone="Europe/Berlin", columns={"published_at": [column]}))
    assert mention.published_at.hour == hour


def test_what_is_wrong_with_a_cell_names_its_column_alone() -> None:
    row = Row(
        "row 2",
        {"Resource Id": 1.12e18, "Reach": "some", "text": "a", "published_at": "2026-03-01T09:30:00Z"},
    )
    for target, names in (("id", ("Post", "Resource Id", "Address")), ("reach", ("Reach (new)", "Reach"))):
        columns = Columns(fields={target: names})
        (refused,) = text_mentions([row], columns, Defaults(source="upload"), max_chars=10)
        assert isinstance(refused, Refused)
        assert refused.error.detail.startswith(f"`{names[1]}` is ")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "a.csv",
            "I love Nike\nI hate Adidas\n",
            "are no names, write a row of names above, or say --from lines",
        ),
        ("a.json", "[]", "no rows with named fields"),
        ("a.json", '["I love Nike"]', "no rows with named fields"),
        ("a.csv", "date,nr\n2026-03-01T09:30:00Z,1\n", "name it: --map text=COLUMN"),
    ],
)
def test_what_is_missing_is_said_as_it_is(tmp_path: Path, name: str, content: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    found = understand(path)
    found.opened.close()
    assert said in found.problems["text"]


@pytest.mark.parametrize("network", ["TWITTER", "X", "Twitter"])
def test_a_post_is_one_mention_whatever_program_exported_it(tmp_path: Path, network: str) -> None:
    file = tmp_path / "posts.csv"
    link = "https://twitter.com/ann/status/17680"
    file.write_text(
        f"Network,Message,Date,Link\n{network},I love VMware,2026-03-01T09:30:00Z,{link}\n"
        f"{network},Without an address,2026-03-01T09:30:00Z,\n"
    )
    (first, second), _, _ = mentions(file)
    assert (first.source, first.id) == ("x", "17680")
    assert second.source == "x"


def test_what_a_file_says_in_our_own_words_stands(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text(
        "source,text,published_at,url\nTwitter,good,2026-03-01T09:30:00Z,https://x.com/ann/status/17680\n"
    )
    (only,), _, _ = mentions(file)
    assert only.source == "Twitter"
    assert only.id != "17680"


def test_a_file_can_be_put_under_another_name_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("Network,Message,Date,Link\nX,good,2026-03-01T09:30:00Z,https://x.com/ann/status/17680\n")
    (only,), _, _ = mentions(file, Wishes(columns={"source": ()}))
    assert only.source == "upload"
    assert only.id != "17680"
