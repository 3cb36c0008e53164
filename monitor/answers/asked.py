"""Which posts of the queue a query is true of, with bounded work: the newest ones first."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

from monitor.queries import Query
from monitor.reports.filters import Filter
from monitor.reports.judging import Judge, lexemes, may_say, narrowed

_READ: Final = 3_000
"""Texts that are read for a page: half a second's work; fewer of long ones."""

_CHARS: Final = 500
"""Characters that take as long to read as it takes to fetch a text and begin."""

_AT_ONCE: Final = 200


class Judged(NamedTuple):
    """Posts of which a query is true; `stopped`: after how many posts the work was enough, None: never."""

    ids: list[UUID]
    stopped: int | None


def looked_through(connection: Connection, chosen: Filter, brand_ids: Sequence[int], query: Query) -> Judged:
    """The negative and unsure texts about some brands of which the query is true."""
    narrow = narrowed(connection, chosen, query, "negative")
    if narrow is None:
        return Judged([], None)
    judge, words = Judge(connection, query), lexemes(query)
    condition = "true" if words is None else may_say("m")
    may_be = f"""
        SELECT DISTINCT p.published_at, p.mention_id
        FROM presence AS p JOIN mention AS m ON m.id = p.mention_id
        WHERE p.brand_id = ANY(:brand_ids) AND p.label IN ('negative', 'unsure')
          AND {narrow.where("p", condition)}
        ORDER BY 1 DESC, 2 DESC LIMIT :limit
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    given = {**narrow.values(), "brand_ids": list(brand_ids), "lexemes": words, "limit": _READ + 1}
    ids = [row.mention_id for row in connection.execute(text(may_be), given)]
    columns = f"SELECT m.id, {judge.columns('m')} FROM mention AS m WHERE m.id = ANY(:ids)"  # noqa: S608
    true: list[UUID] = []
    left: float = _READ
    for first in range(0, len(ids), _AT_ONCE):
        some = ids[first : first + _AT_ONCE]
        found = {row.id: row for row in connection.execute(text(columns), {"ids": some})}
        for place, id in enumerate(some, first):
            if left <= 0:
                return Judged(true, place)
            if (row := found.get(id)) is None:
                continue
            left -= 1 + len(row.text or "") / _CHARS
            if judge.is_true_of(row):
                true.append(id)
    return Judged(true, None)
