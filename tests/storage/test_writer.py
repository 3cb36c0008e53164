import asyncio
import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from monitor.brands import Brand, Brands
from monitor.errors import OutageError, SetupError
from monitor.messages import decode_text, mention_uuid
from monitor.settings import load_settings
from monitor.storage import account
from monitor.storage.audit import audit
from monitor.storage.engine import async_engine
from monitor.storage.records import Batch, Span, StorageRejection, WriteOutcome
from monitor.storage.rows import LOOK_AT_TEXT, clean
from monitor.storage.writer import BatchWriter
from tests.examples import dear


def rows(engine: Engine, query: str, **values: Any) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def batch(made, *results, rejections=(), log_id=None) -> Batch:
    return Batch(log_id=log_id or made.log_id, results=results, rejections=rejections)


async def test_a_text_becomes_its_rows(writer, engine, made):
    said = made.text(
        3,
        id="42",
        text="VMware beats Citrix",
        brands=(made.named("VMware", 0, "positive"), made.named("Citrix", 13, "negative")),
        author="ann",
        url="https://forum.example/42",
        lang="en",
        reach=2**63 - 1,
    )
    assert await writer.write(batch(made, said)) == WriteOutcome(stored=1, replaced=0, rejected=0)
    (row,) = rows(engine, "SELECT id, kind, source, external_id, text, author, url, lang, reach FROM mention")
    assert row == (
        mention_uuid("text", "forum", "42"),
        *("text", "forum", "42", "VMware beats Citrix", "ann", "https://forum.example/42", "en", 2**63 - 1),
    )
    assert rows(
        engine,
        "SELECT b.name, start_char, end_char, matched FROM brand_mention"
        " JOIN brand b ON b.id = brand_id ORDER BY 2",
    ) == [("VMware", 0, 6, "VMware"), ("Citrix", 13, 19, "Citrix")]
    assert rows(
        engine,
        "SELECT b.name, label, p_positive, model_version FROM sentiment LEFT JOIN brand b ON b.id = brand_id"
        " ORDER BY 1 NULLS FIRST",
    ) == [
        (None, "positive", 0.8, "sentiment@1"),
        ("Citrix", "negative", 0.1, "sentiment@1"),
        ("VMware", "positive", 0.8, "sentiment@1"),
    ]


async def test_a_brand_named_twice_is_one_opinion(writer, engine, made):
    named = (made.named("VMware", 0, "positive"), made.named("VMware", 10, "negative"))
    named += (made.named("VMware", 20, "negative"),)
    await writer.write(batch(made, made.text(0, text="VMware ... VMware ... VMware", brands=named)))
    ((label, p_negative),) = rows(
        engine, "SELECT label, p_negative FROM sentiment WHERE brand_id IS NOT NULL"
    )
    assert (label, p_negative) == ("negative", pytest.approx((0.1 + 0.8 + 0.8) / 3))


async def test_a_picture_becomes_its_rows_and_is_known_afterwards(writer, engine, made):
    shown = made.image(0, detections=(made.found("Citrix", 0.7), made.found("VMware", 0.9)), caption="fair")
    empty = made.image(1, picture="sky")
    await writer.write(batch(made, shown, empty))
    seen = [made.sha256(name) for name in ("street", "sky", "never seen")]
    assert await writer.known_detections(seen, "logos@1") == {
        seen[0]: (made.found("VMware", 0.9), made.found("Citrix", 0.7)),
        seen[1]: (),
    }
    assert await writer.known_detections(seen, "logos@2") == {}
    assert await writer.known_detections((), "logos@1") == {}
    assert rows(engine, "SELECT kind, text, picture_sha256 FROM mention ORDER BY external_id") == [
        ("image", "fair", seen[0]),
        ("image", None, seen[1]),
    ]
    assert rows(
        engine, "SELECT width, height, n_bytes, url FROM picture WHERE sha256 = :sha", sha=seen[0]
    ) == [(640, 480, 1000, "file:///pictures/street")]


async def test_equal_pictures_are_kept_and_scanned_once(writer, engine, made):
    first = made.image(0, detections=(made.found(),))
    again = made.image(1, detections=(made.found(),))
    await writer.write(batch(made, first))
    ids = rows(engine, "SELECT id FROM logo_detection")
    await writer.write(batch(made, again))
    assert rows(engine, "SELECT id FROM logo_detection") == ids
    assert rows(engine, "SELECT count(*) FROM mention JOIN picture ON sha256 = picture_sha256") == [(2,)]


async def test_other_brands_make_a_scan_due_again(writer, worker_engine, brands, engine, made):
    await writer.write(batch(made, made.image(0, detections=(made.found("VMware"),))))
    (kept,) = rows(engine, "SELECT id FROM logo_detection")
    wider = BatchWriter(worker_engine, Brands((*brands, Brand("Nutanix", logos=("nutanix",)))))
    await wider.prepare()
    assert await wider.known_detections([made.sha256("street")], "logos@1") == {}
    both = (made.found("VMware"), made.found("Nutanix", 0.8, x=0.5))
    await wider.write(batch(made, made.image(0, detections=both)))
    assert await wider.known_detections([made.sha256("street")], "logos@1") == {made.sha256("street"): both}
    # The find that both scans have keeps its id: corrections hang on it.
    assert kept in rows(engine, "SELECT id FROM logo_detection")


async def test_redelivery_changes_nothing_but_the_account(writer, engine, made):
    named = (made.named("VMware", 0, "positive"),)
    whole = batch(
        made,
        made.text(0, brands=named),
        made.text(1, brands=named),
        made.image(0, detections=(made.found(),)),
        rejections=(made.rejected(2),),
    )
    everything = """
        SELECT (SELECT json_agg(to_jsonb(m) - 'stored_at' ORDER BY id) FROM mention m)::text,
               (SELECT json_agg(s ORDER BY mention_id, brand_id) FROM sentiment s)::text,
               (SELECT json_agg(b ORDER BY mention_id, start_char) FROM brand_mention b)::text,
               (SELECT json_agg(l ORDER BY id) FROM logo_detection l)::text,
               (SELECT json_agg(d ORDER BY id) FROM dead_letter d)::text
    """
    assert await writer.write(whole) == WriteOutcome(stored=3, replaced=0, rejected=1)
    before = rows(engine, everything)
    assert await writer.write(whole) == WriteOutcome(stored=0, replaced=3, rejected=1)
    assert rows(engine, everything) == before
    account = (
        "SELECT topic, offsets::text, rejected_offsets::text, deliveries, records, stored, replaced, rejected"
    )
    assert rows(engine, f"{account} FROM ingest_batch ORDER BY 1") == [
        ("mentions.image", "{[0,1)}", "{}", 2, 2, 1, 1, 0),
        ("mentions.text", "{[0,3)}", "{[2,3)}", 2, 6, 2, 2, 2),
    ]


async def test_a_republished_mention_replaces_all_of_it(writer, engine, made):
    old = made.text(
        0, id="a", text="VMware, Citrix", brands=(made.named("VMware", 0, "positive"),), lang="en"
    )
    new = made.text(
        5, id="a", text="Dell now", label="negative", brands=(made.named("Dell"),), model="sentiment@2"
    )
    await writer.write(batch(made, old))
    assert await writer.write(batch(made, new)) == WriteOutcome(stored=0, replaced=1, rejected=0)
    assert rows(engine, "SELECT text, lang, model_version FROM mention") == [
        ("Dell now", None, "sentiment@2")
    ]
    assert rows(engine, "SELECT matched FROM brand_mention") == [("Dell",)]
    assert rows(engine, "SELECT brand_id, label, model_version FROM sentiment") == [
        (None, "negative", "sentiment@2")
    ]
    assert rows(engine, "SELECT first_stored_at < stored_at FROM mention") == [(True,)]


async def test_a_redelivered_older_record_does_not_win(writer, engine, made):
    old, new = made.text(0, id="a", text="old"), made.text(7, id="a", text="new")
    await writer.write(batch(made, new))
    assert await writer.write(batch(made, old)) == WriteOutcome(stored=0, replaced=1, rejected=0)
    assert rows(engine, "SELECT text, record_offset FROM mention") == [("new", 7)]
    assert rows(engine, "SELECT count(*) FROM sentiment") == [(1,)]


async def test_between_lives_and_partitions_the_order_of_arrival_decides(writer, engine, made):
    """Whatever a publisher's clock says: one that is in 2099 must not win for good."""
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    skewed = made.text(9, id="a", text="from 2099", at=datetime(2099, 1, 1, tzinfo=UTC))
    await writer.write(batch(made, skewed))
    corrected = made.text(0, id="a", text="corrected", partition=3, at=noon)
    await writer.write(batch(made, corrected))
    assert rows(engine, "SELECT text, partition FROM mention") == [("corrected", 3)]
    later = made.text(2, id="a", text="in a new life", at=noon - timedelta(days=1))
    await writer.write(batch(made, later, log_id="cluster-1/2nd"))
    assert rows(engine, "SELECT text, log_id FROM mention") == [("in a new life", "cluster-1/2nd")]
    for again in (skewed, corrected):
        outcome = await writer.write(batch(made, again))
        assert outcome == WriteOutcome(stored=0, replaced=1, rejected=0)
    assert rows(engine, "SELECT text FROM mention") == [("in a new life",)]


async def test_a_zombie_and_its_successor_write_a_partition_one_after_the_other(writer, engine, made):
    """Whoever waits sees the other's account: what it brings then was delivered before."""
    await writer.write(batch(made, made.text(0, id="a", text="old", partition=1)))
    with engine.begin() as connection:
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:key)"),
            {"key": account.turns(batch(made, made.text(0)))[0]},
        )
        zombie = asyncio.create_task(writer.write(batch(made, made.text(0, id="a", text="zombie's"))))
        successor = asyncio.create_task(writer.write(batch(made, made.text(1, id="b"))))
        await asyncio.sleep(0.3)
        assert not zombie.done()
        assert not successor.done()
    await asyncio.gather(zombie, successor)
    assert rows(engine, "SELECT count(*) FROM mention") == [(2,)]


@st.composite
def arrivals(draw: st.DrawFn) -> list[list[tuple[int, int]]]:
    """Batches of (partition, offset), all about one mention: each partition in its order, from time to time
    from an earlier offset again."""
    come = [0, 0, 0]
    batches: list[list[tuple[int, int]]] = []
    for _ in range(draw(st.integers(1, 8))):
        records: list[tuple[int, int]] = []
        for partition in draw(st.permutations(range(3)))[: draw(st.integers(1, 3))]:
            start = come[partition] - draw(st.integers(0, min(come[partition], 3)))
            end = start + draw(st.integers(1, 3))
            records += [(partition, offset) for offset in range(start, end)]
            come[partition] = max(come[partition], end)
        batches.append(records)
    return batches


@given(batches=arrivals())
@hypothesis_settings(
    max_examples=dear(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_delivered_again_the_version_that_arrived_last_stays(
    settings, engine, brands, made, batches
):
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE mention, ingest_batch, erasure CASCADE"))

    async def replay() -> tuple[int, int]:
        workers = async_engine(settings)
        writer = BatchWriter(workers, brands)
        await writer.prepare()
        seen: set[tuple[int, int]] = set()
        last = (0, 0)
        for records in batches:
            fresh = [place for place in records if place not in seen]
            last = fresh[-1] if fresh else last
            seen.update(records)
            results = [
                made.text(offset, id="a", partition=partition, text=f"{partition}@{offset}")
                for partition, offset in records
            ]
            await writer.write(batch(made, *results))
        await workers.dispose()
        return last

    partition, offset = asyncio.run(replay())
    assert rows(engine, "SELECT text FROM mention") == [(f"{partition}@{offset}",)]


async def test_of_one_mention_twice_in_a_batch_the_later_offset_wins(writer, engine, made):
    # Timestamps of the publisher's clock may run backwards inside a partition; offsets do not.
    later = made.text(8, id="a", text="second", at=datetime(2026, 1, 1, tzinfo=UTC))
    outcome = await writer.write(batch(made, later, made.text(4, id="a", text="first")))
    assert outcome == WriteOutcome(stored=1, replaced=1, rejected=0)
    assert rows(engine, "SELECT text, record_offset FROM mention") == [("second", 8)]


async def test_of_one_mention_in_two_partitions_of_a_batch_the_one_that_came_last_wins(writer, engine, made):
    """A key moves to another partition when a topic gets more of them."""
    old = made.text(99, id="a", text="old", partition=1)
    new = made.text(0, id="a", text="new", partition=0)
    assert await writer.write(batch(made, old, new)) == WriteOutcome(stored=1, replaced=1, rejected=0)
    assert rows(engine, "SELECT text FROM mention") == [("new",)]
    newest = made.text(100, id="a", text="newest", partition=1)
    await writer.write(batch(made, newest, new))
    assert rows(engine, "SELECT text FROM mention") == [("newest",)]


async def test_a_text_and_a_picture_of_one_post_are_two_mentions_of_one_post(writer, engine, made):
    await writer.write(batch(made, made.text(0, id="p"), made.image(0, id="p")))
    assert rows(engine, "SELECT count(*), count(DISTINCT post_id), count(DISTINCT id) FROM mention") == [
        (2, 1, 2)
    ]


async def test_text_the_database_cannot_hold_is_mended(writer, engine, made):
    said = made.text(0, text="a\x00b\ud800c VMware", author="\x00", brands=(made.named("VMware", 6),))
    await writer.write(batch(made, said))
    assert rows(engine, "SELECT text, author FROM mention") == [("a\ufffdb\ufffdc VMware", "\ufffd")]
    # Character for character, so that spans still point at the brand.
    assert rows(
        engine,
        "SELECT substr(text, start_char + 1, end_char - start_char) FROM mention"
        " JOIN brand_mention ON mention_id = id",
    ) == [("VMware",)]


async def test_dead_letters_keep_what_a_person_needs(writer, engine, made):
    await writer.write(batch(made, rejections=(made.rejected(7, code="text-empty"),)))
    assert rows(
        engine,
        "SELECT error_code, error_detail, record_key, length(value_head), value_bytes, record_offset"
        " FROM dead_letter",
    ) == [("text-empty", "not JSON: \ufffd at byte 3", b"\x00\xff", 1024, 5000, 7)]


@pytest.mark.parametrize("zone", ["+15:59", "+16:00", "+23:59", "-15:59", "-16:00", "-23:59"])
async def test_a_moment_of_any_zone_is_stored(writer, engine, made, zone):
    """RFC 3339 lets a zone be a day from UTC, PostgreSQL 16 hours."""
    moment = f"2026-03-01T12:00:00{zone}"
    record = json.dumps({"id": "1", "source": "forum", "text": "VMware", "published_at": moment}).encode()
    await writer.write(batch(made, replace(made.text(0), mention=decode_text(record, max_chars=10))))
    assert rows(engine, "SELECT published_at FROM mention") == [(datetime.fromisoformat(moment),)]


async def test_one_unstorable_record_is_named_and_the_account_adds_up(writer, engine, made):
    # Year 1 in a zone east of Greenwich is year 0 in UTC, which no client could read back.
    never = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))
    good = [made.text(n) for n in range(20)]
    bad = made.text(20, published_at=never)
    with pytest.raises(StorageRejection, match=r"mentions.text\[0\]@20.*published_at") as refusal:
        await writer.write(batch(made, *good, bad, made.image(21, detections=(made.found(),))))
    assert refusal.value.position == bad.position
    assert refusal.value.code == "storage-rejected"
    assert bad.mention.text not in str(refusal.value)  # it goes to logs and dead letters
    # As the pipeline goes on: the same batch, that record rejected.
    shown = made.image(21, detections=(made.found(),))
    await writer.write(batch(made, *good, shown, rejections=(made.rejected(20),)))
    assert rows(engine, "SELECT sum(stored), sum(rejected) FROM ingest_batch") == [(21, 1)]
    assert audit(engine, (), {}).ok


async def test_a_record_that_only_a_deferred_trigger_refuses_is_named(writer, engine, made):
    """An index row of a roll-up too large for PostgreSQL: the brands one text names, at the commit."""
    names = [f"brand {n}" for n in range(2000)]
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO brand (name, own) SELECT unnest(CAST(:names AS text[])), false"),
            {"names": names},
        )
    brands = tuple(made.named(name, start=20 * n) for n, name in enumerate(names))
    good = [made.text(n) for n in range(5)]
    with pytest.raises(StorageRejection, match=r"mentions.text\[0\]@5: .*index row size") as refusal:
        await writer.write(batch(made, *good, made.text(5, brands=brands), made.text(6)))
    assert refusal.value.position.offset == 5
    await writer.write(batch(made, *good, made.text(6), rejections=(made.rejected(5),)))
    assert rows(engine, "SELECT count(*) FROM mention") == [(6,)]
    assert audit(engine, (), {}).ok


async def test_a_batch_that_is_refused_whole_but_not_in_pieces_is_written(writer, engine, made):
    with engine.begin() as connection:
        connection.execute(
            text("""
            CREATE FUNCTION refuse_many() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF (SELECT count(*) FROM came) > 2 THEN
                    RAISE EXCEPTION 'too many' USING ERRCODE = 'program_limit_exceeded'; END IF;
                RETURN NULL; END $$
            """)
        )
        connection.execute(
            text("""
            CREATE TRIGGER refuse_many AFTER INSERT ON mention REFERENCING NEW TABLE AS came
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_many()
            """)
        )
    spans = (Span("mentions.text", 0, 0, 9),)
    whole = Batch(
        log_id=made.log_id,
        results=tuple(made.text(n) for n in range(7)),
        rejections=(made.rejected(7),),
        spans=spans,
    )
    assert await writer.write(whole) == WriteOutcome(stored=7, replaced=0, rejected=1)
    offsets = "SELECT range_agg(offsets)::text, sum(records), sum(stored), sum(rejected) FROM ingest_batch"
    assert rows(engine, offsets) == [("{[0,9)}", 8, 7, 1)]
    assert audit(engine, (), {}).ok


async def test_offsets_without_a_record_are_accounted_for(writer, engine, made):
    """Transaction markers, what was compacted away, the rest of a wire batch nobody could read."""
    spans = (Span("mentions.text", 0, 0, 6), Span("mentions.text", 1, 4, 5), Span("mentions.text", 2, 3, 3))
    whole = Batch(log_id=made.log_id, results=(made.text(1),), rejections=(made.rejected(3),), spans=spans)
    for _ in range(2):
        await writer.write(whole)
    lines = rows(
        engine,
        "SELECT partition, first_offset, last_offset, offsets::text, mention_offsets::text,"
        " rejected_offsets::text, records FROM ingest_batch ORDER BY partition",
    )
    assert lines == [
        (0, 0, 5, "{[0,6)}", "{[1,2)}", "{[3,4)}", 4),
        (1, 4, 4, "{[4,5)}", "{}", "{}", 0),
    ]


async def test_a_batch_of_nothing_but_such_offsets_is_written(writer, engine, made):
    markers = Batch(log_id=made.log_id, results=(), spans=(Span("mentions.text", 0, 2, 4),))
    assert await writer.write(markers) == WriteOutcome(0, 0, 0)
    assert rows(engine, "SELECT offsets::text, records FROM ingest_batch") == [("{[2,4)}", 0)]


async def test_of_several_unstorable_records_each_is_named_in_turn(writer, engine, made):
    bad = [made.image(n, picture=str(n), detections=(made.found(score=1.5),)) for n in (3, 11)]
    results = [made.image(n, picture=str(n)) for n in range(16) if n not in (3, 11)] + bad
    named = []
    while True:
        try:
            await writer.write(batch(made, *results))
        except StorageRejection as refusal:
            named.append(refusal.position.offset)
            results = [result for result in results if result.position != refusal.position]
        else:
            break
    assert sorted(named) == [3, 11]
    assert rows(engine, "SELECT sum(stored) FROM ingest_batch") == [(14,)]


async def test_an_empty_batch_writes_nothing(writer, engine, made):
    assert await writer.write(batch(made)) == WriteOutcome(0, 0, 0)
    assert rows(engine, "SELECT count(*) FROM ingest_batch") == [(0,)]


@pytest.mark.parametrize("kind", ["texts", "images"])
async def test_workers_that_share_rows_never_deadlock(writer, engine, made, kind):
    """Every worker meets the same mentions and pictures in another order of its own partition of the log."""

    def shared(worker: int, turn: int) -> Batch:
        ids = random.Random(worker * 100 + turn).sample(range(500), 500)
        if kind == "texts":
            results = [made.text(turn * 500 + n, id=str(id), partition=worker) for n, id in enumerate(ids)]
        else:
            results = [made.image(turn * 500 + n, id=str(id), picture=str(id)) for n, id in enumerate(ids)]
        return batch(made, *results)

    async def work(worker: int) -> int:
        return sum([(await writer.write(shared(worker, turn))).stored for turn in range(4)])

    stored = await asyncio.gather(*(work(worker) for worker in range(4)))
    assert sum(stored) == rows(engine, "SELECT count(*) FROM mention")[0][0] == 500


async def test_a_database_that_is_away_is_an_outage(brands):
    engine = async_engine(load_settings(database_url="postgresql://nobody@127.0.0.1:1/none"))
    with pytest.raises(OutageError, match="MONITOR_DATABASE_URL"):
        await BatchWriter(engine, brands).ping()
    await engine.dispose()


async def test_a_connection_ended_by_the_server_is_an_outage_and_the_next_write_works(writer, engine, made):
    await writer.write(batch(made, made.text(0)))
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    with pytest.raises(OutageError):
        await writer.write(batch(made, made.text(1)))
    assert (await writer.write(batch(made, made.text(1)))).stored == 1


async def test_a_lock_held_too_long_is_an_outage(writer, engine, database, brands, made):
    await writer.write(batch(made, made.text(0)))
    impatient = async_engine(load_settings(database_url=f"{database}?options=-c%20lock_timeout%3D100ms"))
    second = BatchWriter(impatient, brands)
    await second.prepare()
    with engine.connect() as connection:
        connection.execute(text("SELECT FROM mention FOR UPDATE"))
        with pytest.raises(OutageError, match="55P03"):
            await second.write(batch(made, made.text(0)))
    assert (await second.write(batch(made, made.text(0)))).replaced == 1
    await impatient.dispose()


async def test_without_migrations_the_remedy_is_named(empty_database, brands):
    engine = async_engine(load_settings(database_url=empty_database))
    with pytest.raises(SetupError, match="brand-monitor db upgrade"):
        await BatchWriter(engine, brands).prepare()
    await engine.dispose()


async def test_brands_that_change_sides_leave_or_return_are_noted(writer, worker_engine, engine):
    said = "SELECT name, own, watched FROM brand ORDER BY name"
    await BatchWriter(worker_engine, Brands((Brand("Citrix", own=True),))).prepare()
    assert rows(engine, said) == [
        ("Citrix", True, True),
        ("Dell", False, False),
        ("VMware", False, False),
    ]
    await BatchWriter(worker_engine, Brands((Brand("Citrix"), Brand("VMware", own=True)))).prepare()
    assert rows(engine, said) == [
        ("Citrix", False, True),
        ("Dell", False, False),
        ("VMware", True, True),
    ]
    await BatchWriter(worker_engine, Brands(())).prepare()
    assert rows(engine, "SELECT count(*) FROM brand WHERE watched") == [(0,)]


async def test_a_brand_of_the_gallery_is_watched_without_a_line_in_the_file(writer, worker_engine, engine):
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO gallery_version (note) VALUES ('Dell')"))
        connection.execute(
            text(
                "INSERT INTO gallery_entry (brand_id, embedder, threshold, calibration, embeddings, added_in)"
                " SELECT b.id, 'e@1', 0.9, '{}', '', version FROM brand AS b, gallery_version"
                " WHERE name = 'Dell'"
            )
        )
    await BatchWriter(worker_engine, Brands((Brand("VMware", own=True),))).prepare()
    assert rows(engine, "SELECT name FROM brand WHERE watched ORDER BY 1") == [("Dell",), ("VMware",)]


async def test_a_detection_keeps_its_evidence(writer, engine, made):
    shown = (
        made.found("Citrix", 0.7),
        made.read("VMware", "Powered by VMware", score=0.8),
        made.read("Dell", "DELL\x00", score=0.6, look=0.1),
    )
    result = made.image(0, detections=shown)
    await writer.write(batch(made, result))
    query = (
        "SELECT b.name, evidence, score, look, letters, line FROM logo_detection"
        " JOIN brand AS b ON b.id = brand_id ORDER BY 1"
    )
    assert rows(engine, query) == [
        ("Citrix", "look", 0.7, 0.7, None, None),
        ("Dell", "both", 0.6, 0.1, 0.99, "DELL\ufffd"),
        ("VMware", "letters", 0.8, None, 0.99, "Powered by VMware"),
    ]
    known = await writer.known_detections([result.picture.sha256], "logos@1")
    by_score = sorted(shown, key=lambda found: -found.score)
    stored = [msgspec.structs.replace(found, line=clean(found.line)) for found in by_score]
    assert known[result.picture.sha256] == tuple(stored)


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        ("evidence", {"evidence": "nose"}),
        ("look", {"look": None}),
        ("look", {"look": 1.5}),
        ("letters", {"evidence": "both"}),
        ("letters", {"evidence": "letters", "letters": 0.9}),
        ("letters", {"evidence": "both", "letters": -0.1, "line": "VMware"}),
    ],
)
async def test_evidence_without_its_witness_is_refused(writer, made, column, wrong):
    found = msgspec.structs.replace(made.found(), **wrong)
    with pytest.raises(StorageRejection, match=f"logo_detection_{column}_ck"):
        await writer.write(batch(made, made.image(0, detections=(found,))))


async def test_what_a_reading_tells_is_stored(writer, engine, made):
    said = made.text(
        0, language="pt", words=("ol\u00e1", "mundo", "\u559c\u6b22", "\U0001f600", "it's", "a\\b")
    )
    shown = made.image(0, caption="Sch\u00f6n", language="de", words=("schon",), phash=-(2**63))
    bare = made.image(1, id="bare", picture="booth")
    unscored = made.text(3, label=None, language="und")
    await writer.write(batch(made, said, shown, bare, unscored))
    assert rows(engine, "SELECT external_id, kind, language, n_sentiments FROM mention ORDER BY 1, 2") == [
        ("bare", "image", "und", 0),
        ("m0", "image", "de", 0),
        ("m0", "text", "pt", 1),
        ("m3", "text", "und", 0),
    ]
    lexemes = "SELECT external_id, kind, tsvector_to_array(words) FROM mention ORDER BY 1, 2"
    (none, caption, text_, unread) = [row[2] for row in rows(engine, lexemes)]
    assert (none, caption, unread) == ([], ["schon"], None)
    assert sorted(text_) == sorted(said.words)
    found = "SELECT external_id FROM mention WHERE words @@ '\u559c\u6b22'::tsquery"
    assert rows(engine, found) == [("m0",)]
    assert rows(engine, "SELECT phash FROM picture WHERE phash IS NOT NULL") == [(-(2**63),)]
    assert rows(engine, "SELECT count(*) FROM sentiment") == [(1,)]


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (("short", "x" * 1024), ["short", "x" * 1024]),
        (("short", "x" * 1025), [LOOK_AT_TEXT, "short"]),
        (("short", "\u559c" * 342), [LOOK_AT_TEXT, "short"]),
        (tuple(f"{n:06}" for n in range(170_000)), [LOOK_AT_TEXT]),
        (("a\x1fb",), [LOOK_AT_TEXT]),
        (("nul\x00", "half\ud800", ""), ["half\ufffd", "nul\ufffd"]),
    ],
    ids=("all", "long", "long in bytes", "many", "separator", "unstorable"),
)
async def test_words_that_cannot_be_stored_are_stood_for(writer, engine, made, words, kept):
    """A megabyte of words, each 2,046 bytes at most, is what a tsvector holds; an index entry holds less."""
    await writer.write(batch(made, made.text(0, words=words)))
    ((found,),) = rows(engine, "SELECT tsvector_to_array(words) FROM mention")
    assert sorted(found) == sorted(kept)


async def test_as_many_words_as_fit_are_stored(writer, engine, made):
    words = tuple(f"{n:010}" for n in range(100_000))
    await writer.write(batch(made, made.text(0, words=words)))
    assert rows(engine, "SELECT length(words) FROM mention WHERE words @@ '0000099999'") == [(100_000,)]
