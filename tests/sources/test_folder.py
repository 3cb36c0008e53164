"""A folder: what lies there still is read once, row by row, however often the process ends in between."""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest
from structlog.testing import capture_logs

from monitor.errors import SetupError
from monitor.publishing.records import Outgoing
from monitor.sources.folder import Folder, FolderOptions
from monitor.sources.interface import Item, Page, Skipped, State
from monitor.sources.options import Seconds
from tests.sources.streams import context, last_states

MOMENT = "2026-11-30T09:00:00Z"


class Folders:
    """A folder, what a source of it gave and saved, and what happens while files are watched for standing
    still."""

    def __init__(self, root: Path) -> None:
        self.root = root / "inbox"
        self.root.mkdir()
        self.states: dict[str, State] = {}
        self.meanwhile: Callable[[], None] = lambda: None

    def write(self, name: str, content: str | bytes, *, age: int = 0) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.touch(path, age)
        return path

    def touch(self, path: Path, age: int = 0) -> None:
        """Every write has a time of its own, so that no clock's step hides one."""
        self._ticks = getattr(self, "_ticks", 1_760_000_000) + 10
        os.utime(path, (self._ticks - age, self._ticks - age))

    async def look(self, most_pages: int = 1_000, **options: Any) -> list[Item]:
        """One pass; of so many pages only, if it ends then."""

        async def sleep(_: float) -> None:
            self.meanwhile()

        pages: list[Page] = []
        async with context(folder=self.root.parent) as at:
            wanted = FolderOptions(source="folder", path="inbox", settle=Seconds(5), **options)
            coming = Folder("inbox", wanted, at, sleep).pages(self.states)
            async for page in coming:
                pages.append(page)
                if len(pages) == most_pages:
                    break
            await coming.aclose()  # type: ignore[attr-defined]
        self.states = last_states(pages, self.states)
        return [item for page in pages for item in page.items]

    def report(self, name: str) -> list[dict[str, str]]:
        path = self.root / f"{name}.refused.csv"
        return list(csv.DictReader(path.open(encoding="utf-8"))) if path.exists() else []


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def lines(*numbers: int) -> str:
    return "".join(
        json.dumps({"id": f"p{number}", "text": f"Nike {number}", "published_at": MOMENT}) + "\n"
        for number in numbers
    )


def ids(items: list[Item]) -> list[str]:
    return [one.key.decode() for one in items if isinstance(one, Outgoing) and one.key is not None]


def said(item: Item) -> dict[str, Any]:
    assert isinstance(item, Outgoing)
    found: dict[str, Any] = msgspec.json.decode(item.value)
    return found


async def test_texts_and_pictures_are_read_once(folders: Folders) -> None:
    folders.write("a.jsonl", lines(1, 2))
    folders.write("b.csv", f"id;text;published_at;author\nq1;Nike, neu;{MOMENT};Änne\n".encode())
    folders.write("sub/c.txt", "My new Nikes\nare great.\n")
    _, picture = cv2.imencode(".png", np.zeros((40, 40, 3), np.uint8))
    folders.write("sub/d.png", picture.tobytes())
    items = await folders.look()
    assert ids(items)[:3] == ["p1", "p2", "q1"]
    assert [one.topic for one in items if isinstance(one, Outgoing)] == ["text"] * 4 + ["image"]
    assert said(items[2])["author"] == "Änne"
    text = said(items[3])
    assert (text["text"], text["source"]) == ("My new Nikes\nare great.", "folder")
    assert text["url"].endswith("/inbox/sub/c.txt")
    assert text["published_at"] == "2025-10-09T08:53:50Z"
    assert all(state["done"] for state in folders.states.values())
    assert set(folders.states) == {"a.jsonl", "b.csv", "sub/c.txt", "sub/d.png"}
    assert await folders.look() == []


async def test_files_that_are_being_written_are_left_until_they_stand_still(folders: Folders) -> None:
    for name in (".hidden.jsonl", "a.jsonl.part", "~lock.csv", "x.tmp", "b.jsonl~", "c.jsonl.crdownload"):
        folders.write(name, lines(1))
    folders.write("empty.csv", "")
    growing = folders.write("growing.jsonl", lines(2))
    folders.write("still.jsonl", lines(3))

    def grow() -> None:
        with growing.open("a") as file:
            file.write(lines(4))
        folders.touch(growing)

    folders.meanwhile = grow
    assert ids(await folders.look()) == ["p3"]
    folders.meanwhile = lambda: None
    assert ids(await folders.look()) == ["p2", "p4"]
    (folders.root / "a.jsonl.part").rename(folders.root / "a.jsonl")
    assert ids(await folders.look()) == ["p1"]


async def test_a_file_that_grew_is_read_on(folders: Folders) -> None:
    path = folders.write("log.jsonl", lines(*range(1, 301)))
    assert len(ids(await folders.look())) == 300
    # The last line is still being written when the file is taken.
    path.write_text(lines(*range(1, 302)) + '{"id": "p302", "te')
    folders.touch(path)
    items = await folders.look()
    assert ids(items) == ["p301"]
    assert [type(one) for one in items] == [Outgoing, Skipped]
    path.write_text(lines(*range(1, 304)))
    folders.touch(path)
    assert ids(await folders.look()) == ["p302", "p303"]


async def test_a_file_that_is_replaced_is_read_again(folders: Folders) -> None:
    folders.write("a.jsonl", lines(1, 2))
    await folders.look()
    folders.write("a.jsonl", lines(7, 2, 3))
    assert ids(await folders.look()) == ["p7", "p2", "p3"]
    # The same size, written again.
    folders.write("a.jsonl", lines(8, 2, 3))
    assert ids(await folders.look()) == ["p8", "p2", "p3"]


async def test_that_a_file_goes_deletes_nothing_but_its_place(folders: Folders) -> None:
    path = folders.write("a.jsonl", lines(1))
    await folders.look()
    path.unlink()
    assert await folders.look() == []
    assert folders.states == {}


async def test_ended_anywhere_it_goes_on_with_the_next_row(folders: Folders) -> None:
    """Pages of 200 rows; each tenth row is refused."""
    rows = lines(*range(1, 901)).splitlines(keepends=True)
    rows[9::10] = ["{}\n"] * 90
    folders.write("a.jsonl", "".join(rows))
    items: list[Item] = []
    while not folders.states or not folders.states["a.jsonl"].get("done"):
        before = dict(folders.states)
        # Killed after the page was sent and before its place was saved: it comes again.
        lost = await folders.look(most_pages=1)
        folders.states = before
        again = await folders.look(most_pages=1)
        assert again == lost
        items += again
    assert ids(items) == [f"p{number}" for number in range(1, 901) if number % 10]
    assert [row["where"] for row in folders.report("a.jsonl")] == [f"line {n}" for n in range(10, 901, 10)]


async def test_what_was_refused_stands_beside_the_file_as_it_stood(folders: Folders) -> None:
    wrong = f'id,text,published_at\na,Nike,{MOMENT}\nb,"",{MOMENT}\nc,Nike,never\n'
    folders.write("a.csv", wrong)
    items = await folders.look()
    assert ids(items) == ["a"]
    assert all(isinstance(one, Skipped) for one in items[1:])
    report = folders.report("a.csv")
    assert [(row["where"], row["code"]) for row in report] == [
        ("line 3", "field-missing"),
        ("line 4", "field-invalid"),
    ]
    assert "never" in report[1]["reason"]
    assert "never" in report[1]["row"]
    # The report is no file of the folder's, and goes with the fault.
    assert await folders.look() == []
    folders.write("a.csv", f"id,text,published_at\na,Nike,{MOMENT}\n")
    assert ids(await folders.look()) == ["a"]
    assert folders.report("a.csv") == []


async def test_reports_in_a_folder_of_their_own(folders: Folders, tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    folders.write("sub/a.jsonl", "{}\n")
    await folders.look(refused="reports")
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["sub__a.jsonl.refused.csv"]


async def test_a_table_that_must_be_explained_waits_for_the_entry_to_say(folders: Folders) -> None:
    folders.write("a.csv", f"who;what;when\nAlice;8;{MOMENT}\n")
    (skipped,) = await folders.look()
    assert isinstance(skipped, Skipped)
    assert "`map`" in skipped.reason
    assert folders.report("a.csv")[0]["where"] == "the file"
    assert await folders.look() == []
    folders.write("b.csv", f"who;what;when\nBob;9;{MOMENT}\n")
    explained = await folders.look(map={"text": "what", "author": ["who"], "published_at": "when"})
    assert [(said(one)["text"], said(one)["author"]) for one in explained] == [("8", "Alice"), ("9", "Bob")]
    assert folders.report("a.csv") == []


async def test_what_is_no_file_of_ours_is_told_once(folders: Folders) -> None:
    folders.write("report.docx", b"PK")
    folders.write("noise.csv", bytes(range(256)) * 10)
    folders.write("photo.heic", b"\0\0\0\x18ftypheic" + bytes(100))
    folders.write("broken.jpg", b"\xff\xd8\xff")
    items = await folders.look()
    assert len(items) == 4
    assert all(isinstance(one, Skipped) for one in items)
    assert await folders.look() == []


async def test_links_lead_nowhere(folders: Folders, tmp_path: Path) -> None:
    secret = tmp_path / "secret.jsonl"
    secret.write_text(lines(1))
    (folders.root / "a.jsonl").symlink_to(secret)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "b.jsonl").write_text(lines(2))
    (folders.root / "sub").symlink_to(tmp_path / "outside")
    assert await folders.look() == []


async def test_subfolders_only_where_they_are_wanted(folders: Folders) -> None:
    folders.write("a.jsonl", lines(1))
    folders.write("sub/b.jsonl", lines(2))
    folders.write(".git/c.jsonl", lines(3))
    assert ids(await folders.look(subfolders=False)) == ["p1"]
    assert ids(await folders.look()) == ["p2"]


async def test_names_of_every_kind(folders: Folders) -> None:
    folders.write("Ä b\n'c'.jsonl", lines(1))
    folders.write(os.fsdecode(b"\xff\xfe.jsonl"), lines(2))
    deep = "/".join(["d" * 200] * 6)
    folders.write(f"{deep}/e.jsonl", lines(3))
    assert sorted(ids(await folders.look())) == ["p1", "p2", "p3"]
    for part in folders.states:
        assert len(part.encode()) < 700
    assert await folders.look() == []


async def test_a_folder_that_is_not_there(folders: Folders) -> None:
    folders.write("a.jsonl", lines(1))
    await folders.look()
    states = dict(folders.states)
    folders.root.rename(folders.root.with_name("elsewhere"))
    with pytest.raises(SetupError, match="cannot be read"):
        await folders.look()
    assert folders.states == states


async def test_a_form_that_there_is_not(folders: Folders) -> None:
    with pytest.raises(SetupError, match="source inbox: form"):
        await folders.look(form="excel")


async def test_a_file_that_goes_while_it_is_read(folders: Folders) -> None:
    path = folders.write("a.jsonl", lines(1))
    folders.write("b.jsonl", lines(2))
    folders.meanwhile = path.unlink
    assert ids(await folders.look()) == ["p2"]


@pytest.mark.parametrize(
    "options", [{"path": "~nobody.has.that/x"}, {"path": "a\0b"}, {"refused": "~no.body/x"}]
)
async def test_a_path_that_is_none_is_told(options: Any) -> None:
    async with context() as at:
        with pytest.raises(SetupError, match="source f"):
            Folder("f", FolderOptions(**{"source": "f", "path": "x", **options}), at)


async def test_the_log_says_how_many_rows_the_file_had_to_date(folders: Folders) -> None:
    folders.write("a.csv", f"text,published_at\nNike,{MOMENT}\nPuma,\nAdidas,\n")
    folders.write("b.csv", f"text,published_at\nNike,{MOMENT}\n")
    with capture_logs() as logged:
        assert len(await folders.look()) == 4
    (told,) = [one for one in logged if one["event"] == "dated by the file"]
    assert told["file"] == "a.csv"
    assert told["why"].startswith("2 rows name no date: 2025-10-09T")
