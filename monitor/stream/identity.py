"""Which log this is: the Kafka cluster's id and each topic's id.

A topic deleted and created anew keeps its name and starts its offsets again; only its id tells the two apart.
aiokafka 0.14 asks for metadata in version 5, which has no ids, so the request stands here in version 12
(Kafka 3.0 and later; KIP-516).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from uuid import UUID

from aiokafka.errors import IncompatibleBrokerVersion
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from monitor.settings import Settings
from monitor.stream.clients import open_admin
from monitor.stream.topics import INPUTS


@dataclass(frozen=True)
class LogIdentity:
    """A cluster, and the ids of its topics: `None` where the broker tells none."""

    cluster_id: str
    topic_ids: Mapping[str, str | None]


async def read_log(settings: Settings, names: Collection[str] = INPUTS) -> LogIdentity:
    """Ask a broker who it is, and for the ids of those of the topics `text`, `image`, ... that are there.

    Raises `OutageError` where no broker answers.
    """
    topics = [settings.topic(name) for name in names]
    async with open_admin(settings) as admin:
        cluster = str((await admin.describe_cluster())["cluster_id"])
        there = [topic for topic in topics if topic in await admin.list_topics()]
        try:
            answer = await admin._send_request(_MetadataRequest(there))
        except (IncompatibleBrokerVersion, NotImplementedError):
            return LogIdentity(cluster, dict.fromkeys(there))
    ids = {name: None if id.int == 0 else str(id) for _, name, id, *_ in answer.topics}
    return LogIdentity(cluster, {topic: ids.get(topic) for topic in there})


class _Uuid(AbstractType[UUID]):  # type: ignore[misc]
    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: Any) -> UUID:
        return UUID(bytes=data.read(16))

    @classmethod
    def repr(cls, value: UUID) -> str:
        return str(value)


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("in_sync", CompactArray(Int32)),
                        ("offline", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _MetadataRequestStruct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(("topic_id", _Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields)),
        ),
        ("create", Boolean),
        ("authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


_ANY: Final = UUID(int=0)


class _MetadataRequest(Request[_MetadataRequestStruct]):  # type: ignore[misc]
    API_KEY: ClassVar[int] = 3

    def __init__(self, topics: Collection[str]) -> None:
        self._topics: list[tuple[UUID, str, dict[int, bytes]]] = [(_ANY, topic, {}) for topic in topics]

    def build(self, request_struct_class: type[_MetadataRequestStruct]) -> _MetadataRequestStruct:
        return request_struct_class(self._topics, False, False, {})
