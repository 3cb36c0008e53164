"""Finds the mentions of which a query is true, a page at a time, with bounded work.

What common words say stands in the beginning of a list; what rare words say the index of words gives at once.
So the beginning is looked through first. If that does not fill the page, the index is asked, unless it would
give too much; else the list is looked through further, up to a limit. Where a limit is reached, the search
says how far it came, and goes on from there when asked again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, text

from monitor.queries import Query
from monitor.reports.judging import Judge, lexemes, may_say, narrowed
from monitor.reports.listing import Listed, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of the work of one search."""

    walked: int = 25_000
    """Mentions of the list whose words are looked at."""
    read: int = 2_000
    """Texts that are read, a third of a second's work; fewer of long ones, and of queries that ask for no
    word four times as many mentions."""
    indexed: int = 20_000
    """Mentions that the index of words may give."""
    beginning: int = 1_000
    """Mentions that are walked past before the index is asked: what one text in forty says fills a page."""
    step: int = 200
    """Mentions walked past at a time, at first: most pages are full after a few."""


@dataclass(slots=True)
class Found:
    """What a search found, in order."""

    ids: list[UUID] = field(default_factory=list)
    looked_at: int = 0
    """Mentions looked at."""
    stopped_at: Row[Any] | None = None
    """Where a limit was reached, the last of them (`id`, `published_at`, `reach`)."""


def find(
    connection: Connection,
    query: Query,
    listed: Listed,
    limit: int,
    after: Place | None = None,
    limits: Limits = Limits(),
) -> Found:
    """The first `limit` mentions listed, or of those behind a place, of which the query is true."""
    chosen = narrowed(connection, listed.chosen, query, listed.label)
    if chosen is None:
        return Found()
    search = _Search(connection, query, replace(listed, chosen=chosen), limits, limit)
    search.run(after)
    return search.found


class _Search:
    def __init__(
        self, connection: Connection, query: Query, listed: Listed, limits: Limits, limit: int
    ) -> None:
        self.found = Found()
        self._connection = connection
        self._listed = listed
        self._limits = limits
        self._limit = limit
        self._judge = Judge(connection, query)
        self._lexemes = lexemes(query)
        self._condition = "true" if self._lexemes is None else may_say("m")
        # How one feels is looked up while walking: few may feel so, and a list of them would be a long walk.
        self._walk = replace(listed, label=None)
        self._of_the_walk = f"{self._condition} AND {listed.feels()}" if listed.label else self._condition
        self._columns = self._judge.columns("m")
        self._left_to_read: float = limits.read

    def run(self, after: Place | None) -> None:
        place, left, asked = after, self._limits.walked, self._lexemes is None
        for times in chain(_TIMES, repeat(_TIMES[-1])):
            size = min(times * self._limits.step, left)
            rows = self._walked(size, place)
            if self._take(rows) or not rows or rows[-1].place < size:
                return
            place, left = self._listed.place(rows[-1], rows[-1].id), left - size
            if left <= 0:
                self.found.stopped_at = rows[-1]
                return
            if not asked and self._limits.walked - left >= self._limits.beginning:
                asked = True
                indexed = self._indexed(place)
                if indexed is not None:
                    self._take(indexed)
                    return

    def _take(self, rows: Sequence[Row[Any]]) -> bool:
        """Judge rows; whether the search is over, the page being full or enough having been read."""
        before = self.found.looked_at
        for row, judged in self._read(rows):
            self.found.looked_at = before + row.place
            if judged is None:
                continue
            if self._judge.is_true_of(judged):
                self.found.ids.append(row.id)
                if len(self.found.ids) == self._limit:
                    return True
            self._left_to_read -= (
                1 + len(judged.text or "") / _CHARS if self._judge.reads else _WITHOUT_READING
            )
            if self._left_to_read <= 0:
                self.found.stopped_at = row
                return True
        return False

    def _walked(self, size: int, after: Place | None) -> Sequence[Row[Any]]:
        """Of the next `size` mentions of the list those that the query may be true of, and the last one."""
        query = f"""
            SELECT near.*, {self._of_the_walk} AS may_be
            FROM (SELECT *, row_number() OVER () AS place, count(*) OVER () AS n
                  FROM ({self._walk.sql(after)}) AS first) AS near
            JOIN mention AS m ON m.id = near.id
            WHERE {self._of_the_walk} OR near.place = near.n ORDER BY near.place
        """  # noqa: S608 - the conditions are our own; their values travel as parameters
        return self._connection.execute(text(query), self._values(size, after)).all()

    def _indexed(self, after: Place) -> Sequence[Row[Any]] | None:
        """What the index of words gives behind a place, in order; None where that is too much."""
        rows = self._listed.looked_up(self._condition, after)
        values = self._values(self._limits.indexed + 1, after)
        plan = self._connection.execute(text(f"EXPLAIN (FORMAT JSON) {rows}"), values).scalar_one()
        if plan[0]["Plan"]["Total Cost"] > _DEAREST:
            return None
        some = f"""
            SELECT *, row_number() OVER () AS place, true AS may_be
            FROM ({self._listed.in_order(f"{rows} LIMIT :limit")}) AS given ORDER BY place
        """  # noqa: S608 - as above
        found = self._connection.execute(text(some), values).all()
        return found if len(found) <= self._limits.indexed else None

    def _read(self, rows: Sequence[Row[Any]]) -> Iterator[tuple[Row[Any], Row[Any] | None]]:
        """Each with what it is judged by, None where the query cannot be true of it; few texts at a time,
        which may be long."""
        query = text(f"SELECT m.id, {self._columns} FROM mention AS m WHERE m.id = ANY(:ids)")  # noqa: S608
        for first in range(0, len(rows), _AT_ONCE):
            some = rows[first : first + _AT_ONCE]
            ids = [row.id for row in some if row.may_be]
            judged = {row.id: row for row in self._connection.execute(query, {"ids": ids})} if ids else {}
            yield from ((row, judged.get(row.id)) for row in some)

    def _values(self, limit: int, after: Place | None) -> dict[str, Any]:
        return {**self._listed.values(self._connection, limit, after), "lexemes": self._lexemes}


_TIMES: Final = (1, 5, 25)
"""How many steps are taken at a time."""

_CHARS: Final = 500
"""Characters that take as long to read as it takes to fetch a text and begin."""

_WITHOUT_READING: Final = 0.25

_AT_ONCE: Final = 200

_DEAREST: Final = 100_000.0
"""What the planner may expect a look-up in the index to cost: some 20,000 rows, a second where none is in
memory."""
