"""The same loop by somebody who has read about delivery: offsets are committed after the transaction, and a
record that comes again changes nothing. aiokafka's documentation shows the commit, PostgreSQL's the rest."""

import asyncio
import json

import psycopg
from aiokafka import AIOKafkaConsumer

from .judging import MENTION, SENTIMENT, Judge, insert, mention_row
from .where import BATCH, SESSION_TIMEOUT, Where


async def main(where: Where) -> None:
    judge = Judge()
    consumer = AIOKafkaConsumer(
        where.topic,
        bootstrap_servers=where.bootstrap,
        group_id=where.group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=int(SESSION_TIMEOUT * 1000),
    )
    await consumer.start()
    try:
        async with await psycopg.AsyncConnection.connect(where.database) as connection:
            while True:
                found = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
                posts = [json.loads(record.value) for records in found.values() for record in records]
                if not posts:
                    continue
                verdicts = await asyncio.to_thread(judge, posts)
                async with connection.transaction(), connection.cursor() as cursor:
                    await cursor.executemany(insert("mention", MENTION, ["id"]), map(mention_row, posts))
                    await cursor.executemany(
                        insert("sentiment", SENTIMENT, ["mention_id", "place"]), verdicts
                    )
                await consumer.commit()
    finally:
        await consumer.stop()


if __name__ == "__main__":
    asyncio.run(main(Where.told()))
