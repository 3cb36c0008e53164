"""Topics, positions and the log's identity, as both brokers report them."""

import asyncio
from typing import Any

import pytest

from monitor.errors import OutageError, SetupError
from monitor.local.child import free_port
from monitor.settings import load_settings
from monitor.stream.clients import open_admin
from monitor.stream.identity import read_log
from monitor.stream.positions import read_positions
from monitor.stream.topics import TopicCondition, create_topics, wait_for_broker


async def test_topics_are_created_once_and_differences_told(site: Any) -> None:
    again = await create_topics(site.settings)
    assert [topic.name.rpartition(".")[2] for topic in again] == [
        "text",
        "image",
        "dead",
        "findings",
        "alerts",
    ]
    assert {topic.condition for topic in again} == {TopicCondition.PRESENT}
    other = site.settings.model_copy(update={"topic_partitions": 3, "max_message_bytes": 1_000_000})
    changed = await create_topics(other)
    assert {topic.condition for topic in changed} == {TopicCondition.DIFFERENT}
    assert changed[0].partitions == 1
    assert "settings say 3 partitions" in str(changed[0])
    assert "max.message.bytes is 16,777,216, settings say 1,000,000" in str(changed[0])


async def test_positions_count_every_record(site: Any) -> None:
    await site.publish("text", 7)
    text = next(one for one in await read_positions(site.settings) if one.topic.endswith(".text"))
    assert (text.low, text.high, text.committed, text.lag) == (0, 7, None, 7)


async def test_positions_of_topics_never_created_say_what_to_do(broker: Any) -> None:
    settings = load_settings(kafka_url=broker.url, topic_prefix="never-created")
    with pytest.raises(SetupError, match="brand-monitor topics create"):
        await read_positions(settings)


async def test_a_topic_made_anew_has_another_id_in_the_same_cluster(site: Any) -> None:
    first = await read_log(site.settings)
    assert first == await read_log(site.settings)
    text, image = site.settings.topic("text"), site.settings.topic("image")
    async with open_admin(site.settings) as admin:
        await admin.delete_topics([text])
    async with asyncio.timeout(20):
        while text in (gone := await read_log(site.settings)).topic_ids:  # noqa: ASYNC110 - a server's word
            await asyncio.sleep(0.1)
    assert gone.topic_ids == {image: first.topic_ids[image]}

    await create_topics(site.settings)
    second = await read_log(site.settings)
    assert second.cluster_id == first.cluster_id != ""
    assert second.topic_ids[image] == first.topic_ids[image]
    assert None not in (first.topic_ids[text], second.topic_ids[text])
    assert first.topic_ids[text] != second.topic_ids[text]


async def test_a_broker_that_is_not_there_is_an_outage_that_says_so() -> None:
    settings = load_settings(kafka_url=f"kafka://127.0.0.1:{free_port()}")
    with pytest.raises(OutageError, match="MONITOR_KAFKA_URL"):
        await wait_for_broker(settings, timeout=0.3)
