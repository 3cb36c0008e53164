"""The roll-ups behind the figures: compared with the rows, and mended.

Triggers keep them in the transaction that changes the rows (migration 0005), so a difference means that
triggers were switched off, that a part of a backup was restored, or a fault to report.
"""

from typing import Final

import msgspec
from sqlalchemy import Connection, text

TABLES: Final = (
    *("presence", "post_pair", "mention_hour", "about_hour", "brand_hour", "combination_hour"),
    *("pair_day", "brand_day", "brand_pair_day"),
)
"""Each has a view `expected_…` beside it: what it must hold, from the rows or from an earlier one.

What lies before the first moment that is kept (`monitor.storage.pruning`) is in none of these views but the
first: nothing bears it out any more, and it stays.
"""

_KEPT: Final = {
    "presence": "true",
    "post_pair": "text_at >= (SELECT kept_from()) OR image_at >= (SELECT kept_from())",
    **dict.fromkeys(
        ("mention_hour", "about_hour", "brand_hour", "combination_hour"), "hour >= (SELECT kept_from())"
    ),
    **dict.fromkeys(("pair_day", "brand_day", "brand_pair_day"), "day >= (SELECT kept_from())"),
}
"""Rows of each that its view has to bear out."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """One roll-up: rows in it that the mentions do not bear out, and rows it lacks."""

    table: str
    rows: int
    wrong: int
    missing: int
    example: str | None
    """One of those rows."""

    @property
    def ok(self) -> bool:
        """Nothing differs."""
        return self.wrong == 0 and self.missing == 0


def compare(connection: Connection) -> tuple[Comparison, ...]:
    """Every roll-up against its rows. Reads everything that is kept (minutes for ten million mentions), locks
    nothing.

    Each comparison is one statement, so what is written meanwhile is seen whole or not at all.
    """
    return tuple(_compare(connection, table) for table in TABLES)


def rebuild(connection: Connection) -> None:
    """Work all roll-ups of what is kept out anew, in the caller's transaction; writers wait at their commit
    until it ends.

    Needs the rights of brand_monitor_migrate.
    """
    connection.execute(text("SELECT figures_rebuild()"))


def filling(table: str) -> str:
    """SQL that fills an emptied roll-up, those of `TABLES` in that order."""
    # In order of time, as mentions come: what is read together lies together.
    order = {"presence": " ORDER BY published_at", "post_pair": " ORDER BY text_at"}.get(table, "")
    return f"INSERT INTO {table} SELECT * FROM expected_{table}{order}"  # noqa: S608 - names of our own tables


def _compare(connection: Connection, table: str) -> Comparison:
    query = text(f"""
        WITH held AS (SELECT * FROM {table} WHERE {_KEPT[table]}),
             expected AS (SELECT * FROM expected_{table}),
             wrong AS (SELECT * FROM held EXCEPT ALL SELECT * FROM expected),
             missing AS (SELECT * FROM expected EXCEPT ALL SELECT * FROM held)
        SELECT (SELECT count(*) FROM held) AS rows, (SELECT count(*) FROM wrong) AS wrong,
               (SELECT count(*) FROM missing) AS missing,
               coalesce((SELECT 'holds ' || to_jsonb(wrong)::text FROM wrong LIMIT 1),
                        (SELECT 'lacks ' || to_jsonb(missing)::text FROM missing LIMIT 1)) AS example
    """)  # noqa: S608 - names of our own tables
    return Comparison(table=table, **connection.execute(query).one()._asdict())
