"""What was pruned is gone, and the figures of its hours are what they were, whatever happened beside it."""

import asyncio
import contextlib
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from monitor.answers import answer
from monitor.corrections import correct_logo, correct_sentiment
from monitor.local import EmbeddedDatabase
from monitor.messages import mention_uuid
from monitor.settings import load_settings
from monitor.storage import story_check
from monitor.storage.audit import audit
from monitor.storage.deletion import delete
from monitor.storage.engine import async_engine, sync_engine
from monitor.storage.pictures import PictureStore
from monitor.storage.pruning import Pruning, Retention, find, horizon, kept_from
from monitor.storage.records import Batch, StorageRejection
from monitor.storage.rollups import compare, rebuild
from monitor.storage.writer import BatchWriter
from tests.examples import dear
from tests.storage.conftest import NOON
from tests.storage.test_deletion import until_one_waits
from tests.storage.test_rollups import (
    BRANDS,
    PICTURES,
    Steps,
    images,
    keys,
    labels,
    languages,
    named,
    somebody,
    texts,
    verdicts,
)

MIDNIGHT = NOON + timedelta(hours=12)
FIGURES = (
    *(("mention_hour", "hour"), ("about_hour", "hour"), ("brand_hour", "hour"), ("combination_hour", "hour")),
    *(("pair_day", "day"), ("brand_day", "day"), ("brand_pair_day", "day")),
)


def counted(engine: Engine, query: str, **given: object) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), given)]


def frozen(engine: Engine, before: datetime = MIDNIGHT) -> list[list[tuple[object, ...]]]:
    """All figures of hours before a moment, and the pairs of posts that are wholly before."""
    pairs = """
        SELECT source, date_trunc('hour', text_at, 'UTC'), date_trunc('hour', image_at, 'UTC'), text_brands,
               image_brands, caption_brands, text_language, image_language, lead
        FROM post_pair WHERE text_at < :before AND image_at < :before
    """
    figures = (f"SELECT * FROM {table} WHERE {moment} < :before" for table, moment in FIGURES)
    return [sorted(counted(engine, query, before=before), key=repr) for query in (*figures, pairs)]


def agree(engine: Engine) -> None:
    with engine.connect() as connection:
        told = (*compare(connection), *story_check.compare(connection))
        assert [each for each in told if not each.ok] == []
        assert connection.execute(text("SELECT count(*) FROM figure_queue")).scalar_one() == 0


def prune(engine: Engine, before: datetime = MIDNIGHT) -> None:
    pruning = Pruning(engine, before)
    pruning.begin()
    assert pruning.run().finished


def left(engine: Engine) -> list[str]:
    return [
        f"{kind} {id}"
        for kind, id in counted(
            engine, "SELECT kind, external_id FROM mention ORDER BY kind DESC, external_id"
        )
    ]


later = st.integers(3, 6).map(lambda half_hours: NOON + timedelta(hours=10.5, minutes=30 * half_hours))
people = (
    st.tuples(st.just("feels"), somebody, st.sampled_from((None, *BRANDS)), labels),
    st.tuples(st.just("missed"), somebody, st.sampled_from(BRANDS)),
    st.tuples(st.just("judged"), somebody, st.sampled_from((None, *BRANDS))),
    st.tuples(st.just("undo"), st.integers(0, 5)),
    st.tuples(st.just("speaks"), somebody, languages),
    st.tuples(st.just("read"), somebody),
    st.tuples(st.just("scan again"), st.sampled_from(PICTURES)),
)
earlier_steps = st.lists(st.one_of(*(texts, images) * 3, *people), min_size=4, max_size=14)
later_steps = st.lists(
    st.one_of(
        st.tuples(st.just("text"), somebody, named, verdicts, later, languages, keys),
        st.tuples(
            st.just("image"), somebody, named, named, st.sampled_from(PICTURES), later, languages, keys
        ),
        *people,
    ),
    max_size=8,
)


@settings(
    max_examples=dear(25),
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(before=earlier_steps, after=later_steps)
async def test_figures_of_what_was_pruned_stay_and_the_others_add_up(
    before: list[tuple], after: list[tuple], database_server: EmbeddedDatabase, migrated: str, brands, made
) -> None:
    url = database_server.copy(migrated, "pruned")
    workers, engine = (
        async_engine(load_settings(database_url=url)),
        sync_engine(load_settings(database_url=url)),
    )
    try:
        writer = BatchWriter(workers, brands)
        await writer.prepare()
        steps = Steps(engine, writer, made)
        for step in before:
            await steps.take(step)
        old = frozen(engine)
        for _ in range(2):  # the second finds nothing to do
            prune(engine)
            assert frozen(engine) == old
            agree(engine)
        assert (
            counted(
                engine,
                "SELECT m.id FROM mention AS m WHERE published_at < :before AND NOT EXISTS ("
                "SELECT FROM mention AS o WHERE o.post_id = m.post_id AND o.published_at >= :before)",
                before=MIDNIGHT,
            )
            == []
        )
        # The offsets of texts and pictures are of one count here, so each topic has gaps.
        faults = audit(engine, (), {}).faults
        assert [fault for fault in faults if "not in the database" not in fault] == []
        for step in after:
            await steps.take(step)
            assert frozen(engine) == old
            agree(engine)
        with engine.begin() as connection:
            rebuild(connection)
        assert frozen(engine) == old
        agree(engine)
        all_of_it = frozen(engine, MIDNIGHT + timedelta(days=1))
        prune(engine, MIDNIGHT + timedelta(days=1))
        assert frozen(engine, MIDNIGHT + timedelta(days=1)) == all_of_it
        agree(engine)
        assert left(engine) == []
    finally:
        engine.dispose()
        await workers.dispose()
        database_server.drop("pruned")


async def test_a_post_goes_as_a_whole_once_all_of_it_is_before(writer, engine, made):
    """Its picture, a day younger, is not one that nobody named the brand of."""
    said = made.text(0, id="p", brands=(made.named(),), published_at=MIDNIGHT - timedelta(hours=1))
    shown = made.image(0, id="p", detections=(made.found(),), published_at=MIDNIGHT + timedelta(hours=1))
    alone = made.text(1, id="q", published_at=MIDNIGHT - timedelta(hours=1))
    await writer.write(Batch(log_id="c", results=(said, shown, alone)))
    prune(engine)
    assert left(engine) == ["text p", "image p"]
    assert counted(engine, "SELECT silent FROM presence WHERE shown") == [(False,)]
    agree(engine)
    prune(engine, MIDNIGHT + timedelta(days=1))
    assert left(engine) == []
    agree(engine)


async def test_what_happens_to_the_older_part_of_a_post_moves_no_figure_of_its_hour(writer, engine, made):
    said = made.text(0, id="p", brands=(made.named(),), published_at=MIDNIGHT - timedelta(hours=1))
    shown = made.image(0, id="p", detections=(made.found(),), published_at=MIDNIGHT + timedelta(hours=1))
    await writer.write(Batch(log_id="c", results=(said, shown)))
    old = frozen(engine)
    prune(engine)
    with engine.begin() as connection:
        correct_sentiment(connection, mention_uuid("text", "forum", "p"), None, "negative", "ann")
    assert counted(engine, "SELECT label FROM presence WHERE named") == [("negative",)]
    assert frozen(engine) == old
    again = made.image(1, id="p", published_at=MIDNIGHT + timedelta(hours=2))
    await writer.write(Batch(log_id="c", results=(again,)))
    with engine.begin() as connection:
        delete(connection, [mention_uuid("text", "forum", "p")], "asked")
    assert frozen(engine) == old
    assert left(engine) == ["image p"]
    agree(engine)


async def test_pairs_of_posts_are_kept_without_their_names(writer, engine, made):
    """They are what keeps a post with a picture from counting twice in figures of any period."""
    early = NOON + timedelta(minutes=17)
    posts = (
        made.text(0, id="p", brands=(made.named(),), published_at=early),
        made.image(0, id="p", detections=(made.found(),), published_at=early),
    )
    await writer.write(Batch(log_id="c", results=posts))
    names = "SELECT post_id FROM "
    (named,) = set(counted(engine, f"{names} mention"))
    prune(engine)
    assert counted(engine, f"{names} post_pair") != [named]
    ((text_at, image_at),) = counted(engine, "SELECT text_at, image_at FROM post_pair")
    assert (text_at, image_at) == (NOON, NOON)
    assert counted(engine, "SELECT sum(pairs) FROM pair_day") == [(1,)]


async def test_the_next_of_a_story_leads_and_keeps_what_people_did_about_it(writer, engine, made):
    copies = [
        made.text(n, id=f"c{n}", story_keys=(1,), published_at=MIDNIGHT + timedelta(hours=n - 2))
        for n in range(4)
    ]
    await writer.write(Batch(log_id="c", results=tuple(copies)))
    with engine.begin() as connection:
        answer(connection, mention_uuid("text", "forum", "c0"), "answered", "ann", "called them", seen=0)
    prune(engine)
    assert counted(engine, "SELECT external_id, lead FROM mention ORDER BY 1") == [
        ("c2", True),
        ("c3", False),
    ]
    query = "SELECT m.external_id, a.state FROM answer AS a JOIN mention AS m ON m.id = a.mention_id"
    assert counted(engine, query) == [("c3", "answered")]
    agree(engine)


async def test_a_story_that_pruned_mentions_held_together_stays_one(writer, engine, made):
    """Copies of what is gone join it while its keys are there, and nothing that comes later is at odds."""
    day = timedelta(days=1)
    first = made.text(0, id="a", story_keys=(1, 2), published_at=MIDNIGHT - day)
    one = made.text(1, id="b", story_keys=(1,), published_at=MIDNIGHT + day)
    two = made.text(2, id="c", story_keys=(2,), published_at=MIDNIGHT + day)
    await writer.write(Batch(log_id="c", results=(first, one, two)))
    prune(engine)
    assert len(counted(engine, "SELECT DISTINCT story_id FROM mention")) == 1
    agree(engine)
    # b and c go each their way once more; what a left behind must give neither the other's place.
    for n, changed in enumerate(((3,), (4,), (1, 4), (2, 3), (1, 2))):
        again = made.text(3 + n, id="bc"[n % 2], story_keys=changed, published_at=MIDNIGHT + day)
        late = made.text(9 + n, id=f"d{n}", story_keys=(2,), published_at=MIDNIGHT + 20 * day)
        await writer.write(Batch(log_id="c", results=(again,)))
        agree(engine)
        await writer.write(Batch(log_id="c", results=(late,)))
        agree(engine)


async def test_a_corrected_logo_stays_corrected_where_the_picture_is_still_shown(writer, engine, made):
    shown = [
        made.image(n, picture="booth", detections=(made.found("Citrix"),), published_at=moment)
        for n, moment in enumerate((NOON, MIDNIGHT, MIDNIGHT + timedelta(hours=1)))
    ]
    await writer.write(Batch(log_id="c", results=tuple(shown)))
    with engine.begin() as connection:
        find_id = connection.execute(text("SELECT id FROM logo_detection")).scalar_one()
        correct_logo(connection, find_id, mention_uuid("image", "forum", "m0"), "Dell", None, "ann")
    prune(engine)
    names = "SELECT DISTINCT b.name FROM presence JOIN brand AS b ON b.id = brand_id"
    assert counted(engine, names) == [("Dell",)]
    agree(engine)


async def test_a_person_who_corrects_a_logo_and_pruning_wait_for_each_other(writer, engine, made):
    """And what that person said stays with the picture."""
    shown = [
        made.image(n, picture="booth", detections=(made.found("Citrix"),), published_at=moment)
        for n, moment in enumerate((NOON, MIDNIGHT))
    ]
    await writer.write(Batch(log_id="c", results=tuple(shown)))
    old = mention_uuid("image", "forum", "m0")
    with engine.begin() as connection:
        find_id = connection.execute(text("SELECT id FROM logo_detection")).scalar_one()
        correct_logo(connection, find_id, old, "Dell", None, "ann")
    with engine.begin() as person:
        person.execute(text("SELECT FROM mention WHERE id = :id FOR NO KEY UPDATE"), {"id": old})
        pruned = asyncio.create_task(asyncio.to_thread(prune, engine))
        await asyncio.to_thread(until_one_waits, engine)
        await asyncio.to_thread(correct_logo, person, find_id, old, "VMware", None, "bob")
    await pruned
    standing = "SELECT mention_id, corrected_by FROM correction WHERE undone_at IS NULL"
    assert counted(engine, standing) == [(mention_uuid("image", "forum", "m1"), "bob")]
    agree(engine)


async def test_pictures_that_nothing_else_shows_go(writer, engine, made):
    results = (
        made.image(0, picture="booth", detections=(made.found(),), published_at=NOON),
        made.image(1, picture="street", published_at=NOON),
        made.image(2, picture="street", published_at=MIDNIGHT),
    )
    await writer.write(Batch(log_id="c", results=results))
    pruning = Pruning(engine, MIDNIGHT)
    pruning.begin()
    done = pruning.run()
    assert (done.mentions, done.pictures, done.finished) == (2, 1, True)
    assert counted(engine, "SELECT sha256 FROM picture") == [(made.sha256("street"),)]
    gone = counted(engine, "SELECT sha256, url, removed_at FROM picture_gone")
    assert gone == [(made.sha256("booth"), "file:///pictures/booth", None)]


async def test_what_was_broken_off_is_finished_in_one_line_of_account(writer, engine, made):
    results = tuple(made.text(n, published_at=NOON + timedelta(seconds=n)) for n in range(250))
    await writer.write(Batch(log_id="c", results=results))
    broken = Pruning(engine, MIDNIGHT)
    broken.begin()
    looks = iter((True, False))
    done = broken.run(lambda: next(looks))
    assert 0 < done.mentions < 250
    assert not done.finished
    agree(engine)
    # Its oldest are gone.
    ((first,),) = counted(engine, "SELECT min(published_at) FROM mention")
    assert first == NOON + timedelta(seconds=done.mentions)
    other = Pruning(engine, MIDNIGHT)
    assert other.due()
    other.begin()
    assert other.run().finished
    assert not other.due()
    assert counted(engine, "SELECT reason, mentions FROM erasure") == [
        ("pruned: published before 2026-03-02", 250)
    ]
    assert counted(engine, "SELECT before, mentions, ended_at IS NOT NULL FROM pruning") == [
        (MIDNIGHT, 250, True)
    ]
    report = audit(engine, (), {})
    assert report.ok, report.faults
    assert report.erased == 250


async def test_there_is_no_way_back_and_the_last_day_is_never_pruned(writer, engine, made):
    prune(engine)
    prune(engine, MIDNIGHT - timedelta(days=30))
    with engine.connect() as connection:
        assert kept_from(connection) == MIDNIGHT
    now = datetime.now(UTC)
    with pytest.raises(Exception, match="the last day is never pruned"):
        Pruning(engine, horizon(now, "1d") + timedelta(days=1)).begin()
    with pytest.raises(DBAPIError, match="pruning_midnight_ck"), engine.begin() as connection:
        connection.execute(text("SELECT prune_begin(:noon)"), {"noon": NOON + timedelta(days=1)})


def test_an_age_is_whole_days_back_from_the_last_midnight():
    assert horizon(NOON, "1d") == datetime(2026, 2, 28, tzinfo=UTC)
    assert horizon(NOON, "400d") == datetime(2025, 1, 25, tzinfo=UTC)
    for wrong in ("", "d", "0d", "400", "1y", "-1d", "1.5d", "123456d"):
        with pytest.raises(ValueError, match="write days: 400d"):
            horizon(NOON, wrong)


async def test_it_says_what_would_go(writer, engine, made):
    results = (made.text(0), made.text(1, source="blog"), made.text(2), made.text(3, published_at=MIDNIGHT))
    await writer.write(Batch(log_id="c", results=results))
    with engine.connect() as connection:
        found = find(connection, MIDNIGHT)
        assert find(connection, NOON).mentions == 0
    assert (found.mentions, found.of, found.first) == (3, 4, NOON)
    assert found.sources == (("forum", 2), ("blog", 1))


async def test_a_mention_from_before_is_refused_also_by_a_worker_that_does_not_know_yet(
    database, worker_engine, writer, brands, engine, made
):
    with engine.begin() as connection:  # a server in another zone, for connections made from here on
        connection.execute(
            text(f"ALTER DATABASE \"{database.rpartition('/')[2]}\" SET timezone TO 'America/New_York'")
        )
    await worker_engine.dispose()
    other = BatchWriter(worker_engine, brands)
    await other.prepare()
    assert other.kept_from is None
    prune(engine)
    old, new = made.text(0, published_at=NOON), made.text(1, published_at=MIDNIGHT)
    with pytest.raises(StorageRejection, match="mentions are kept from 2026-03-02 on") as refusal:
        await other.write(Batch(log_id="c", results=(old, new)))
    assert (refusal.value.code, refusal.value.position) == ("too-old", old.position)
    assert other.kept_from == MIDNIGHT
    assert left(engine) == []
    await other.write(Batch(log_id="c", results=(new,), rejections=(made.rejected(0, code="too-old"),)))
    assert left(engine) == ["text m1"]
    assert audit(engine, (), {}).ok


async def test_marks_of_deletions_end_once_their_records_are_refused_for_their_age(writer, engine, made):
    """But not what has still to be told, nor what a record may bring back that is young enough."""
    two_days_ago = MIDNIGHT - timedelta(days=2)
    old, untold, young = (
        made.text(n, id=id, published_at=two_days_ago, at=at)
        for n, (id, at) in enumerate(
            [("old", two_days_ago), ("untold", two_days_ago), ("young", MIDNIGHT - timedelta(hours=23))]
        )
    )
    await writer.write(Batch(log_id="c", results=(old, untold, young)))
    ids = {each.mention.id: mention_uuid("text", "forum", each.mention.id) for each in (old, untold, young)}
    with engine.begin() as connection:
        delete(connection, list(ids.values()), "asked")
    with engine.begin() as connection:
        told = {"ids": [ids["old"], ids["young"]]}
        moments = "ARRAY(SELECT deleted_at FROM deleted_mention WHERE id = ANY(:ids) ORDER BY id)"
        told["ids"].sort()
        connection.execute(text(f"SELECT deletion_told(CAST(:ids AS uuid[]), {moments})"), told)
    marked = "SELECT id FROM deleted_mention ORDER BY id"
    assert counted(engine, "SELECT count(*) FROM deleted_mention WHERE source IS NULL") == [(2,)]
    prune(engine, MIDNIGHT - timedelta(days=1))
    assert len(counted(engine, marked)) == 3
    prune(engine)
    assert counted(engine, marked) == sorted((ids[id],) for id in ("untold", "young"))
    again = replace(old, position=made.position(0, at=two_days_ago))
    with pytest.raises(StorageRejection) as refusal:
        await writer.write(Batch(log_id="c", results=(again,)))
    assert refusal.value.code == "too-old"
    assert left(engine) == []
    assert audit(engine, (), {}).ok


async def test_nothing_old_slips_in_beside_the_decision(writer, engine, made):
    """Workers and prunings at once: whatever was stored before the decision goes, the rest is refused."""

    async def work(worker: int) -> None:
        for turn in range(20):
            moment = MIDNIGHT - timedelta(hours=turn % 3) if worker else MIDNIGHT
            result = made.text(turn, id=f"{worker}-{turn}", published_at=moment, partition=worker)
            with contextlib.suppress(StorageRejection):
                await writer.write(Batch(log_id="c", results=(result,)))

    await asyncio.gather(*(work(n) for n in range(3)), *(asyncio.to_thread(prune, engine) for _ in range(2)))
    assert counted(engine, "SELECT count(*) FROM mention WHERE published_at < :at", at=MIDNIGHT) == [(0,)]
    agree(engine)


async def test_the_account_of_old_batches_becomes_one_line_that_holds_as_much(writer, engine, made):
    for start in range(0, 30, 10):
        results = tuple(made.text(n, published_at=NOON) for n in range(start, start + 9))
        await writer.write(
            Batch(log_id="c", results=results, rejections=(made.rejected(start + 9),), spans=())
        )
    await writer.write(Batch(log_id="c", results=(made.text(99, id="x", partition=1),)))
    with engine.begin() as connection:
        connection.execute(text("UPDATE ingest_batch SET written_at = :at"), {"at": NOON})
    before = audit(engine, (), {})
    prune(engine)
    lines = counted(
        engine,
        "SELECT partition, first_offset, last_offset, offsets::text, mention_offsets::text, deliveries,"
        " records, stored, rejected FROM ingest_batch ORDER BY 1",
    )
    assert lines == [
        (0, 0, 29, "{[0,30)}", "{[0,9),[10,19),[20,29)}", 3, 30, 27, 3),
        (1, 99, 99, "{[99,100)}", "{[99,100)}", 1, 1, 1, 0),
    ]
    after = audit(engine, (), {})
    assert after.ok, after.faults
    assert (after.stored, after.rejected, after.dead_letters) == (before.stored, 3, 3)
    prune(engine, MIDNIGHT + timedelta(days=1))
    assert audit(engine, (), {}).ok
    # Rejected records: that there were some, not what they said.
    with engine.begin() as connection:
        connection.execute(text("UPDATE dead_letter SET failed_at = :at"), {"at": NOON})
    prune(engine, MIDNIGHT + timedelta(days=2))
    assert counted(engine, "SELECT DISTINCT record_key, value_head FROM dead_letter") == [(None, b"")]
    assert audit(engine, (), {}).ok


async def test_what_collectors_published_is_forgotten_with_it(writer, engine):
    collected = "INSERT INTO collected (source, id, published_at, n_pictures) VALUES ('forum', :id, :at, 0)"
    with engine.begin() as connection:
        for id, at in (("old", NOON), ("new", MIDNIGHT)):
            connection.execute(text(collected), {"id": id, "at": at})
    prune(engine)
    assert counted(engine, "SELECT id FROM collected") == [("new",)]


async def test_retention_prunes_once_a_day_and_some_seconds_at_a_time(writer, engine, made, tmp_path):
    store = PictureStore(str(tmp_path))
    url = store.put(b"booth", made.sha256("booth"), "image/jpeg")
    shown = made.image(0, picture="booth", published_at=NOON)
    shown = replace(shown, picture=replace(shown.picture, url=url))
    texts = tuple(made.text(n, published_at=NOON + timedelta(seconds=n)) for n in range(300))
    await writer.write(Batch(log_id="c", results=(*texts, shown)))
    moment = [MIDNIGHT + timedelta(days=400, hours=9)]
    clock = [0.0]

    def passing() -> float:
        clock[0] += 0.2
        return clock[0]

    retention = Retention(engine, store, "400d", 0.5, lambda: moment[0], passing)
    retention.look()
    assert 0 < len(left(engine)) < 301
    while left(engine):
        retention.look()
    retention.look()  # nothing was left: the files go
    assert not list(tmp_path.rglob("*.jpg"))
    retention.look()
    assert counted(engine, "SELECT before FROM pruning") == [(MIDNIGHT,)]
    moment[0] += timedelta(days=1)
    retention.look()
    assert counted(engine, "SELECT max(before) FROM pruning") == [(MIDNIGHT + timedelta(days=1),)]


@pytest.mark.parametrize("seed", range(6))
async def test_stories_add_up_whatever_was_pruned_between_copies(writer, engine, made, seed):
    """Keys of pruned mentions are there until their whole period is, and lead nobody astray."""
    chance = random.Random(seed)
    day = timedelta(days=1)
    kept, offset = MIDNIGHT - 90 * day, 0
    for _ in range(18):
        step = chance.random()
        if step < 0.25:
            kept += chance.choice([1, 5, 12]) * day
            prune(engine, kept)
        elif step < 0.45:
            ids = [id for (id,) in counted(engine, "SELECT id FROM mention ORDER BY id")]
            with engine.begin() as connection:
                delete(connection, chance.sample(ids, min(len(ids), chance.choice([1, 3]))), "asked")
        else:
            results = []
            for _ in range(chance.choice([1, 3, 8])):
                given = tuple(sorted(chance.sample(range(6), chance.choice([1, 1, 2, 3]))))
                moment = kept + chance.choice([0, 1, 3, 8, 20, 28, 35]) * day
                results.append(
                    made.text(offset, f"m{chance.randrange(14)}", published_at=moment, story_keys=given)
                )
                offset += 1
            await writer.write(Batch(log_id="c", results=tuple(results)))
        agree(engine)


async def test_a_copy_of_what_was_pruned_and_of_what_is_kept_makes_them_one(writer, engine, made):
    day = timedelta(days=1)
    gone = made.text(0, id="a", story_keys=(1,), published_at=MIDNIGHT - day)
    here = made.text(1, id="b", story_keys=(2,), published_at=MIDNIGHT + day)
    await writer.write(Batch(log_id="c", results=(gone, here)))
    prune(engine)
    both = made.text(2, id="c", story_keys=(1, 2), published_at=MIDNIGHT + 2 * day)
    await writer.write(Batch(log_id="c", results=(both,)))
    assert counted(engine, "SELECT count(*), count(DISTINCT story_id) FROM mention") == [(2, 1)]
    assert counted(engine, "SELECT count(DISTINCT story_id) FROM story_key") == [(1,)]
    agree(engine)
