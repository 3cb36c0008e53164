"""Rows of table `dead_letter` that no letter in Kafka stands for."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, text

_UNPOSTED: Final = text(
    """
    SELECT count(*) FROM dead_letter AS d
    WHERE (CAST(:code AS text) IS NULL OR d.error_code = :code)
      AND NOT EXISTS (
        SELECT FROM unnest(
          CAST(:topics AS text[]), CAST(:partitions AS bigint[]), CAST(:offsets AS bigint[])
        ) AS posted (topic, partition, record_offset)
        WHERE (posted.topic, posted.partition, posted.record_offset) = (d.topic, d.partition, d.record_offset)
      )
    """
)


def unposted(
    connection: Connection, places: Collection[tuple[str, int, int]], code: str | None = None
) -> int:
    """How many dead letters, of `code` if given, came from none of `places` (topic, partition, offset).

    Their letters have left the dead topic after its retention, or it was too small for them.
    """
    given = {
        "code": code,
        "topics": [topic for topic, _, _ in places],
        "partitions": [partition for _, partition, _ in places],
        "offsets": [offset for _, _, offset in places],
    }
    return int(connection.execute(_UNPOSTED, given).scalar_one())
