"""Tells of mentions that `brand-monitor forget` deleted: nobody reads of them in the log.

At least once; what a run left untold that was killed, or found no Kafka, `brand-monitor schedule` tells: a
mark in `deleted_mention` keeps source and id until Kafka has acknowledged that they were told. Of a mention
that was published again by then nobody is told that it is gone.
"""

from collections.abc import Sequence
from math import inf
from time import monotonic
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from sqlalchemy import Engine, Row, text

from monitor.errors import SetupError
from monitor.messages import Deleted, encode
from monitor.settings import Settings
from monitor.storage.faults import translated
from monitor.stream.clients import kafka_faults, open_producer
from monitor.stream.topics import missing_topics

_AT_ONCE: Final = 1_000


async def tell_untold(engine: Engine, settings: Settings, seconds: float = inf) -> int:
    """Publish a `Deleted` to `PREFIX.findings` for each mark that is untold; how many. What takes longer than
    so many seconds waits for the next call: `forget` may be adding to it for hours.

    Where nothing is published there (`publish_findings`), source and id are blanked all the same. Needs the
    rights of brand_monitor_write. Raises `OutageError` and `SetupError`.
    """
    if not _untold(engine):
        return 0
    if not settings.publish_findings:
        return await _tell(engine, settings, None, seconds)
    if missing := await missing_topics(settings, ("findings",)):
        raise SetupError(f"Kafka has no topic {missing[0]}; run `brand-monitor topics create`")
    async with open_producer(settings) as producer:
        return await _tell(engine, settings, producer, seconds)


async def _tell(engine: Engine, settings: Settings, producer: AIOKafkaProducer | None, seconds: float) -> int:
    told, until = 0, monotonic() + seconds
    while (untold := _untold(engine)) and (not told or monotonic() < until):
        gone = [row for row in untold if not row.back]
        if producer is not None:
            with kafka_faults(settings):
                topic = settings.topic("findings")
                sent = [
                    await producer.send(topic, key=row.external_id.encode(), value=encode(_deleted(row)))
                    for row in gone
                ]
                for answer in sent:
                    await answer
        with translated(), engine.begin() as connection:
            given = {"ids": [row.id for row in untold], "moments": [row.deleted_at for row in untold]}
            connection.execute(_BLANK, given)
        told += len(gone)
    return told


def _untold(engine: Engine) -> Sequence[Row[Any]]:
    with translated(), engine.connect() as connection:
        return connection.execute(_UNTOLD, {"limit": _AT_ONCE}).all()


def _deleted(row: Row[Any]) -> Deleted:
    return Deleted(kind=row.kind, id=row.external_id, source=row.source, deleted_at=row.deleted_at)


_UNTOLD: Final = text("""
    SELECT id, kind, source, external_id, deleted_at,
           EXISTS (SELECT FROM mention AS m WHERE m.id = d.id) AS back
    FROM deleted_mention AS d WHERE source IS NOT NULL ORDER BY deleted_at LIMIT :limit
""")

_BLANK: Final = text("SELECT deletion_told(CAST(:ids AS uuid[]), CAST(:moments AS timestamptz[]))")
