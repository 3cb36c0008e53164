"""The mentions of a span of time of which a query is true, read one by one, for as long as there is time."""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from monitor.queries import Query
from monitor.reports.filters import Filter
from monitor.reports.judging import Judge, lexemes, may_say, narrowed
from monitor.reports.listing import Listed

_AT_ONCE: Final = 500
"""Mentions read at a time, so that long texts do not fill the memory."""


class TooMuchError(Exception):
    """A query is true of more than can be read in the time there is."""


def true_of(
    connection: Connection,
    query: Query,
    brand: str | None,
    since: datetime,
    before: datetime,
    until: float,
) -> Iterator[Row[Any]]:
    """Mentions published in [since, before), about the brand if there is one, of which the query is true.

    Rows have `published_at`, `reach` and `label`: how a text feels toward the brand, else as a whole. Raises
    `TooMuchError` once `time.monotonic()` is past `until`.
    """
    chosen = narrowed(connection, Filter(since, before, brands=(brand,) if brand else ()), query)
    if chosen is None:
        return
    listed, judge, words = Listed(chosen=chosen, order="newest"), Judge(connection, query), lexemes(query)
    found = listed.looked_up("true" if words is None else may_say("m"), None)
    feeling = _TOWARD if brand else _AS_A_WHOLE
    rows = connection.execute(
        text(f"""
            SELECT f.published_at, f.reach, {judge.columns("m")}, {feeling} AS label
            FROM ({found}) AS f JOIN mention AS m ON m.id = f.id
        """),  # noqa: S608 - the conditions are our own; their values travel as parameters
        {**listed.values(connection, 0, None), "lexemes": words},
        execution_options={"yield_per": _AT_ONCE},
    )
    for some in rows.partitions():
        if time.monotonic() > until:
            raise TooMuchError("the query is true of too much to look through; make it narrower")
        yield from filter(judge.is_true_of, some)


_TOWARD: Final = (
    "(SELECT p.label FROM presence AS p WHERE p.mention_id = m.id AND p.brand_id = ANY(:brand_ids) LIMIT 1)"
)
_AS_A_WHOLE: Final = """coalesce(
    (SELECT c.label FROM sentiment_correction AS c WHERE c.mention_id = m.id AND c.brand_id IS NULL),
    (SELECT s.label FROM sentiment AS s WHERE s.mention_id = m.id AND s.brand_id IS NULL))"""
