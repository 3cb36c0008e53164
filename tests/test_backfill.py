"""A changed brands.toml applied to what is stored: what a worker would find today, nothing else touched."""

import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError

from monitor.backfill import Backfill, Done
from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands
from monitor.corrections import correct_sentiment
from monitor.local import EmbeddedDatabase
from monitor.messages import (
    Box,
    Detection,
    ImageMention,
    Label,
    Sentiment,
    TextMention,
    mention_uuid,
)
from monitor.reports.preview import EVER
from monitor.settings import Settings, load_settings
from monitor.storage.audit import audit
from monitor.storage.engine import async_engine, sync_engine
from monitor.storage.records import Batch, ImageResult, PictureRef, RecordPosition, TextResult
from monitor.storage.rollups import compare
from monitor.storage.writer import BatchWriter
from monitor.texts import read
from monitor.texts.stories import story_keys

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
BEFORE = Brands((Brand("Apple"), Brand("Nike", logos=("nike",)), Brand("Old"), Brand("Suzuki")))
NOW = Brands(
    (
        Brand("Apple", query="apple NOT (pie OR juice)"),
        Brand("Nike", aliases=("swoosh",), query="nike OR swoosh OR image:Nike"),
        Brand("Suzuki", aliases=("スズキ",)),
        Brand("New"),
    )
)
SAID: tuple[tuple[str, str, Label, Label | None], ...] = (
    ("a0", "Apple opened a shop", "positive", "positive"),
    ("a1", "apple pie and an apple", "negative", "negative"),
    ("a2", "apple juice beside Nike", "negative", None),
    ("a3", "Old Nike and the New swoosh", "positive", "positive"),
    ("a4", "新しいスズキスイフト", "neutral", None),
    ("a5", "nothing at all", "neutral", None),
    ("a6", "...", "neutral", None),
)


def felt(label: Label) -> Sentiment:
    p = {"negative": 0.1, "neutral": 0.1, "positive": 0.1} | {label: 0.8}
    return Sentiment(label=label, p_negative=p["negative"], p_neutral=p["neutral"], p_positive=p["positive"])


def texts() -> Iterator[TextResult]:
    find = BrandMatcher(BEFORE).find
    for offset, (id, said, whole, toward) in enumerate(SAID):
        named = find(said)
        if toward is not None:
            named = tuple(
                type(each)(
                    brand=each.brand,
                    matched=each.matched,
                    start=each.start,
                    end=each.end,
                    sentiment=felt(toward),
                )
                for each in named
            )
        yield TextResult(
            position=RecordPosition(topic="mentions.text", partition=0, offset=offset, timestamp=NOON),
            mention=TextMention(
                id=id, source="forum", text=said, published_at=NOON - timedelta(days=offset), author="ann"
            ),
            sentiment=felt(whole),
            brands=named,
            model_version="sentiment@1",
            language="en",
            words=tuple(read(said).lexemes()),
        )


def image(id: str, offset: int, caption: str | None) -> ImageResult:
    return ImageResult(
        position=RecordPosition(topic="mentions.image", partition=0, offset=offset, timestamp=NOON),
        mention=ImageMention(id=id, source="forum", image=b"", published_at=NOON, caption=caption),
        picture=PictureRef(
            sha256="0" * 64, media_type="image/png", width=10, height=10, n_bytes=10, url="file:///none"
        ),
        detections=(Detection(brand="Nike", score=0.9, box=Box(0.1, 0.1, 0.2, 0.2), look=0.9),),
        model_version="logos@1",
        words=tuple(read(caption or "").lexemes()),
    )


@pytest.fixture
def settings(database_server: EmbeddedDatabase, migrated: str) -> Iterator[Settings]:
    name = f"backfill_{uuid.uuid4().hex[:12]}"
    yield load_settings(database_url=database_server.copy(migrated, name))
    database_server.drop(name)


@pytest.fixture
async def engine(settings: Settings):
    workers = async_engine(settings)
    writer = BatchWriter(workers, BEFORE)
    await writer.prepare()
    images = (image("p0", 0, "look at this"), image("p1", 1, None))
    await writer.write(Batch(log_id="c", results=(*texts(), *images)))
    await workers.dispose()
    made = sync_engine(settings)
    yield made
    made.dispose()


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def named(engine: Engine) -> set[tuple[str, str, str]]:
    """Post, brand and what was matched."""
    return {
        (post, brand, matched)
        for post, brand, matched in rows(
            engine,
            "SELECT m.external_id, b.name, n.matched FROM brand_mention AS n"
            " JOIN brand AS b ON b.id = n.brand_id JOIN mention AS m ON m.id = n.mention_id",
        )
    }


def adds_up(engine: Engine) -> None:
    """The audit holds, and the roll-ups are those of the rows."""
    assert audit(engine, (), {}).faults == ()
    with engine.connect() as connection:
        assert [each for each in compare(connection) if not each.ok] == []


def run(engine: Engine, settings: Settings, *only: str, dry: bool = False, **period: datetime) -> Done:
    backfill = Backfill(engine, NOW, settings, only)
    given = (period.get("since", EVER.since), period.get("until", EVER.until))
    return list(backfill.run(*given, dry=dry))[-1]


AFTER = {
    ("a0", "Apple", "Apple"),
    ("a2", "Nike", "Nike"),
    ("a3", "Nike", "Nike"),
    ("a3", "Nike", "swoosh"),
    ("a3", "New", "New"),
    ("a3", "Old", "Old"),
    ("a4", "Suzuki", "スズキ"),
    ("p0", "Nike", "look at this"),
}


def test_the_stored_mentions_count_for_what_a_worker_would_find_today(engine, settings):
    done = run(engine, settings)
    assert named(engine) == AFTER
    # "..." has no words: a worker leaves it to be looked at.
    assert (done.looked_at, done.changed, done.read, done.left_alone) == (9, 5, 1, 0)
    assert dict(done.gained) == {"New": 1, "Suzuki": 1, "Nike": 1}
    assert dict(done.dropped) == {"Apple": 2}
    adds_up(engine)
    felt_toward = rows(
        engine,
        "SELECT m.external_id, b.name FROM sentiment AS s JOIN brand AS b ON b.id = s.brand_id"
        " JOIN mention AS m ON m.id = s.mention_id ORDER BY 1, 2",
    )
    # The model is not asked again: who counts no more is felt about no more.
    assert felt_toward == [("a0", "Apple"), ("a3", "Nike"), ("a3", "Old")]
    # Of a brand that is counted anew the feeling of the whole text counts.
    assert rows(
        engine, "SELECT brand, label FROM brand_sentiment WHERE brand IN ('New', 'Suzuki') ORDER BY 1"
    ) == [
        ("New", "positive"),
        ("Suzuki", "neutral"),
    ]
    again = run(engine, settings)
    assert (again.changed, again.read) == (0, 0)
    assert named(engine) == AFTER


def test_a_dry_run_says_the_same_and_changes_nothing(engine, settings):
    before = named(engine)
    state = rows(engine, "SELECT id, xmin::text FROM mention ORDER BY id")
    told = run(engine, settings, dry=True)
    assert named(engine) == before
    assert rows(engine, "SELECT id, xmin::text FROM mention ORDER BY id") == state
    assert rows(engine, "SELECT count(*) FROM brand WHERE name = 'New'") == [(0,)]
    assert told == run(engine, settings)


def test_one_brand_or_one_period_alone(engine, settings):
    assert dict(run(engine, settings, "Apple", dry=True).dropped) == {"Apple": 2}
    run(engine, settings, "Suzuki")
    assert {each for each in named(engine) if each[0] in ("a1", "a4")} == {
        ("a1", "Apple", "apple"),
        ("a4", "Suzuki", "スズキ"),
    }
    done = run(engine, settings, since=NOON - timedelta(days=2), until=NOON - timedelta(days=1))
    assert (done.looked_at, dict(done.dropped)) == (1, {"Apple": 1})
    assert ("a1", "Apple", "apple") in named(engine)
    adds_up(engine)


def test_what_was_broken_off_goes_on(engine, settings, monkeypatch):
    monkeypatch.setattr("monitor.storage.walk.BATCH", 2)
    steps = Backfill(engine, NOW, settings).run(EVER.since, EVER.until)
    first = next(steps)
    assert first.looked_at == 2
    assert first.back_to is not None
    steps.close()
    run(engine, settings, until=first.back_to + timedelta(microseconds=1))
    assert named(engine) == AFTER
    adds_up(engine)


async def test_copies_are_found_by_the_brands_of_today(engine, settings):
    said = "Three hours in the queue outside the shop of the swoosh and then the lights went out"
    workers = async_engine(settings)
    first = next(texts())
    copies = [
        replace(
            first,
            position=msgspec.structs.replace(first.position, offset=7 + n),
            mention=TextMention(id=f"c{n}", source="forum", text=each, published_at=NOON),
            brands=(),
        )
        for n, each in enumerate((said, f"RT @ann: {said}"))
    ]
    writer = BatchWriter(workers, BEFORE)
    await writer.prepare()
    await writer.write(Batch(log_id="c", results=(*copies,)))
    query = """
        SELECT count(DISTINCT story_id), count(*) FILTER (WHERE lead) FROM mention WHERE external_id LIKE 'c_'
    """
    assert rows(engine, query) == [(2, 2)]
    run(engine, settings)
    assert rows(engine, query) == [(1, 1)]
    late = replace(
        copies[0],
        position=msgspec.structs.replace(first.position, offset=9),
        mention=TextMention(id="c2", source="forum", text=said, published_at=NOON),
        story_keys=story_keys(read(said), ("Nike",), "forum"),
    )
    await writer.write(Batch(log_id="c", results=(late,)))
    await workers.dispose()
    assert rows(engine, query) == [(1, 1)]
    adds_up(engine)


def test_corrections_stay(engine, settings):
    pie = mention_uuid("text", "forum", "a1")
    with engine.begin() as connection:
        correct_sentiment(connection, pie, "Apple", "neutral", "ann", None)
        correct_sentiment(connection, pie, None, "positive", "ann", None)
    run(engine, settings)
    assert rows(engine, "SELECT label FROM sentiment_correction ORDER BY label") == [
        ("neutral",),
        ("positive",),
    ]
    adds_up(engine)
    # Back in the file, the brand is felt about as the person said.
    for _ in Backfill(engine, BEFORE, settings).run(EVER.since, EVER.until):
        pass
    assert rows(
        engine, f"SELECT label FROM brand_sentiment WHERE mention_id = '{pie}' AND brand = 'Apple'"
    ) == [("neutral",)]
    adds_up(engine)


def test_what_nobody_has_read_is_read(engine, settings):
    with engine.begin() as connection:
        connection.execute(text("UPDATE mention SET words = NULL, language = 'und'"))
        connection.execute(text("UPDATE mention SET lang = 'de-AT' WHERE external_id = 'a5'"))
    done = run(engine, settings, dry=True)
    assert done.read == 9
    assert run(engine, settings).read == 9
    matcher = BrandMatcher(NOW)
    for said, words, language, lang in rows(
        engine, "SELECT coalesce(text, ''), tsvector_to_array(words), language, lang FROM mention"
    ):
        assert set(words) == read(said).lexemes()
        assert language == matcher.language(read(said), lang)
    assert ("de",) in rows(engine, "SELECT language FROM mention")
    assert ("ja",) in rows(engine, "SELECT language FROM mention")
    assert run(engine, settings).read == 0
    adds_up(engine)


def test_a_mention_that_names_too_many_brands_keeps_what_it_has(engine, settings):
    few = settings.model_copy(update={"text_max_brands": 1})
    done = run(engine, few)
    assert done.left_alone == 1
    assert {each for each in named(engine) if each[0] == "a3"} == {
        ("a3", "Old", "Old"),
        ("a3", "Nike", "Nike"),
    }
    adds_up(engine)


def test_what_nobody_counted_is_not_counted(engine, settings):
    with engine.begin() as connection:
        connection.execute(text("UPDATE mention SET n_brand_mentions = NULL, n_sentiments = NULL"))
    run(engine, settings)
    assert rows(engine, "SELECT DISTINCT n_brand_mentions, n_sentiments FROM mention") == [(None, None)]
    adds_up(engine)


def test_it_needs_the_rights_of_a_worker_and_no_more(engine, settings):
    url = settings.sqlalchemy_url()
    name = f"login_{uuid.uuid4().hex[:8]}"
    plain = str(settings.database_url.get_secret_value())
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'secret'").format(sql.Identifier(name)))
        try:
            login = create_engine(url).url.set(username=name, password="secret")
            made = create_engine(login)
            with pytest.raises(ProgrammingError, match="permission denied"), made.connect() as connection:
                connection.execute(text("SELECT FROM mention"))
            admin.execute(sql.SQL("GRANT brand_monitor_write TO {}").format(sql.Identifier(name)))
            run(made, settings)
            made.dispose()
        finally:
            admin.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(name)))
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
    assert named(engine) == AFTER


async def test_workers_go_on_writing_meanwhile(engine, settings, monkeypatch):
    """New versions of the same mentions come while it runs: nothing deadlocks, and the books add up."""
    monkeypatch.setattr("monitor.storage.walk.BATCH", 3)
    faults: list[BaseException] = []
    ended = threading.Event()

    def backfill() -> None:
        try:
            while not ended.is_set():
                for brands in (BEFORE, NOW):
                    for _ in Backfill(engine, brands, settings).run(EVER.since, EVER.until):
                        pass
        except BaseException as error:
            faults.append(error)

    thread = threading.Thread(target=backfill)
    thread.start()
    workers = async_engine(settings)
    writer = BatchWriter(workers, BEFORE)
    await writer.prepare()
    end = time.monotonic() + 4
    turn = 0
    while time.monotonic() < end:
        turn += 1
        results = tuple(
            TextResult(
                position=RecordPosition(
                    topic="mentions.text",
                    partition=0,
                    offset=len(SAID) * turn + n,
                    timestamp=NOON + timedelta(seconds=turn),
                ),
                mention=result.mention,
                sentiment=result.sentiment,
                brands=result.brands,
                model_version=result.model_version,
                language=result.language,
                words=result.words,
            )
            for n, result in enumerate(reversed(list(texts())))
        )
        await writer.write(Batch(log_id="c", results=results))
    await workers.dispose()
    ended.set()
    thread.join()
    assert faults == []
    assert turn > 3
    run(engine, settings)
    assert named(engine) == AFTER
    adds_up(engine)
