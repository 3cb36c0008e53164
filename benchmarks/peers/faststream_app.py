"""FastStream: a batch subscriber with a Pydantic model. The command line names the acknowledgement, of those
that its documentation recommends for "at least once": `ack` or `nack_on_error`."""

import asyncio
import sys
from datetime import datetime

import psycopg
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from pydantic import BaseModel

from .judging import MENTION, SENTIMENT, Judge, insert, mention_row
from .where import BATCH, SESSION_TIMEOUT, Where


class Post(BaseModel):
    id: str
    source: str
    text: str
    published_at: datetime
    author: str | None = None
    lang: str | None = None


async def main(where: Where, policy: AckPolicy) -> None:
    judge = Judge()
    connection = await psycopg.AsyncConnection.connect(where.database)
    broker = KafkaBroker(where.bootstrap)

    @broker.subscriber(
        where.topic,
        group_id=where.group,
        batch=True,
        max_records=BATCH,
        auto_offset_reset="earliest",
        ack_policy=policy,
        session_timeout_ms=int(SESSION_TIMEOUT * 1000),
    )
    async def store(received: list[Post]) -> None:
        posts = [each.model_dump() for each in received]
        verdicts = await asyncio.to_thread(judge, posts)
        async with connection.transaction(), connection.cursor() as cursor:
            await cursor.executemany(insert("mention", MENTION, ["id"]), map(mention_row, posts))
            await cursor.executemany(insert("sentiment", SENTIMENT, ["mention_id", "place"]), verdicts)

    await FastStream(broker).run()


if __name__ == "__main__":
    asyncio.run(main(Where.told(), AckPolicy(sys.argv[1])))
