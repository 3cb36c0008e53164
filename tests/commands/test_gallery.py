"""`brand-monitor brands add|try|remove|rebuild|list` on a real database, with the shipped models and the
workers' reader."""

import json
import re
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import psycopg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from monitor.brands import load_brands, ready_queries
from monitor.cli import app
from monitor.errors import SetupError
from monitor.local import EmbeddedDatabase
from tests.conftest import UnknownBrand

FILE = """\
# Who we watch.
[[brand]]
name = "Nike"
logos = ["nike"]  # the model knows it
"""
SAMPLES = Path(__file__).parents[2] / "samples"
SIGN = SAMPLES / "pictures" / "cloudera-sign.jpg"
WORDMARK = SAMPLES / "material" / "cloudera.svg"  # the network knows it, but not as a brand of the file above
BOOTH = SAMPLES / "pictures" / "cloudera-booth.jpg"
BOOTH_BOX = "404,100,137,80"
NOWHERE = "postgresql://127.0.0.1:9/none"


class Desk:
    """The commands as a person types them, with a database and a brands.toml of the test's own."""

    def __init__(self, database: str, folder: Path) -> None:
        self.database = database
        self.file = folder / "brands.toml"
        self.file.write_text(FILE)
        self._environment = {
            "MONITOR_DATABASE_URL": database,
            "MONITOR_BRANDS_FILE": str(self.file),
            "MONITOR_OCR": "true",
        }

    def type(self, *words: object, **environment: str) -> Result:
        result = CliRunner().invoke(
            app, ["brands", *map(str, words)], env={**self._environment, **environment}
        )
        if isinstance(result.exception, SetupError):
            raise result.exception
        return result

    def tried(self, picture: Path, **environment: str) -> list[str]:
        """What `brands try` says of a picture."""
        first, *lines = self.type("try", picture, **environment).stdout.splitlines()
        assert first == str(picture)
        return [line.strip() for line in lines]

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.database) as connection:
            return connection.execute(query).fetchall()

    def refused(self, says: str, words: Sequence[object]) -> None:
        """Nothing is stored and brands.toml stays where a command is refused."""
        before = self.rows("SELECT count(*) FROM gallery_version")
        with pytest.raises(SetupError, match=says):
            self.type(*words)
        assert self.rows("SELECT count(*) FROM gallery_version") == before
        assert self.file.read_text() == FILE


@pytest.fixture
def desk(database_server: EmbeddedDatabase, migrated: str, tmp_path: Path) -> Iterator[Desk]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield Desk(database_server.copy(migrated, name), tmp_path)
    database_server.drop(name)


def test_a_brand_in_a_minute(desk: Desk, acme: UnknownBrand, tmp_path: Path) -> None:
    """Added by its logo, looked for in pictures, listed, given a second picture, and taken out again."""
    added = desk.type("add", "Acme", "--logo", acme.logo, "--alias", "acme corp", "--own")
    assert added.exit_code == 0, added.output
    assert "since version 1, by 1 reference (acme.svg)" in added.output
    assert "no letters in this logo: found by its look alone" in added.output
    assert "threshold 0." in added.output
    assert "at most 0.100%" in added.output
    assert "margin +" in added.output
    assert "warning" not in added.output
    brand = load_brands(desk.file).named("Acme")
    assert (brand.aliases, brand.own) == (("acme corp",), True)
    assert desk.file.read_text().startswith(FILE)
    assert desk.rows("SELECT name, own FROM brand") == [("Acme", True)]

    out = tmp_path / "seen"
    tried = desk.type("try", acme.shown, acme.not_shown, tmp_path / "none.jpg", "--out", out).stdout
    shown, not_shown, missing = re.split(r"^(?=/)", tried, flags=re.MULTILINE)[1:]
    threshold = desk.rows("SELECT threshold FROM gallery_entry")[0][0]
    assert f"threshold {threshold:.3f} (gallery)" in shown
    assert re.search(r"^  Acme [01]\.\d\d, by its look: ", shown, re.MULTILINE)
    assert not re.search(r"^  Acme", not_shown, re.MULTILINE)
    assert "No such file" in missing
    drawn = cv2.imread(str(out / "sticker.annotated.jpg"))
    assert drawn.shape == cv2.imread(str(acme.shown)).shape
    assert sorted(path.name for path in out.iterdir()) == ["coffee.annotated.jpg", "sticker.annotated.jpg"]

    listed = json.loads(desk.type("list", "--json").stdout)
    assert [(one["name"], (one["gallery"] or {}).get("references")) for one in listed] == [
        ("Nike", None),
        ("Acme", ["acme.svg"]),
    ]
    assert "1 reference, from 0." in desk.type("list").output

    left, top, right, bottom = acme.box
    box = f"{left},{top},{right - left},{bottom - top}"
    again = desk.type("add", "Acme", "--logo", acme.shown, "--box", box)
    assert "since version 2, by 2 references (acme.svg, sticker.png)" in again.output
    assert desk.rows("SELECT added_in, removed_in FROM gallery_entry ORDER BY 1") == [(1, 2), (2, None)]
    anew = desk.type("rebuild")
    assert "Acme: threshold 0." in anew.output
    assert desk.rows("SELECT count(*) FROM gallery_reference WHERE entry_id = 3") == [(2,)]

    removed = desk.type("remove", "Acme", "--spellings")
    assert "out of the gallery since version 4" in removed.output
    assert [one.name for one in load_brands(desk.file)] == ["Nike"]
    assert desk.rows("SELECT name FROM brand") == [("Acme",)], "its history stays"
    with pytest.raises(SetupError, match="not in the gallery"):
        desk.type("remove", "Acme")
    assert not any(line.startswith("Acme") for line in desk.tried(acme.shown))


def test_a_name_is_enough(desk: Desk) -> None:
    """No picture, no model, no database: from then on its letters are found."""
    assert not any("Cloudera" in line for line in desk.tried(SIGN))
    added = desk.type("add", "Cloudera", "--alias", "cdp platform", MONITOR_DATABASE_URL=NOWHERE)
    assert f'Cloudera is in {desk.file}, spelt "Cloudera", "cdp platform"; workers that read' in added.output
    assert "in pictures by its letters" in added.output
    assert load_brands(desk.file).named("Cloudera").aliases == ("cdp platform",)
    assert desk.rows("SELECT count(*) FROM gallery_version") == [(0,)]
    (found, *_) = desk.tried(SIGN)
    assert re.fullmatch(r"Cloudera 0\.\d\d, by its letters: reads “cloudera” \(\d\.\d\d\)", found)
    again = desk.type("add", "Cloudera")
    assert f"Cloudera was in {desk.file} already" in again.output


def test_a_name_alone_finds_nothing_where_nobody_reads(desk: Desk) -> None:
    added = desk.type("add", "Cloudera", MONITOR_OCR="false")
    assert "warning: in texts only: pictures are not read (MONITOR_OCR=false)" in added.output
    tried = desk.type("try", SIGN, MONITOR_OCR="false")
    assert "by look alone: letters are not read (MONITOR_OCR=false)" in tried.output
    assert "Cloudera" not in tried.output


def test_an_everyday_word_is_said_to_be_one_and_offered_its_query(desk: Desk) -> None:
    added = desk.type("add", "Gap")
    assert '"Gap" means other things, too: in a picture it counts as a whole line' in added.output
    assert "`brand-monitor brands add 'Gap' --ready-query`" in added.output
    ready = desk.type("add", "Gap", "--ready-query")
    assert "hint" not in ready.output
    gap, _ = ready_queries()["gap"]
    assert load_brands(desk.file).named("Gap") == gap
    with pytest.raises(SetupError, match=r"no query is ready for 'Cloudera', only for .*Gap, "):
        desk.type("add", "Cloudera", "--ready-query")


def test_look_and_letters_of_a_logo_work_together(desk: Desk) -> None:
    added = desk.type("add", "Cloudera", "--logo", BOOTH, "--box", BOOTH_BOX, "--false-alarms", "0.01")
    assert 'this logo reads "cloudera": look and letters work together' in added.output
    (found, *_) = desk.tried(BOOTH)
    assert re.match(r"Cloudera (0\.9|1\.0)\d, by look and letters: score ", found)
    assert "(gallery); reads “cloudera”" in found


def test_a_logo_that_reads_something_else_is_told_and_vetoed(desk: Desk) -> None:
    """The letters are another word's: a look that would do alone does not count until they are a spelling."""
    added = desk.type("add", "Acme", "--logo", BOOTH, "--box", BOOTH_BOX)
    assert 'this logo reads "cloudera", which is no spelling of Acme' in added.output
    assert "--alias 'cloudera'" in added.output
    (told,) = (re.search(r"Acme.* (0\.\d+), threshold", line) for line in desk.tried(BOOTH) if "Acme" in line)
    assert told is not None
    with psycopg.connect(desk.database) as connection:
        connection.execute("UPDATE gallery_entry SET threshold = %s", (float(told[1]) - 0.002,))
    lines = desk.tried(BOOTH)
    assert lines[0] == "no watched brand"
    assert any(re.match(r"not Acme: looks like it \(.*\), but reads “cloudera”", line) for line in lines)
    desk.type("add", "Acme", "--alias", "cloudera")
    assert desk.tried(BOOTH)[0].startswith("Acme ")


def test_a_logo_that_reads_as_another_brand_is_warned_about(desk: Desk) -> None:
    desk.type("add", "Cloudera")
    added = desk.type("add", "Acme", "--logo", WORDMARK, "--dry-run")
    assert 'warning: this logo also reads "cloudera", a name of Cloudera' in added.output


def test_a_brand_that_lost_its_place_to_another_is_named(desk: Desk) -> None:
    desk.type("add", "Swoosh", "--logo", SAMPLES / "material" / "nike.svg")
    lines = desk.tried(SAMPLES / "pictures" / "nike-box.webp")
    (lost,) = (line for line in lines if line.startswith("not "))
    winner, loser = lines[0].split()[0], lost.removeprefix("not ").split(":")[0]
    assert {winner, loser} == {"Nike", "Swoosh"}
    assert f"but {winner} has the better claim to that place" in lost


def test_pictures_are_tried_without_a_database(desk: Desk) -> None:
    tried = desk.type(
        "try", SAMPLES / "pictures" / "nike-box.webp", MONITOR_DATABASE_URL=NOWHERE, MONITOR_OCR="false"
    )
    assert "without the gallery: database:" in tried.output
    assert "  Nike 0." in tried.output


def test_a_dry_run_tells_and_stores_nothing(desk: Desk, acme: UnknownBrand) -> None:
    told = desk.type("add", "Acme", "--logo", acme.logo, "--dry-run", "--false-alarms", "0.01")
    assert "would be found by 1 reference (acme.svg); nothing was stored" in told.output
    assert "at most 1.000%" in told.output
    assert desk.rows("SELECT count(*) FROM gallery_version") == [(0,)]
    assert desk.file.read_text() == FILE


def test_logos_like_those_that_are_there_are_warned_about(desk: Desk, acme: UnknownBrand) -> None:
    desk.type("add", "Acme", "--logo", acme.logo)
    twin = desk.type("add", "Ajax", "--logo", acme.logo)
    assert "warning: Ajax may be mixed up with Acme" in twin.output
    swoosh = desk.type("add", "Swoosh", "--logo", SAMPLES / "material" / "nike.svg", "--dry-run")
    assert (
        "warning: Swoosh may be mixed up with Nike: the logo model takes a reference for it" in swoosh.output
    )
    known = desk.type("add", "Nike", "--logo", SAMPLES / "material" / "nike.svg", "--dry-run")
    assert "mixed up with Nike" not in known.output, "a brand is no rival of itself"


def test_references_of_the_file_are_taken_where_none_is_named(desk: Desk, acme: UnknownBrand) -> None:
    desk.file.write_text(FILE + f'\n[[brand]]\nname = "Acme"\nreferences = ["{acme.logo}"]\n')
    assert "by 1 reference (acme.svg)" in desk.type("add", "Acme").output


def test_a_folder_of_logos_is_taken_by_content(desk: Desk, acme: UnknownBrand, tmp_path: Path) -> None:
    folder = tmp_path / "logos"
    folder.mkdir()
    (folder / ".DS_Store").write_bytes(b"\0\0\0\x01Bud1")
    desk.refused("no picture of Acme's logo in", ["add", "Acme", "--logo", folder])
    (folder / "house").write_bytes(acme.logo.read_bytes())
    added = desk.type("add", "Acme", "--logo", folder, "--dry-run")
    assert "by 1 reference (house)" in added.output
    assert "1 file is no picture and left out (.DS_Store)" in added.output
    (folder / "photo.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    desk.refused("HEIC.*logos may be PNG", ["add", "Acme", "--logo", folder])


def test_what_cannot_be_added_is_refused_before_anything_is_stored(desk: Desk, acme: UnknownBrand) -> None:
    logo = str(acme.logo)
    desk.refused("No such file", ["add", "Acme", "--logo", "none.svg"])
    desk.refused("1 --box for 2 --logo", ["add", "Acme", "--logo", logo, "--logo", logo, "--box", "whole"])
    desk.refused("write x,y,w,h", ["add", "Acme", "--logo", logo, "--box", "0,0,5"])
    desk.refused(
        "spelling 'Nike' of 'Acme' reads like 'Nike' of 'Nike'",
        ["add", "Acme", "--logo", logo, "--alias", "Nike"],
    )


def test_the_packaged_file_is_not_changed(
    desk: Desk, acme: UnknownBrand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MONITOR_BRANDS_FILE", raising=False)
    plain = CliRunner().invoke(
        app, ["brands", "add", "Acme", "--logo", str(acme.logo)], env={"MONITOR_DATABASE_URL": desk.database}
    )
    assert isinstance(plain.exception, SetupError)
    assert "`brand-monitor init`" in str(plain.exception)


def test_brands_are_listed_without_a_database(desk: Desk) -> None:
    listed = desk.type("list", MONITOR_DATABASE_URL=NOWHERE)
    assert listed.exit_code == 0
    assert "Nike" in listed.output
    assert "without the gallery: database:" in listed.output


def test_without_an_embedder_the_remedy_is_told(desk: Desk, acme: UnknownBrand) -> None:
    with pytest.raises(SetupError, match="the brand gallery is off: MONITOR_LOGO_EMBEDDER is empty"):
        desk.type("add", "Acme", "--logo", acme.logo, MONITOR_LOGO_EMBEDDER="")
