"""`brand-train corrections export`: what people corrected comes back as training examples and as pictures."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from sqlalchemy import Connection, Engine, text
from typer.testing import CliRunner

from monitor.brands import load_brands
from monitor.corrections import correct_logo, correct_sentiment, undo
from monitor.local import EmbeddedDatabase
from monitor.messages import Box
from monitor.settings import load_settings
from monitor.storage.engine import sync_engine
from tests.seeding.conftest import WANTED, Maker, maker
from training.cli import app
from training.data.corrections import read_corrections
from training.data.exported import export_logos, export_sentiments

__all__ = ["maker"]


@pytest.fixture(scope="module")
def engine(database_server: EmbeddedDatabase, migrated: str, maker: Maker) -> Iterator[Engine]:
    name = f"exported_{uuid.uuid4().hex[:12]}"
    made = sync_engine(load_settings(database_url=database_server.copy(migrated, name)))
    maker.fill(made, type(WANTED)(mentions=500, days=5, until=WANTED.until))
    yield made
    made.dispose()
    database_server.drop(name)


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """Corrections of one test are rolled back after it."""
    with engine.connect() as opened:
        yield opened
        opened.rollback()


def texts(connection: Connection, n: int) -> list:
    query = """
        SELECT m.id, m.text, m.external_id, m.source, min(b.name) AS brand
        FROM mention AS m JOIN brand_mention AS n ON n.mention_id = m.id JOIN brand AS b ON b.id = n.brand_id
        WHERE m.kind = 'text' GROUP BY m.id HAVING count(*) = 1 ORDER BY m.id LIMIT :n
    """
    return list(connection.execute(text(query), {"n": n}))


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "ndjson"])
def test_corrected_labels_come_back_as_training_reads_them(connection, tmp_path, suffix):
    whole, toward, taken_back = texts(connection, 3)
    correct_sentiment(connection, whole.id, None, "neutral", "ann")
    correct_sentiment(connection, toward.id, toward.brand, "negative", "ben", "sarcasm")
    undo(connection, correct_sentiment(connection, taken_back.id, None, "negative", "ann"), "ann")
    path = tmp_path / f"corrections.{suffix}"
    assert export_sentiments(connection, path) == 2
    found = read_corrections(path)
    assert [(example.text, example.label) for example in found.examples] == [
        (whole.text, 1),
        (toward.text, 0),
    ]


def test_a_text_that_changed_since_is_not_what_was_judged(connection, tmp_path):
    (one,) = texts(connection, 1)
    correct_sentiment(connection, one.id, None, "neutral", "ann")
    connection.execute(text("UPDATE mention SET text = 'Something else' WHERE id = :id"), {"id": one.id})
    assert export_sentiments(connection, tmp_path / "c.csv") == 0


def test_corrected_pictures_come_with_all_their_boxes(connection, maker, tmp_path):
    find = connection.execute(
        text("""
            SELECT d.id, d.picture_sha256, m.id AS mention, p.width, p.height
            FROM logo_detection AS d JOIN mention AS m ON m.picture_sha256 = d.picture_sha256
            JOIN picture AS p ON p.sha256 = d.picture_sha256 ORDER BY d.id, m.id LIMIT 1
        """)
    ).one()
    correct_logo(connection, find.id, find.mention, None, None, "ann")
    correct_logo(connection, None, find.mention, "Nike", Box(0.25, 0.5, 0.25, 0.25), "ann")
    written, left_out = export_logos(connection, tmp_path, maker.store, load_brands())
    assert (written, left_out) == (1, 0)
    coco = json.loads((tmp_path / "annotations.json").read_text())
    (picture,) = coco["images"]
    pixels = cv2.imread(str(tmp_path / "images" / Path(picture["file_name"]).name))
    assert pixels.shape[:2] == (find.height, find.width) == (picture["height"], picture["width"])
    names = {each["id"]: each["name"] for each in coco["categories"]}
    boxes = {names[each["category_id"]]: each["bbox"] for each in coco["annotations"]}
    assert boxes["nike"] == pytest.approx(
        [find.width / 4, find.height / 2, find.width / 4, find.height / 4], abs=1
    )
    others = "SELECT count(*) FROM logo_detection WHERE picture_sha256 = :sha AND id <> :id"
    left = connection.execute(text(others), {"sha": find.picture_sha256, "id": find.id}).scalar_one()
    assert len(coco["annotations"]) == left + 1


def test_the_command_says_what_it_wrote(engine, maker, tmp_path, monkeypatch):
    url = engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    monkeypatch.setenv("MONITOR_DATABASE_URL", url)
    monkeypatch.chdir(tmp_path)
    with engine.begin() as connection:
        (one,) = texts(connection, 1)
        made = correct_sentiment(connection, one.id, None, "neutral", "ann")
    try:
        done = CliRunner().invoke(
            app, ["corrections", "export", "--out", "c.jsonl", "--logos", str(tmp_path / "logos")]
        )
    finally:
        with engine.begin() as connection:
            undo(connection, made, "ann")
    assert done.exit_code == 0, done.output
    assert "1 corrected labels" in done.output
    assert "0 corrected pictures" in done.output
    assert CliRunner().invoke(app, ["corrections", "export"]).exit_code == 2
