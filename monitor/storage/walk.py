"""What is stored, gone over: mentions newest first, without a lock, a batch at a time and no more in hand.

Whoever changes something locks it first, in the order of `monitor.storage.writer`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, text

from monitor.messages import BrandMention
from monitor.storage.faults import translated
from monitor.storage.schema import check_revision

BATCH: Final = 500
"""Mentions looked at together, and at most so many locked at a time: for some tenths of a second."""


@dataclass(frozen=True)
class Walk:
    """Over the mentions `m` that meet a condition; both arguments are SQL of our own, `given` its values.

    Every row has id and published_at besides the columns. Raises `OutageError` and `SetupError`.
    """

    columns: str
    condition: str = "true"
    given: Mapping[str, Any] = field(default_factory=dict)

    def how_many(self, engine: Engine, since: datetime, until: datetime) -> int:
        """Mentions published in [since, until) that meet the condition."""
        query = text(f"""
            SELECT count(*) FROM mention AS m
            WHERE m.published_at >= :since AND m.published_at < :until AND ({self.condition})
        """)  # noqa: S608 - our own words
        with translated(), engine.connect() as connection:
            check_revision(connection)
            found = connection.execute(query, {**self.given, "since": since, "until": until})
            return int(found.scalar_one())

    def batches(self, engine: Engine, since: datetime, until: datetime) -> Iterator[Sequence[Row[Any]]]:
        """Those mentions, newest first; what comes or goes meanwhile may be seen or not."""
        query = text(f"""
            SELECT m.id, m.published_at, {self.columns} FROM mention AS m
            WHERE m.published_at >= :since AND (m.published_at, m.id) < (:moment, :id) AND ({self.condition})
            ORDER BY m.published_at DESC, m.id DESC LIMIT :limit
        """)  # noqa: S608 - our own words
        # The first batch begins before `until`: no id is lower than that of zeros.
        moment, id = until, UUID(int=0)
        while True:
            place = {"since": since, "moment": moment, "id": id, "limit": BATCH}
            with translated(), engine.connect() as connection:
                rows = connection.execute(query, {**self.given, **place}).all()
            if not rows:
                return
            yield rows
            moment, id = rows[-1].published_at, rows[-1].id

    def named(
        self, connection: Connection, ids: Collection[UUID], *, lock: bool = False
    ) -> Sequence[Row[Any]]:
        """Those of these mentions that meet the condition now, by id, locked in that order if asked for."""
        query = text(f"""
            SELECT m.id, m.published_at, {self.columns} FROM mention AS m
            WHERE m.id = ANY(:ids) AND ({self.condition})
            ORDER BY m.id {"FOR NO KEY UPDATE OF m" if lock else ""}
        """)  # noqa: S608 - our own words
        return connection.execute(query, {**self.given, "ids": list(ids)}).all()


def brand_places(connection: Connection, ids: Collection[UUID]) -> Mapping[UUID, Sequence[BrandMention]]:
    """Where these mentions name brands, each in the order in which a worker finds the places."""
    found: defaultdict[UUID, list[BrandMention]] = defaultdict(list)
    for id, brand, matched, start, end in connection.execute(_PLACES, {"ids": list(ids)}):
        found[id].append(BrandMention(brand=brand, matched=matched, start=start, end=end))
    return found


_PLACES: Final = text("""
    SELECT n.mention_id, b.name, n.matched, n.start_char, n.end_char
    FROM brand_mention AS n JOIN brand AS b ON b.id = n.brand_id WHERE n.mention_id = ANY(:ids)
    ORDER BY n.mention_id, n.start_char, n.end_char, b.name COLLATE "C"
""")
