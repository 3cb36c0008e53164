"""What somebody asks to be forgotten goes with all its traces, nothing of others goes, the audit knows."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace as sent_with
from sqlalchemy import Engine, create_engine, text

from monitor.answers import answer
from monitor.errors import SetupError
from monitor.messages import mention_uuid
from monitor.privacy import Pseudonyms
from monitor.settings import load_settings
from monitor.storage import forgetting
from monitor.storage.audit import audit
from monitor.storage.deletion import sweep
from monitor.storage.engine import sync_engine
from monitor.storage.forgetting import Found, Selection
from monitor.storage.pictures import PictureStore
from monitor.storage.records import Batch
from monitor.storage.rollups import compare
from tests.storage.conftest import NOON

TABLES = (
    "mention",
    "brand_mention",
    "sentiment",
    "picture",
    "picture_scan",
    "logo_detection",
    "answer",
)
KEY = "word-" * 8


def counted(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in TABLES
        }


def ids(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT kind || ':' || external_id FROM mention ORDER BY 1"))
        return list(found.scalars())


def asked(engine: Engine, select, *args) -> tuple[Selection, Found]:
    with engine.connect() as connection:
        selection = select(connection, *args)
        return selection, forgetting.find(connection, selection)


def forget(engine: Engine, selection: Selection, reason: str = "asked") -> int:
    return sum(forgetting.forget(engine, selection, reason))


def posts(_connection, source: str, *ids: str) -> Selection:
    return forgetting.by_id(source, ids)


def before(_connection, *args) -> Selection:
    return forgetting.by_time(*args)


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


async def test_what_would_go_is_said_and_nothing_changes(told, engine, made):
    there = counted(engine)
    _, found = asked(engine, posts, "forum", "a", "nobody")
    assert [(each.source, each.kind, each.mentions) for each in found.counts] == [
        ("forum", "image", 1),
        ("forum", "text", 1),
    ]
    assert (found.mentions, found.corrections, found.answers, found.pictures) == (2, 0, 1, 1)
    assert sorted(said for _, _, said in found.titles) == ["", "VMware is fine"]
    assert not found.nothing
    assert asked(engine, posts, "shop", "a")[1].nothing
    assert counted(engine) == there


async def test_a_post_goes_with_all_that_hangs_on_it(told, engine, made):
    selection, _ = asked(engine, posts, "forum", "a")
    assert forget(engine, selection, "asked by its author") == 2
    assert counted(engine) == dict(zip(TABLES, (3, 1, 2, 1, 1, 1, 1), strict=True))
    report = audit(engine, (), {})
    assert report.ok, report.faults
    assert any(note.endswith(": asked by its author") for note in report.notes)
    with engine.connect() as connection:
        assert [each for each in compare(connection) if not each.ok] == []
    assert forget(engine, selection) == 0


async def test_a_picture_that_another_post_shows_stays(told, engine, made):
    selection, found = asked(engine, posts, "forum", "b")
    assert found.pictures == 0
    forget(engine, selection)
    assert counted(engine)["picture"] == 2
    selection, found = asked(engine, posts, "forum", "c", "a")
    assert found.pictures == 2
    forget(engine, selection)
    assert counted(engine)["picture"] == counted(engine)["logo_detection"] == 0


async def test_published_again_it_is_there_again(told, writer, engine, made):
    forget(engine, asked(engine, posts, "forum", "a")[0])
    again = made.image(3, id="a", picture="own", detections=(made.found(),))
    await writer.write(Batch(log_id=made.log_id, results=(made.text(3, id="a"), again)))
    assert counted(engine)["mention"] == 5
    assert audit(engine, (), {}).ok


async def test_an_old_record_that_is_read_again_does_not_bring_it_back(told, writer, engine, made):
    forget(engine, asked(engine, posts, "forum", "a")[0])
    await writer.write(Batch(log_id=made.log_id, results=(made.text(0, id="a"),)))
    assert "text:a" not in ids(engine)


async def test_an_author_is_found_as_a_query_finds_one(writer, made, engine):
    results = (
        made.text(0, author="@Ann"),
        made.text(1, author="ánn"),
        made.text(2, author="anna"),
        made.text(3),
        made.text(4, author="ANN", source="shop"),
    )
    await writer.write(Batch(log_id=made.log_id, results=results))
    _, found = asked(engine, forgetting.by_author, "ann", "shop")
    assert found.mentions == 1
    selection, found = asked(engine, forgetting.by_author, "Ann")
    assert found.mentions == forget(engine, selection) == 3
    assert ids(engine) == ["text:m2", "text:m3"]


async def test_an_author_behind_a_pseudonym_is_found_by_the_name(writer, made, engine, database):
    hidden = Pseudonyms(KEY)("forum", "Ann")
    results = (made.text(0, author=hidden), made.text(1, author="Ann"), made.text(2, author="bob"))
    await writer.write(Batch(log_id=made.log_id, results=results))
    with pytest.raises(SetupError, match="MONITOR_AUTHORS_KEY"):
        asked(engine, forgetting.by_author, "bob")
    assert asked(engine, forgetting.by_author, hidden)[1].mentions == 1
    with_key = sync_engine(load_settings(database_url=database, authors_key=KEY))
    try:
        assert forget(with_key, asked(with_key, forgetting.by_author, "@ann")[0]) == 2
    finally:
        with_key.dispose()
    assert ids(engine) == ["text:m2"]


async def test_everything_from_before_a_moment_goes_and_nothing_after(writer, made, engine, monkeypatch):
    monkeypatch.setattr(forgetting, "_AT_ONCE", 2)
    monkeypatch.setattr(forgetting, "_LOOKED_UP", 3)
    days = [NOON - timedelta(days=n) for n in range(8)]
    results = [made.text(n, published_at=at) for n, at in enumerate(days)]
    results.append(made.text(8, published_at=days[-1], source="shop"))
    await writer.write(Batch(log_id=made.log_id, results=tuple(results)))
    selection, found = asked(engine, before, days[3], "forum")
    assert found.mentions == 4
    assert list(forgetting.forget(engine, selection, "old")) == [2, 1, 1]
    assert ids(engine) == ["text:m0", "text:m1", "text:m2", "text:m3", "text:m8"]
    assert forget(engine, asked(engine, before, days[0])[0]) == 4
    assert ids(engine) == ["text:m0"]


def letters(engine: Engine) -> list[tuple[bytes | None, bytes]]:
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT record_key, value_head FROM dead_letter ORDER BY record_offset")
        ).all()
    return [(row.record_key and bytes(row.record_key), bytes(row.value_head)) for row in rows]


async def test_beginnings_of_dead_letters_are_blanked(writer, made, engine):
    def letter(offset: int, key: bytes, **said: str):
        rejection = made.rejected(offset)
        value = json.dumps(said).encode()
        return replace(rejection, letter=sent_with(rejection.letter, key=key, value=value))

    rejections = (
        letter(0, b"a", author="bob"),
        letter(1, b"x", author="Änn", lang="xx"),
        letter(2, b"y", author="somebody", text="wrote to Änn"),
        letter(3, b"z"),
    )
    stored = made.text(4, id="a", author="Änn")
    await writer.write(Batch(log_id=made.log_id, results=(stored,), rejections=rejections))
    kept = letters(engine)
    selection, found = asked(engine, forgetting.by_author, "Änn")
    assert (found.mentions, found.dead_letters) == (1, 2)
    forget(engine, selection)
    assert letters(engine) == [(None, b""), (None, b""), *kept[2:]]

    selection, found = asked(engine, posts, "forum", "y")
    assert (found.mentions, found.dead_letters, found.nothing) == (0, 1, False)
    forget(engine, selection)
    assert letters(engine) == [(None, b"")] * 3 + kept[3:]

    assert asked(engine, before, NOON + timedelta(days=1), "forum")[1].dead_letters == 0
    forget(engine, asked(engine, before, NOON + timedelta(days=1))[0])
    assert letters(engine) == [(None, b"")] * 4
    assert audit(engine, (), {}).ok


async def test_collectors_forget_it_too_and_all_pictures_of_a_post_go(writer, made, engine):
    results = (
        made.text(0, id="a"),
        made.image(0, id="a", picture="one"),
        made.image(1, id="a#picture-2", picture="two"),
        made.text(1, id="a#picture-3"),
        made.image(2, id="a#picture-4", picture="of an archive"),
    )
    await writer.write(Batch(log_id=made.log_id, results=results))
    with engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO collected (source, id, author_id, published_at, n_pictures)
                VALUES ('forum', 'a', 'did:1', now(), 2), ('forum', 'b', 'did:1', now(), 0),
                       ('shop', 'a', 'did:1', now(), 2)
            """)
        )
    assert forget(engine, asked(engine, posts, "forum", "a")[0]) == 4
    assert ids(engine) == ["text:a#picture-3"]
    selection, found = asked(engine, posts, "forum", "b")
    assert (found.mentions, found.collected) == (0, 1)
    forget(engine, selection)
    forget(engine, asked(engine, before, datetime.now(UTC) + timedelta(days=1), "shop")[0])
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM collected")).scalar_one() == 0


async def test_files_go_after_the_rows(writer, made, engine, tmp_path):
    store = PictureStore(str(tmp_path))
    sha256 = hashlib.sha256(b"picture").hexdigest()
    url = store.put(b"picture", sha256, "image/jpeg")
    shown = made.image(0, id="a", picture="picture")
    result = replace(shown, picture=replace(shown.picture, url=url))
    await writer.write(Batch(log_id=made.log_id, results=(result,)))
    forget(engine, asked(engine, posts, "forum", "a")[0])
    assert store.kept(sha256) == b"picture"
    assert sweep(engine, store).removed == 1
    assert store.kept(sha256) is None


@pytest.mark.parametrize("role", ["brand_monitor_read", "brand_monitor_write"])
def test_only_owners_may(engine, role):
    theirs = create_engine(engine.url, connect_args={"options": f"-c role={role}"})
    with theirs.connect() as connection, pytest.raises(SetupError, match="brand_monitor_migrate"):
        forgetting.check_rights(connection)
    theirs.dispose()
    with engine.connect() as connection:
        forgetting.check_rights(connection)
