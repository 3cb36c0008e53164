"""Erasing a post takes everything of it, nothing of others, and the audit knows."""

import pytest
from sqlalchemy import Engine, text

from monitor.answers import answer
from monitor.messages import mention_uuid
from monitor.storage.audit import audit
from monitor.storage.erasure import erase, find
from monitor.storage.records import Batch
from monitor.storage.rollups import compare

TABLES = (
    "mention",
    "brand_mention",
    "sentiment",
    "picture",
    "picture_scan",
    "logo_detection",
    "answer",
)


def counted(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in TABLES
        }


@pytest.fixture
async def told(writer, made, engine):
    """Post a with a text and two pictures' worth of rows, one picture shared with post b; b's text."""
    named = (made.named("VMware", felt="positive"),)
    results = (
        made.text(0, id="a", brands=named),
        made.image(0, id="a", picture="own", detections=(made.found(), made.read("Dell"))),
        made.text(1, id="b", brands=named),
        made.image(1, id="b", picture="shared", detections=(made.found(),)),
        made.image(2, id="c", picture="shared", detections=(made.found(),)),
    )
    await writer.write(Batch(log_id=made.log_id, results=results, rejections=(made.rejected(2),)))
    with engine.begin() as connection:
        for id in ("a", "b"):
            answer(connection, mention_uuid("text", "forum", id), "answered", "ann", "called", seen=0)


async def test_a_dry_run_says_what_would_go_and_changes_nothing(told, engine, made):
    before = counted(engine)
    with engine.begin() as connection:
        found = find(connection, "forum", ["a", "nobody"])
    assert (found.mentions, found.brand_mentions, found.sentiments, found.corrections) == (2, 1, 2, 0)
    assert found.answers == 1
    assert found.pictures == {made.sha256("own"): "file:///pictures/own"}
    assert found.not_found == ("nobody",)
    assert counted(engine) == before


async def test_a_post_is_erased_with_all_that_hangs_on_it(told, engine, made):
    with engine.begin() as connection:
        erase(connection, "forum", ["a"], "asked by its author")
    assert counted(engine) == dict(zip(TABLES, (3, 1, 2, 1, 1, 1, 1), strict=True))
    report = audit(engine, (), {})
    assert report.ok, report.faults
    assert any(note.endswith(": asked by its author") for note in report.notes)
    with engine.connect() as connection:
        assert [each for each in compare(connection) if not each.ok] == []


async def test_a_picture_that_another_post_shows_stays(told, engine, made):
    with engine.begin() as connection:
        found = erase(connection, "forum", ["b"], "asked")
    assert found.pictures == {}
    assert found.pictures_kept == {made.sha256("shared"): "file:///pictures/shared"}
    assert counted(engine)["picture"] == 2
    with engine.begin() as connection:
        assert erase(connection, "forum", ["c", "a"], "asked").pictures.keys() == {
            made.sha256("shared"),
            made.sha256("own"),
        }
    assert counted(engine)["picture"] == counted(engine)["logo_detection"] == 0


async def test_posts_of_another_source_are_not_touched(told, engine):
    with engine.begin() as connection:
        found = erase(connection, "shop", ["a"], "asked")
    assert (found.mentions, found.not_found) == (0, ("a",))
    assert counted(engine)["mention"] == 5


async def test_published_again_it_is_there_again(told, writer, engine, made):
    with engine.begin() as connection:
        erase(connection, "forum", ["a"], "asked")
    again = made.image(3, id="a", picture="own", detections=(made.found(),))
    await writer.write(Batch(log_id=made.log_id, results=(made.text(3, id="a"), again)))
    assert counted(engine)["mention"] == 5
    assert audit(engine, (), {}).ok
