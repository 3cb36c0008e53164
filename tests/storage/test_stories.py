"""Copies of one text or picture: whatever the order, the batches and the workers, one story and one lead."""

import asyncio
import random
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, text

from monitor.brands import Brands
from monitor.errors import OutageError
from monitor.messages import mention_uuid
from monitor.settings import Settings
from monitor.storage import schema, story_check
from monitor.storage.deletion import delete
from monitor.storage.engine import async_engine
from monitor.storage.records import Batch, ImageResult, TextResult
from monitor.storage.rows import mention_id
from monitor.storage.writer import BatchWriter
from tests.storage.conftest import NOON, Made

_DAYS = timedelta(days=1)


def _stories(engine: Engine) -> dict[str, str]:
    """External id -> that of its story's lead."""
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT external_id, story_id, lead, published_at, id FROM mention")
        ).all()
    leads = {row.story_id: row for row in found if row.lead}
    assert len(leads) == sum(row.lead for row in found) == len({row.story_id for row in found})
    for row in found:
        lead = leads[row.story_id]
        assert (lead.published_at, lead.id) <= (row.published_at, row.id)
    return {row.external_id: leads[row.story_id].external_id for row in found}


def _keys(engine: Engine) -> None:
    """Table story_key holds the keys of the mentions, and nothing else."""
    with engine.connect() as connection:
        wrong = connection.execute(
            text("""
                WITH expected AS (
                    SELECT DISTINCT key, floor(extract(epoch FROM published_at) / 2592000)::int AS period,
                           story_id
                    FROM mention, unnest(story_keys) AS key
                ), held AS (SELECT key, period, story_id FROM story_key)
                (SELECT * FROM expected EXCEPT ALL SELECT * FROM held)
                UNION ALL (SELECT * FROM held EXCEPT ALL SELECT * FROM expected)
            """)
        ).all()
    assert wrong == []


def _expected(results: Sequence[TextResult]) -> dict[str, str]:
    """The same by comparing every mention with every other one."""
    groups: list[list[TextResult]] = []
    for result in results:
        near = [group for group in groups if any(_copies(result, other) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([result, *(other for group in near for other in group)])
    leads = {}
    for group in groups:
        first = min(group, key=lambda each: (each.mention.published_at, mention_id(each)))
        leads |= {each.mention.id: first.mention.id for each in group}
    return leads


def _copies(one: TextResult, two: TextResult) -> bool:
    periods = [(each.mention.published_at.timestamp() // 2592000) for each in (one, two)]
    return bool(set(one.story_keys) & set(two.story_keys)) and abs(periods[0] - periods[1]) <= 1


def _some(made: Made, chance: random.Random, n: int, keys: int = 12) -> list[TextResult]:
    return [
        made.text(
            offset,
            published_at=NOON + chance.choice([0, 0, 1, 10, 25, 40, 70, 200]) * _DAYS,
            story_keys=tuple(sorted(chance.sample(range(keys), chance.choice([0, 1, 1, 2, 3])))),
        )
        for offset in range(n)
    ]


def _ids(*texts: str) -> list[uuid.UUID]:
    return [mention_uuid("text", "forum", id) for id in texts]


async def _write(writer: BatchWriter, results: Sequence[Any]) -> None:
    await writer.write(Batch(log_id=Made.log_id, results=tuple(results)))


@pytest.mark.parametrize("seed", range(8))
async def test_stories_do_not_depend_on_order_or_batches(
    writer: BatchWriter, engine: Engine, made: Made, seed: int
) -> None:
    chance = random.Random(seed)
    results = _some(made, chance, 40)
    expected = _expected(results)
    for again in range(3):
        with engine.begin() as connection:
            connection.execute(text("TRUNCATE mention, story_key, ingest_batch CASCADE"))
        chance.shuffle(results)
        start = 0
        while start < len(results):
            size = chance.choice([1, 2, 5, 20, 40])
            await _write(writer, results[start : start + size])
            start += size
        assert _stories(engine) == expected, again
        _keys(engine)


@pytest.mark.parametrize("seed", range(8))
async def test_new_versions_redeliveries_and_erasures_leave_what_the_mentions_say(
    writer: BatchWriter, engine: Engine, made: Made, seed: int
) -> None:
    chance = random.Random(seed)
    now: dict[str, TextResult] = {}
    offset = 0
    for _ in range(25):
        step = chance.random()
        if step < 0.2 and now:
            gone = chance.sample(sorted(now), min(len(now), chance.choice([1, 1, 3])))
            with engine.begin() as connection:
                delete(connection, _ids(*gone), "asked to")
            for id in gone:
                del now[id]
        elif step < 0.35 and now:
            await _write(writer, chance.sample(list(now.values()), min(len(now), 3)))
        else:
            batch = []
            for _ in range(chance.choice([1, 3, 8])):
                keys = tuple(sorted(chance.sample(range(5), chance.choice([0, 1, 1, 2, 3]))))
                moment = NOON + chance.choice([0, 1, 2, 40, 70]) * _DAYS
                result = made.text(offset, f"m{chance.randrange(12)}", published_at=moment, story_keys=keys)
                now[result.mention.id] = result
                batch.append(result)
                offset += 1
            await _write(writer, batch)
        assert _stories(engine) == _expected(list(now.values()))
        _keys(engine)


@pytest.mark.parametrize("seed", range(3))
async def test_workers_writing_at_once_find_each_others_copies(
    settings: Settings, brands: Brands, engine: Engine, made: Made, seed: int
) -> None:
    chance = random.Random(seed)
    results = [
        made.text(n, partition=n % 4, published_at=NOON + n * _DAYS / 10, story_keys=keys)
        for n, keys in enumerate(
            tuple(sorted(chance.sample(range(60), chance.choice([1, 2, 2])))) for _ in range(240)
        )
    ]
    newer = {
        result.mention.id: replace(
            result,
            position=msgspec.structs.replace(result.position, offset=result.position.offset + 1000),
            story_keys=tuple(sorted(chance.sample(range(60), 2))),
        )
        for result in results
    }
    worker_engine = async_engine(settings)
    shares: defaultdict[int, list[TextResult]] = defaultdict(list)
    for result in results:
        shares[result.position.partition].append(result)

    async def work(share: list[TextResult]) -> None:
        writer = BatchWriter(worker_engine, brands)
        await writer.prepare()
        for start in range(0, len(share), 6):
            await _write(writer, share[start : start + 6])
            # Delivered again, while the others move its story.
            await _write(writer, share[max(0, start - 3) : start + 3])
        for start in range(0, len(share), 9):
            await _write(writer, [newer[result.mention.id] for result in share[start : start + 3]])

    async with asyncio.timeout(60):
        await asyncio.gather(*(work(share) for share in shares.values()))
    await worker_engine.dispose()
    changed = {share[n].mention.id for share in shares.values() for n in range(len(share)) if n % 9 < 3}
    assert _stories(engine) == _expected(
        [newer[result.mention.id] if result.mention.id in changed else result for result in results]
    )
    _keys(engine)


async def test_a_bridge_makes_two_stories_one_and_takes_them_apart_again(
    writer: BatchWriter, engine: Engine, made: Made
) -> None:
    one = made.text(0, published_at=NOON + _DAYS, story_keys=(1,))
    two = made.text(1, published_at=NOON, story_keys=(2,))
    await _write(writer, [one, two])
    assert _stories(engine) == {"m0": "m0", "m1": "m1"}
    await _write(writer, [made.text(2, "bridge", published_at=NOON + 2 * _DAYS, story_keys=(1, 2))])
    assert _stories(engine) == {"m0": "m1", "m1": "m1", "bridge": "m1"}
    await _write(writer, [made.text(3, "bridge", published_at=NOON + 2 * _DAYS, story_keys=(3,))])
    assert _stories(engine) == {"m0": "m0", "m1": "m1", "bridge": "bridge"}
    _keys(engine)


async def test_a_copy_of_a_year_later_is_a_story_of_its_own(
    writer: BatchWriter, engine: Engine, made: Made
) -> None:
    await _write(writer, [made.text(n, published_at=NOON + n * 365 * _DAYS, story_keys=(1,)) for n in (0, 1)])
    assert _stories(engine) == {"m0": "m0", "m1": "m1"}


async def test_texts_and_pictures_without_keys_are_stories_of_their_own(
    writer: BatchWriter, engine: Engine, made: Made
) -> None:
    await _write(writer, [made.text(0), made.text(1), made.image(2), made.image(3)])
    assert _stories(engine) == {f"m{n}": f"m{n}" for n in range(4)}


async def test_pictures_of_one_story(writer: BatchWriter, engine: Engine, made: Made) -> None:
    pictures: list[ImageResult] = [
        made.image(n, picture=f"street {n}", story_keys=(7, 8 + n)) for n in range(2)
    ]
    await _write(writer, pictures)
    assert set(_stories(engine).values()) in ({"m0"}, {"m1"})


async def test_a_lead_that_is_found_later_moves_the_figures(
    writer: BatchWriter, engine: Engine, made: Made
) -> None:
    named = (made.named(),)
    await _write(writer, [made.text(0, published_at=NOON, story_keys=(1,), brands=named)])
    await _write(writer, [made.text(1, published_at=NOON - _DAYS, story_keys=(1,), brands=named)])
    with engine.connect() as connection:
        counted = connection.execute(
            text("SELECT lead, sum(texts) FROM brand_day GROUP BY lead ORDER BY lead")
        ).all()
        assert [tuple(row) for row in counted] == [(False, 1), (True, 1)]
    assert _stories(engine) == {"m0": "m1", "m1": "m1"}


async def test_what_was_removed_by_hand_is_found_and_mended(
    writer: BatchWriter, engine: Engine, made: Made
) -> None:
    results = [made.text(n, published_at=NOON + n * _DAYS, story_keys=(1, 10 + n)) for n in range(4)]
    await _write(writer, [*results, made.text(9)])
    with engine.begin() as connection:
        assert all(each.ok for each in story_check.compare(connection))
        connection.execute(text("DELETE FROM mention WHERE external_id IN ('m0', 'm2')"))
        assert [each.ok for each in story_check.compare(connection)] == [False, False]
        story_check.rebuild(connection)
        assert all(each.ok for each in story_check.compare(connection))
    assert _stories(engine) == {"m1": "m1", "m3": "m1", "m9": "m9"}
    _keys(engine)


async def test_a_key_that_somebody_writes_without_the_lock_is_found_by_the_next_try(
    writer: BatchWriter, engine: Engine, made: Made
) -> None:
    story, period = uuid.uuid4(), (NOON - datetime(1970, 1, 1, tzinfo=UTC)) // (30 * _DAYS)
    copy = made.text(0, published_at=NOON, story_keys=(1,))
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO story_key (key, period, story_id) VALUES (1, :period, :story)"),
            {"period": period, "story": story},
        )
        waiting = asyncio.create_task(_write(writer, [copy]))
        waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        while connection.execute(waits).scalar_one() == 0:  # noqa: ASYNC110 - the server's, no event tells
            await asyncio.sleep(0.01)
    with pytest.raises(OutageError, match="23505"):
        await waiting
    await _write(writer, [copy])
    with engine.connect() as connection:
        assert connection.execute(text("SELECT story_id FROM mention")).scalars().all() == [story]


async def test_another_copy_of_the_same_keys_keeps_a_story_together(
    writer: BatchWriter, engine: Engine, made: Made
) -> None:
    ends = [made.text(n, published_at=NOON + n * _DAYS, story_keys=(n,)) for n in (1, 2)]
    bridges = [made.text(n, published_at=NOON, story_keys=(1, 2)) for n in (3, 4)]
    await _write(writer, [*ends, *bridges])
    lead = _stories(engine)["m1"]
    other = "m3" if lead == "m4" else "m4"
    with engine.begin() as connection:
        delete(connection, _ids(lead), "asked to")
    assert _stories(engine) == {"m1": other, "m2": other, other: other}
    with engine.begin() as connection:
        delete(connection, _ids(other), "asked to")
    assert _stories(engine) == {"m1": "m1", "m2": "m2"}
    _keys(engine)


async def test_a_lead_that_comes_back_with_more_stays_the_only_one(
    writer: BatchWriter, engine: Engine, made: Made
) -> None:
    await _write(writer, [made.text(n, published_at=NOON + n * _DAYS, story_keys=(1,)) for n in (0, 1)])
    await _write(writer, [made.text(2, "m0", published_at=NOON, story_keys=(1, 2))])
    assert _stories(engine) == {"m0": "m0", "m1": "m0"}


def test_migration_there_and_back(settings: Settings) -> None:
    assert schema.downgrade(settings, "0011") == "0011"
    assert schema.upgrade(settings) == schema.head_revision()
