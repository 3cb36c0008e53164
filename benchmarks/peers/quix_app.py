"""Quix Streams: a streaming data frame and its PostgreSQL sink, twice, since a post has one row of its own
and one for each verdict. It hands on one record at a time; the sinks write at each checkpoint, every second.
"""

from psycopg.conninfo import conninfo_to_dict
from quixstreams import Application
from quixstreams.sinks.community.postgresql import PostgreSQLSink

from .judging import Judge, mention_row
from .where import SESSION_TIMEOUT, Where


def main(where: Where) -> None:
    judge = Judge()
    application = Application(
        broker_address=where.bootstrap,
        consumer_group=where.group,
        auto_offset_reset="earliest",
        commit_interval=1.0,
        state_dir=where.folder,
        consumer_extra_config={"session.timeout.ms": int(SESSION_TIMEOUT * 1000)},
    )
    posts = application.dataframe(application.topic(where.topic, value_deserializer="json"))
    posts.apply(mention_row).sink(_sink(where.database, "mention", ["id"]))
    verdicts = posts.apply(lambda post: judge([post]), expand=True)
    verdicts.sink(_sink(where.database, "sentiment", ["mention_id", "place"]))
    application.run()


def _sink(database: str, table: str, keys: list[str]) -> PostgreSQLSink:
    url = conninfo_to_dict(database)
    return PostgreSQLSink(
        host=url["host"],
        port=int(url["port"]),
        dbname=url["dbname"],
        user=url["user"],
        password=url["password"],
        table_name=table,
        schema_auto_update=False,  # the tables are there, and asking for every column costs each checkpoint
        include_metadata=False,
        primary_key_columns=keys,
        upsert_on_primary_key=True,
    )


if __name__ == "__main__":
    main(Where.told())
