"""Creates the topics, and says where existing ones differ from the settings. Never alters one."""

import asyncio
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from monitor.errors import OutageError, SetupError
from monitor.settings import Settings
from monitor.stream.clients import ENVELOPE, open_admin

INPUTS: Final = ("text", "image")
"""The topics workers consume."""

OUTPUTS: Final = ("dead", "findings", "alerts")
"""The topics the service publishes to."""

_POLL: Final = 0.2
"""Seconds between looks at a broker that is starting or spreading news of a topic."""

_SPREAD: Final = 15.0
"""Seconds until a created topic must be known to the broker asked; one node takes a fraction of one."""


class TopicCondition(StrEnum):
    """What `create_topics` found or did."""

    CREATED = "created"
    PRESENT = "present"
    DIFFERENT = "different"


@dataclass(frozen=True)
class TopicState:
    """One topic after `create_topics`; `differences` tells settings that an existing topic does not have."""

    name: str
    condition: TopicCondition
    partitions: int
    differences: tuple[str, ...] = ()

    def __str__(self) -> str:
        note = f" ({'; '.join(self.differences)})" if self.differences else ""
        return f"{self.name}: {self.condition.value}, {self.partitions} partitions{note}"


async def create_topics(settings: Settings) -> list[TopicState]:
    """Create what is missing, with partitions, replication and max.message.bytes of the settings.

    Calling it again changes nothing. Raises `OutageError` where no broker answers, `SetupError` where it
    refuses (too few brokers for the replication, no right to create).
    """
    wanted = {settings.topic(name): _size_limit(settings, name) for name in INPUTS + OUTPUTS}
    async with open_admin(settings) as admin:
        there = set(await admin.list_topics())
        missing = [name for name in wanted if name not in there]
        if missing:
            await _create(admin, settings, {name: wanted[name] for name in missing})
        described = {topic["topic"]: topic for topic in await admin.describe_topics(list(wanted))}
        limits = await _size_limits(admin, list(wanted))
    return [
        _state(settings, described[name], limits.get(name), wanted[name], created=name in missing)
        for name in wanted
    ]


async def missing_topics(settings: Settings, names: tuple[str, ...] = INPUTS + OUTPUTS) -> list[str]:
    """Full names of the topics that are not there. Asks for the list: asking for a topic could create it."""
    async with open_admin(settings) as admin:
        there = set(await admin.list_topics())
    return [settings.topic(name) for name in names if settings.topic(name) not in there]


async def wait_for_broker(settings: Settings, timeout: float) -> None:  # noqa: ASYNC109 - a whole wait, not a call
    """Wait until a broker answers; raises `OutageError` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            async with open_admin(settings) as admin:
                await admin.list_topics()
        except OutageError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(_POLL)
        else:
            return


def _size_limit(settings: Settings, name: str) -> int:
    # A dead letter is its message plus headers that say what was wrong: it must fit where the message did.
    return settings.max_message_bytes + (ENVELOPE if name == "dead" else 0)


async def _create(admin: AIOKafkaAdminClient, settings: Settings, limits: dict[str, int]) -> None:
    new = [
        NewTopic(
            name,
            settings.topic_partitions,
            settings.topic_replication,
            topic_configs={"max.message.bytes": str(limit)},
        )
        for name, limit in limits.items()
    ]
    response = await admin.create_topics(new, timeout_ms=int(_SPREAD * 1000))
    for name, code, message in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:  # somebody else was faster: just as well
            raise SetupError(f"Kafka did not create topic {name!r}: {message or error.description}")
    deadline = time.monotonic() + _SPREAD
    while not set(limits) <= set(await admin.list_topics()):
        if time.monotonic() > deadline:
            raise OutageError(
                f"Kafka accepted topics {sorted(limits)} but does not list them after {_SPREAD:.0f} s"
            )
        await asyncio.sleep(_POLL)


async def _size_limits(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, int]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    limits: dict[str, int] = {}
    for response in await admin.describe_configs(resources):
        for resource in response.resources:
            for name, value in (entry[:2] for entry in resource[4]):
                if name == "max.message.bytes":
                    limits[resource[3]] = int(value)
    return limits


def _state(
    settings: Settings, described: dict[str, Any], limit: int | None, wanted_limit: int, *, created: bool
) -> TopicState:
    partitions = described["partitions"]
    differences = []
    if len(partitions) != settings.topic_partitions:
        differences.append(f"settings say {settings.topic_partitions} partitions")
    replicas = min((len(partition["replicas"]) for partition in partitions), default=0)
    if replicas != settings.topic_replication:
        differences.append(f"{replicas} replicas, settings say {settings.topic_replication}")
    if limit is not None and limit != wanted_limit:
        differences.append(f"max.message.bytes is {limit:,}, settings say {wanted_limit:,}")
    condition = TopicCondition.CREATED if created else TopicCondition.PRESENT
    if differences:
        condition = TopicCondition.DIFFERENT
    return TopicState(described["topic"], condition, len(partitions), tuple(differences))
