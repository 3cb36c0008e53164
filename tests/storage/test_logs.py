"""Which life of a topic a record is from: told by Kafka's topic id, registered once, whoever asks first."""

import asyncio

import pytest
from sqlalchemy import text

from monitor.storage.logs import find_logs


async def test_the_first_life_is_named_as_before_and_a_further_one_by_its_id(writer, engine):
    assert await writer.open_logs("c", {"t": "id-1", "p": None}) == {"t": "c", "p": "c"}
    assert await writer.open_logs("c", {"t": "id-2"}) == {"t": "c/id-2"}
    assert await writer.open_logs("d", {"t": "id-2"}) == {"t": "d"}
    assert await writer.open_logs("c", {"t": "id-1"}) == {"t": "c"}
    with engine.connect() as connection:
        lives = connection.execute(
            text("SELECT log_id, topic, cluster_id, topic_id FROM log ORDER BY opened_at, topic")
        ).all()
    assert {tuple(life) for life in lives} == {
        ("c", "t", "c", "id-1"),
        ("c", "p", "c", None),
        ("c/id-2", "t", "c", "id-2"),
        ("d", "t", "d", "id-2"),
    }


async def test_an_id_that_is_learned_later_belongs_to_the_life_there_is(writer):
    assert await writer.open_logs("c", {"t": None}) == {"t": "c"}
    assert await writer.open_logs("c", {"t": "id-1"}) == {"t": "c"}
    assert await writer.open_logs("c", {"t": "id-2"}) == {"t": "c/id-2"}
    # A broker that tells no id: the latest one known.
    assert await writer.open_logs("c", {"t": None}) == {"t": "c/id-2"}


async def test_workers_that_meet_a_new_life_at_once_agree(writer, engine):
    await writer.open_logs("c", {"t": "id-1"})
    found = await asyncio.gather(*(writer.open_logs("c", {"t": "id-2", "p": "id-9"}) for _ in range(5)))
    assert found == [{"t": "c/id-2", "p": "c"}] * 5
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM log")).scalar_one() == 3


@pytest.mark.parametrize(
    ("known", "asked", "log_id"),
    [
        ((), "id-1", "c"),
        ((), None, "c"),
        ((None,), "id-1", "c"),
        (("id-1",), "id-2", "c/id-2"),
        (("id-1", "id-2"), "id-1", "c"),
        (("id-1", "id-2"), None, "c/id-2"),
    ],
)
async def test_looking_one_up_writes_nothing_and_says_the_same(writer, engine, known, asked, log_id):
    for topic_id in known:
        await writer.open_logs("c", {"t": topic_id})
    with engine.connect() as connection:
        assert find_logs(connection, "c", {"t": asked}) == {"t": log_id}
        assert connection.execute(text("SELECT count(*) FROM log")).scalar_one() == len(known)
    assert await writer.open_logs("c", {"t": asked}) == {"t": log_id}
