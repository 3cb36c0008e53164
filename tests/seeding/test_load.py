"""A seeded database is one the workers could have written: whole, counted, and marked as made up."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, text

from monitor.errors import SetupError
from monitor.messages import Sentiment, TextMention
from monitor.reports.figures import is_synthetic, summary
from monitor.reports.filters import Filter
from monitor.seeding.load import Seeding
from monitor.settings import load_settings
from monitor.storage.audit import audit
from monitor.storage.engine import async_engine
from monitor.storage.records import Batch, RecordPosition, TextResult
from monitor.storage.rollups import compare
from monitor.storage.schema import metadata
from monitor.storage.writer import BatchWriter
from monitor.texts import read
from tests.seeding.conftest import MENTIONS, UNTIL, WANTED, Maker


def rows(engine: Engine, query: str) -> list[tuple]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def agree(engine: Engine) -> None:
    with engine.connect() as connection:
        assert [each for each in compare(connection) if not each.ok] == []


def test_it_holds_as_many_as_were_asked_for_and_says_so(seeded):
    assert rows(seeded, "SELECT count(*) FROM mention") == [(MENTIONS,)]
    assert rows(seeded, "SELECT mentions FROM seeding") == [(MENTIONS,)]
    with seeded.connect() as connection:
        assert is_synthetic(connection)
        assert summary(connection, Filter(UNTIL - timedelta(days=56), UNTIL)).synthetic


def test_the_rollups_agree_with_the_rows(seeded):
    agree(seeded)
    assert rows(seeded, "SELECT count(*) > 0 FROM brand_pair_day WHERE pairs > 0") == [(True,)]


def test_the_account_adds_up(seeded):
    assert audit(seeded, (), {}).ok


def test_the_schema_is_what_it_was(seeded, maker):
    """Indexes, keys and triggers are back, by their names."""
    shape = (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
        "SELECT tgrelid::regclass::text, tgname, tgenabled FROM pg_trigger"
        " WHERE NOT tgisinternal ORDER BY 1, 2",
    )
    name, plain = maker.database()
    try:
        for query in shape:
            assert rows(seeded, query) == rows(plain, query)
    finally:
        plain.dispose()
        maker.server.drop(name)
    with seeded.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_all_is_within_the_days_asked_for(seeded):
    ((first, last),) = rows(seeded, "SELECT min(published_at), max(published_at) FROM mention")
    assert UNTIL - timedelta(days=56) <= first < last < UNTIL


def test_brands_are_where_the_texts_name_them(seeded):
    assert rows(
        seeded,
        "SELECT count(*) FROM brand_mention n JOIN mention m ON m.id = n.mention_id"
        " JOIN brand b ON b.id = n.brand_id"
        " WHERE substr(m.text, start_char + 1, end_char - start_char) <> b.name OR n.matched <> b.name",
    ) == [(0,)]


def words_are_those_of_the_texts(engine: Engine) -> None:
    found = rows(engine, "SELECT coalesce(text, ''), tsvector_to_array(words) FROM mention")
    assert all(read(said).lexemes() == set(words) for said, words in found)


def test_a_few_verdicts_are_unsure_and_only_the_least_probable(seeded):
    ((unsure, surest, least),) = rows(
        seeded,
        "SELECT avg((label = 'unsure')::int), max(p) FILTER (WHERE label = 'unsure'),"
        " min(p) FILTER (WHERE label <> 'unsure')"
        " FROM (SELECT label, greatest(p_negative, p_neutral, p_positive) AS p FROM sentiment) AS each",
    )
    assert 0.05 < float(unsure) < 0.12
    assert surest <= least
    assert rows(
        seeded, "SELECT sum(unsure) = (SELECT count(*) FROM presence WHERE label = 'unsure') FROM brand_day"
    ) == [(True,)]


def test_words_are_those_of_the_texts(seeded):
    words_are_those_of_the_texts(seeded)


def test_it_is_as_uneven_as_the_world(seeded):
    ((weekend, weekday),) = rows(
        seeded,
        "SELECT count(*) FILTER (WHERE extract(isodow FROM published_at) > 5) / 2.0,"
        " count(*) FILTER (WHERE extract(isodow FROM published_at) < 6) / 5.0 FROM mention",
    )
    assert float(weekend) < 0.8 * float(weekday)
    busiest = rows(seeded, "SELECT count(*) FROM mention GROUP BY source, author ORDER BY 1 DESC LIMIT 1")
    assert busiest[0][0] > 20
    once = "SELECT count(*) FROM (SELECT FROM mention GROUP BY source, author HAVING count(*) = 1) AS once"
    assert rows(seeded, once)[0][0] > 150
    sources = rows(seeded, "SELECT source, avg((kind = 'image')::int) FROM mention GROUP BY 1")
    shares = {source: float(share) for source, share in sources}
    assert shares["video-comments"] == 0
    assert shares["photo-sharing"] > 0.5
    assert rows(seeded, "SELECT count(*) > 100 FROM post_pair") == [(True,)]


def test_pictures_are_in_the_store_and_were_searched(seeded, maker):
    found = rows(seeded, "SELECT DISTINCT url FROM picture")
    assert len(found) > 3
    assert all(maker.store.get(url) for (url,) in found[:5])
    assert rows(seeded, "SELECT count(*) > 0 FROM logo_detection") == [(True,)]
    unscanned = (
        "SELECT count(*) FROM picture LEFT JOIN picture_scan s ON s.picture_sha256 = sha256 WHERE s IS NULL"
    )
    assert rows(seeded, unscanned) == [(0,)]


def test_equal_numbers_make_equal_databases(maker, bare):
    few = msgspec.structs.replace(WANTED, mentions=800)
    digest = (
        "SELECT md5(string_agg(id || coalesce(text, '') || published_at || coalesce(author, '') || reach, ''"
        " ORDER BY id)) FROM mention"
    )
    assert maker.fill(bare, few) == 800
    name, other = maker.database()
    try:
        maker.fill(other, few)
        assert rows(other, digest) == rows(bare, digest)
    finally:
        other.dispose()
        maker.server.drop(name)


def test_names_that_copy_could_misread_arrive_whole(maker, bare, odd_brands):
    maker.fill(bare, msgspec.structs.replace(WANTED, mentions=600), odd_brands)
    assert {name for (name,) in rows(bare, "SELECT DISTINCT matched FROM brand_mention")} == {
        brand.name for brand in odd_brands
    }
    words_are_those_of_the_texts(bare)
    agree(bare)


def test_a_database_is_seeded_once_and_never_over_what_was_said(maker, seeded, bare):
    with pytest.raises(SetupError, match="holds mentions already"):
        maker.fill(seeded)
    with pytest.raises(SetupError, match="was seeded before"):
        maker.fill(seeded, msgspec.structs.replace(WANTED, over_real=True))
    asyncio.run(_say(bare, maker))
    with pytest.raises(SetupError, match="add --force"):
        maker.fill(bare)


def test_with_force_it_is_mixed_in_and_what_was_there_stays(maker, bare):
    asyncio.run(_say(bare, maker))
    kept = "SELECT m.*, s.label FROM mention m JOIN sentiment s ON s.mention_id = m.id WHERE log_id = 'c'"
    before = rows(bare, kept)
    maker.fill(bare, Seeding(mentions=700, days=7, until=UNTIL, over_real=True))
    assert rows(bare, kept) == before
    assert rows(bare, "SELECT count(*) FROM mention") == [(701,)]
    agree(bare)


def test_workers_go_on_writing_and_figures_follow(maker, bare):
    maker.fill(bare, msgspec.structs.replace(WANTED, mentions=700))
    asyncio.run(_say(bare, maker))
    assert rows(bare, "SELECT count(*) FROM mention") == [(701,)]
    agree(bare)


def test_a_seeding_that_breaks_off_leaves_nothing(maker, bare):
    def tired(step: str, _done: int) -> None:
        if step == "indexes":
            raise RuntimeError("out of paper")

    from monitor.seeding import seed

    wanted = msgspec.structs.replace(WANTED, mentions=600)
    with pytest.raises(RuntimeError, match="out of paper"):
        seed(bare, maker.brands, wanted, maker.folder, maker.finder, maker.store, tired)
    assert rows(bare, "SELECT (SELECT count(*) FROM mention), (SELECT count(*) FROM seeding)") == [(0, 0)]
    assert maker.fill(bare, wanted) == 600


async def _say(engine: Engine, maker: Maker) -> None:
    """One text, as a worker writes it."""
    url = engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    workers = async_engine(load_settings(database_url=url))
    writer = BatchWriter(workers, maker.brands)
    await writer.prepare()
    said = TextResult(
        position=RecordPosition(topic="mentions.text", partition=0, offset=0, timestamp=UNTIL),
        mention=TextMention(id="real", source="forum", text="Rain again", published_at=UNTIL),
        sentiment=Sentiment(label="neutral", p_negative=0.1, p_neutral=0.8, p_positive=0.1),
        brands=(),
        model_version="sentiment@1",
    )
    await writer.write(Batch(log_id="c", results=(said,)))
    await workers.dispose()
