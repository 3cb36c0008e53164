"""What no publisher can do: stop the stream. Each of these records stopped a worker for good."""

import asyncio
import json
import time
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.structs import TopicPartition

from monitor.errors import ErrorCode
from monitor.stream.clients import open_admin
from monitor.stream.dead_letters import read_dead_letters
from tests.stream.batches import batch, record

AGENTS = "texts"
JSON = [(b"content-type", b"application/json")]


def mention(id: str, text: str) -> bytes:
    body = {"id": id, "source": "poison", "text": text, "published_at": "2026-03-01T09:30:00Z"}
    return json.dumps(body).encode()


def put(deployment: Any, data: bytes, partition: int = 0) -> None:
    """A batch of our own making, as it is."""

    async def send() -> None:
        topic = deployment.settings.topic("text")
        client = AIOKafkaClient(bootstrap_servers=deployment.settings.bootstrap_servers)
        await client.bootstrap()
        client.set_topics([topic])
        await client.force_metadata_update()
        leader = client.cluster.leader_for_partition(TopicPartition(topic, partition))
        request = ProduceRequest(None, -1, 10_000, [(topic, [(partition, data)])])
        answer = await client.send(leader, request)
        await client.close()
        (_, ((_, error, *_),)) = answer.topics[0]
        if error:
            pytest.skip(f"this broker refuses such a batch itself: error {error}")

    asyncio.run(send())


def stored(deployment: Any) -> set[str]:
    return {id for (id,) in deployment.rows("SELECT external_id FROM mention WHERE source = 'poison'")}


def letters(deployment: Any) -> list[str]:
    return [code for (code,) in deployment.rows("SELECT error_code FROM dead_letter ORDER BY record_offset")]


def test_a_header_name_that_is_not_utf8_costs_nothing(steady: Any) -> None:
    odd = record(0, mention("odd", "VMware is fine"), headers=[(b"\xff\xfe", b"\x00"), *JSON])
    put(steady, batch(0, [odd]))
    steady.wait(lambda: "odd" in stored(steady), what="the mention stored")


def test_a_batch_that_unpacks_to_gigabytes_is_one_dead_letter(steady: Any) -> None:
    bomb = batch(0, [record(n, mention(f"bomb{n}", "0" * 20_000_000)) for n in range(8)], codec=1)
    assert len(bomb) < 400_000
    put(steady, bomb)
    put(steady, batch(0, [record(0, mention("after", "VMware"))]))
    steady.wait(lambda: "after" in stored(steady), what="what comes behind it stored")
    steady.wait(lambda: "batch-unreadable" in letters(steady), what="a dead letter")
    (filed,) = asyncio.run(read_dead_letters(steady.settings, code=ErrorCode.BATCH_UNREADABLE))
    assert filed.letter.value[61:] == bomb[61:], "as it lay in the log, to look into"
    assert steady.started[0].process.pid is not None


def test_a_text_that_names_a_brand_thousands_of_times_is_a_matter_of_seconds(steady: Any) -> None:
    """Every place was a run of the model: 1,600 took 75 s, 14,000 were given up."""
    started = time.monotonic()
    steady.post_raw("text", mention("often", "VMware " * 14_000))
    steady.wait(lambda: "often" in stored(steady), what="stored")
    assert time.monotonic() - started < 45
    ((places, toward),) = steady.rows(
        "SELECT (SELECT count(*) FROM brand_mention AS b WHERE b.mention_id = m.id), "
        "(SELECT count(*) FROM sentiment AS s WHERE s.mention_id = m.id AND brand_id IS NOT NULL) "
        "FROM mention AS m WHERE external_id = 'often'"
    )
    assert (places, toward) == (100, 1)


@pytest.mark.parametrize("codec", ["snappy", "lz4", "zstd"])
def test_what_clients_compress_by_default_is_read(steady: Any, codec: str) -> None:
    async def publish() -> None:
        servers = steady.settings.bootstrap_servers
        async with AIOKafkaProducer(bootstrap_servers=servers, compression_type=codec) as producer:
            await producer.send_and_wait(steady.settings.topic("text"), mention(codec, "a fine thing"))

    asyncio.run(publish())
    steady.wait(lambda: codec in stored(steady), what="stored")


def test_the_books_balance_after_all_that(steady: Any) -> None:
    steady.wait_for_all()
    assert steady.audit().faults == ()


def test_a_topic_deleted_and_made_anew_is_a_new_log_and_nothing_of_it_is_lost(deployment: Any) -> None:
    """300 of 500 were lost, with a lag of -200 and an audit that said ok."""
    text = deployment.settings.topic("text")
    worker = deployment.worker("texts")
    deployment.publish(("text", mention(f"old{n}", "t"), f"k{n}".encode(), None) for n in range(300))
    deployment.wait_for_all()

    async def anew() -> None:
        from monitor.stream.topics import create_topics

        async with open_admin(deployment.settings) as admin:
            await admin.delete_topics([text])
            async with asyncio.timeout(30):
                while text in await admin.list_topics():  # noqa: ASYNC110 - a server's word
                    await asyncio.sleep(0.1)
        await create_topics(deployment.settings)

    asyncio.run(anew())
    deployment.publish(("text", mention(f"new{n}", "t"), f"k{n}".encode(), None) for n in range(450))
    deployment.publish(("text", mention(f"old{n}", "better"), f"k{n}".encode(), None) for n in range(50))
    deployment.wait(lambda: worker.process.pid is None, seconds=120, what="the worker ends: its log is gone")
    deployment.worker("texts")
    wanted = {f"old{n}" for n in range(300)} | {f"new{n}" for n in range(450)}
    deployment.wait(lambda: stored(deployment) == wanted, seconds=120, what="both lives")
    # However low its offset, a correction in the new log wins.
    better = "SELECT count(*) FROM mention WHERE text = 'better'"
    deployment.wait(lambda: deployment.rows(better) == [(50,)], seconds=120, what="50 corrections")
    # The embedded broker keeps the old life's offsets, so that its lag says nothing until they are passed.
    deployment.wait(
        lambda: deployment.audit().ok and deployment.lag() == 0, seconds=120, what="books that balance"
    )
