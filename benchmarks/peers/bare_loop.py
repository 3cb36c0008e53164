"""A loop over aiokafka's `getmany` as tutorials write it: auto-commit, `executemany`, plain inserts."""

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
        session_timeout_ms=int(SESSION_TIMEOUT * 1000),
        value_deserializer=json.loads,
    )
    await consumer.start()
    try:
        async with await psycopg.AsyncConnection.connect(where.database) as connection:
            while True:
                found = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
                posts = [record.value for records in found.values() for record in records]
                if not posts:
                    continue
                verdicts = await asyncio.to_thread(judge, posts)
                async with connection.transaction(), connection.cursor() as cursor:
                    await cursor.executemany(insert("mention", MENTION), map(mention_row, posts))
                    await cursor.executemany(insert("sentiment", SENTIMENT), verdicts)
    finally:
        await consumer.stop()


if __name__ == "__main__":
    asyncio.run(main(Where.told()))
