"""Which mentions come first: ids in order of time or of reach, a page at a time.

A list is put together from short ones that an index holds in that order: one for each brand chosen and, in
order of reach, for each source and kind. So one brand of a year takes as long as all brands of a week, and a
source whose texts reach few people is found without reading past all others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection, text

from monitor.messages import Verdict
from monitor.reports.counts import brand_ids
from monitor.reports.filters import Filter
from monitor.reports.origins import source_names

Order = Literal["newest", "oldest", "reach"]


Place = tuple[Any, UUID]
"""Where a mention stands in a list: its `published_at`, in order of reach its reach (-1: unknown), and its
id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a list holds, and in which order.

    `label` is how a text feels as a whole; with brands chosen, toward one of them. With no brand chosen,
    `about` says whether a mention has to be about any, or none. `folded` leaves copies out where the first of
    their story is chosen, too.
    """

    chosen: Filter
    order: Order
    label: Verdict | None = None
    about: bool | None = None
    folded: bool = False

    def sql(self, after: Place | None) -> str:
        """SQL of `id`, `published_at` and `reach` of the first `:limit` mentions, or of those behind a place;
        in order."""
        more = [_folded(self.chosen)] if self.folded else []
        if self.chosen.brands:
            return _by_brand(self.chosen, self.order, self.label, after, more)
        return _of_all(self.chosen, self.order, self.label, after, self.about, more)

    def values(self, connection: Connection, limit: int, after: Place | None) -> dict[str, Any]:
        """The parameters that `sql` names."""
        chosen, by_reach = self.chosen, self.order == "reach"
        return {
            **chosen.values(),
            "brand_ids": brand_ids(connection, chosen),
            "all_sources": list(chosen.sources or source_names(connection)) if by_reach else [],
            # Pictures have no label: their list would be walked to its end for nothing.
            "all_kinds": ["text"] if self.label else list(chosen.kinds or ("text", "image")),
            "label": self.label,
            "limit": limit,
            "after": after[0] if after else None,
            "after_id": after[1] if after else None,
        }

    def place(self, row: Any, id: UUID) -> Place:
        """Where the mention of that id, with its `published_at` and `reach` in a row, stands."""
        by_reach = -1 if row.reach is None else row.reach
        return (by_reach if self.order == "reach" else row.published_at), id

    def looked_up(self, condition: str, after: Place | None) -> str:
        """SQL of the same columns of those mentions that also meet a condition on `m` (mention), wherever in
        the list they stand; in no order."""
        conditions = [condition]
        if self.chosen.brands:
            conditions.append(f"EXISTS ({_PRESENT})")
        if self.label:
            conditions.append(self.feels())
        if after:
            conditions.append(_AFTER[self.order].format("m.id"))
        where = self.chosen.where("m", *conditions)
        return f"SELECT m.id, m.published_at, m.reach FROM mention AS m WHERE {where}"  # noqa: S608

    def feels(self) -> str:
        """SQL condition on `m` (mention): whether it has the label."""
        return f"EXISTS ({_PRESENT} AND p.label = :label)" if self.chosen.brands else _WHOLE

    def in_order(self, rows: str) -> str:
        """SQL that puts what `rows` gives (SQL of these columns) in order."""
        return f"SELECT * FROM ({rows}) AS m ORDER BY {_ORDERS[self.order].format('m.id')}"  # noqa: S608


def first_ids(connection: Connection, listed: Listed, limit: int, after: Place | None = None) -> list[UUID]:
    """Ids of the first `limit` mentions listed, or of those behind a place."""
    found = connection.execute(text(listed.sql(after)), listed.values(connection, limit, after))
    return [row.id for row in found]


def _by_brand(
    chosen: Filter, order: Order, label: Verdict | None, after: Place | None, more: Sequence[str]
) -> str:
    lists, conditions = [_BRANDS], ["m.brand_id = b.id", *more]
    if order == "reach":
        lists.append(_SOURCES_AND_KINDS)
        conditions.append(_SOURCE_AND_KIND)
    if label:
        conditions.append("m.label = :label")
    if after:
        conditions.append(_AFTER[order].format("m.mention_id"))
    return _merged("presence AS m", "m.mention_id", lists, chosen.where("m", *conditions), order)


def _of_all(
    chosen: Filter,
    order: Order,
    label: Verdict | None,
    after: Place | None,
    about: bool | None,
    more: Sequence[str],
) -> str:
    lists: list[str] = []
    conditions: list[str] = [*more]
    if order == "reach":
        lists.append(_SOURCES_AND_KINDS)
        conditions.append(_SOURCE_AND_KIND)
    elif chosen.languages:
        lists.append(_LANGUAGES)
        conditions.append("m.language = g.code")
    if about is not None:
        conditions.append(_ABOUT_ANY if about else f"NOT {_ABOUT_ANY}")
    if label:
        conditions.append(_WHOLE)
    if after:
        conditions.append(_AFTER[order].format("m.id"))
    return _merged("mention AS m", "m.id", lists, chosen.where("m", *conditions), order)


def _folded(chosen: Filter) -> str:
    """Copies are left out where the first of their story is chosen, too."""
    about = ""
    if chosen.brands:
        about = (
            " AND EXISTS (SELECT FROM presence AS p WHERE p.mention_id = first.id"
            " AND p.brand_id = ANY(:brand_ids))"
        )
    return f"""(m.lead OR NOT (
        SELECT {chosen.where("first")}{about} FROM mention AS first
        WHERE first.story_id = m.story_id ORDER BY first.published_at, first.id LIMIT 1))"""  # noqa: S608


def _merged(table: str, id: str, lists: list[str], where: str, order: Order) -> str:
    first = f"""
        SELECT {id} AS id, m.published_at, m.reach FROM {table}
        WHERE {where} ORDER BY {_ORDERS[order].format(id)} LIMIT :limit
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    if lists:
        # A mention of two brands is in two lists.
        each = f"SELECT DISTINCT f.* FROM {' CROSS JOIN '.join(lists)} CROSS JOIN LATERAL ({first}) AS f"  # noqa: S608
        first = f"SELECT * FROM ({each}) AS m ORDER BY {_ORDERS[order].format('m.id')} LIMIT :limit"  # noqa: S608
    return f"SELECT * FROM ({first}) AS m ORDER BY {_ORDERS[order].format('m.id')}"  # noqa: S608


_BRANDS: Final = "unnest(CAST(:brand_ids AS int[])) AS b(id)"
_LANGUAGES: Final = "unnest(CAST(:languages AS text[])) AS g(code)"
_SOURCES_AND_KINDS: Final = """unnest(CAST(:all_sources AS text[])) AS s(name)
    CROSS JOIN unnest(CAST(:all_kinds AS text[])) AS k(name)"""
_SOURCE_AND_KIND: Final = "m.source = s.name AND m.kind = k.name"
_ABOUT_ANY: Final = "EXISTS (SELECT FROM presence AS p WHERE p.mention_id = m.id)"
# Looked up row by row: as a join, all sentiments would be read for one page.
# As CASE the planner takes it for true of every second; as an equation of every 200th, and then reads all
# texts there are rather than the beginning of a list.
_WHOLE: Final = """CASE WHEN coalesce(
    (SELECT c.label FROM sentiment_correction AS c WHERE c.mention_id = m.id AND c.brand_id IS NULL),
    (SELECT s.label FROM sentiment AS s WHERE s.mention_id = m.id AND s.brand_id IS NULL)
    ) = :label THEN true ELSE false END"""
_PRESENT: Final = "SELECT FROM presence AS p WHERE p.mention_id = m.id AND p.brand_id = ANY(:brand_ids)"

_ORDERS: Final[dict[Order, str]] = {
    "newest": "m.published_at DESC, {} DESC",
    "oldest": "m.published_at, {}",
    "reach": "coalesce(m.reach, -1) DESC, {} DESC",
}
_AFTER: Final[dict[Order, str]] = {
    "newest": "(m.published_at, {}) < (:after, :after_id)",
    "oldest": "(m.published_at, {}) > (:after, :after_id)",
    "reach": "(coalesce(m.reach, -1), {}) < (:after, :after_id)",
}
