"""Which mentions come first: ids in order of time or of reach, a page at a time.

A list is put together from short ones that an index holds in that order: one for each brand chosen and, in
order of reach, for each source and kind. So one brand of a year takes as long as all brands of a week, and a
source whose texts reach few people is found without reading past all others. What is searched for by words
is looked for in the beginning of such a list, where common words are, and only then in the index of words.
"""

from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection, text

from monitor.messages import Label
from monitor.reports.counts import brand_ids
from monitor.reports.filters import Filter
from monitor.reports.origins import source_names

Order = Literal["newest", "oldest", "reach"]


def first_ids(
    connection: Connection,
    chosen: Filter,
    order: Order,
    limit: int,
    *,
    words: str = "",
    label: Label | None = None,
    after: tuple[Any, UUID] | None = None,
    about: bool | None = None,
) -> list[UUID]:
    """Ids of the first `limit` mentions chosen, or of those that follow the place `after`.

    `words` are looked for as in a search engine. `label` is how a text feels as a whole; with brands chosen,
    toward one of them. With no brand chosen, `about` says whether a mention has to be about any, or none.
    """
    given = {
        **chosen.values(),
        "brand_ids": brand_ids(connection, chosen),
        "all_sources": list(chosen.sources or source_names(connection)) if order == "reach" else [],
        # Pictures have no label: their list would be walked to its end for nothing.
        "all_kinds": ["text"] if label else list(chosen.kinds or ("text", "image")),
        "words": words,
        "label": label,
        "limit": limit,
        "after": after[0] if after else None,
        "after_id": after[1] if after else None,
    }
    query = (
        _by_brand(chosen, order, label, after)
        if chosen.brands
        else _of_all(chosen, order, label, after, about)
    )
    if words:
        near = {**given, "limit": _WALKED}
        found = list(connection.execute(text(_among(query)), near).scalars())
        if len(found) >= limit:
            return found[:limit]
        query = _by_words(chosen, order, label, after)
    return list(connection.execute(text(query), given).scalars())


def _by_brand(chosen: Filter, order: Order, label: Label | None, after: tuple[Any, UUID] | None) -> str:
    lists, conditions = [_BRANDS], ["m.brand_id = b.id"]
    if order == "reach":
        lists.append(_SOURCES_AND_KINDS)
        conditions.append(_SOURCE_AND_KIND)
    if label:
        conditions.append("m.label = :label")
    if after:
        conditions.append(_AFTER[order].format("m.mention_id"))
    return _merged("presence AS m", "m.mention_id", lists, chosen.where("m", *conditions), order)


def _of_all(
    chosen: Filter, order: Order, label: Label | None, after: tuple[Any, UUID] | None, about: bool | None
) -> str:
    lists: list[str] = []
    conditions: list[str] = []
    if order == "reach":
        lists.append(_SOURCES_AND_KINDS)
        conditions.append(_SOURCE_AND_KIND)
    if about is not None:
        conditions.append(_ABOUT_ANY if about else f"NOT {_ABOUT_ANY}")
    if label:
        conditions.append(_WHOLE)
    if after:
        conditions.append(_AFTER[order].format("m.id"))
    return _merged("mention AS m", "m.id", lists, chosen.where("m", *conditions), order)


def _among(beginning: str) -> str:
    """Those of a list's beginning that say the words, in its order."""
    return f"""
        SELECT near.id FROM (SELECT id, row_number() OVER () AS place FROM ({beginning}) AS first) AS near
        JOIN mention AS t ON t.id = near.id WHERE {_SAID.format("t")} ORDER BY near.place
    """  # noqa: S608 - the conditions are our own; their values travel as parameters


def _by_words(chosen: Filter, order: Order, label: Label | None, after: tuple[Any, UUID] | None) -> str:
    """All that say the words, sorted. Set apart: the planner would walk on through years of texts."""
    conditions = ["true"]
    if chosen.brands:
        toward = " AND p.label = :label" if label else ""
        conditions.append(
            "EXISTS (SELECT FROM presence AS p WHERE p.mention_id = m.id"
            f" AND p.brand_id = ANY(:brand_ids){toward})"
        )
    elif label:
        conditions.append(_WHOLE)
    if after:
        conditions.append(_AFTER[order].format("m.id"))
    return f"""
        WITH m AS MATERIALIZED (
            SELECT t.id, t.published_at, t.reach FROM mention AS t
            WHERE {chosen.where("t", _SAID.format("t"))}
        )
        SELECT m.id FROM m WHERE {" AND ".join(conditions)}
        ORDER BY {_ORDERS[order].format("m.id")} LIMIT :limit
    """  # noqa: S608 - the conditions are our own; their values travel as parameters


def _merged(table: str, id: str, lists: list[str], where: str, order: Order) -> str:
    first = f"""
        SELECT {id} AS id, m.published_at, m.reach FROM {table}
        WHERE {where} ORDER BY {_ORDERS[order].format(id)} LIMIT :limit
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    if lists:
        # A mention of two brands is in two lists.
        each = f"SELECT DISTINCT f.* FROM {' CROSS JOIN '.join(lists)} CROSS JOIN LATERAL ({first}) AS f"  # noqa: S608
        first = f"SELECT * FROM ({each}) AS m ORDER BY {_ORDERS[order].format('m.id')} LIMIT :limit"  # noqa: S608
    return f"SELECT id FROM ({first}) AS found ORDER BY {_ORDERS[order].format('m.id').replace('m.', '')}"  # noqa: S608


# Texts looked through before the index of words is: a fifth of a second's work, and enough to fill a page
# with what one text in two hundred says. Of common words the index gives all there are, in no order.
_WALKED: Final = 5000

_BRANDS: Final = "unnest(CAST(:brand_ids AS int[])) AS b(id)"
_SOURCES_AND_KINDS: Final = """unnest(CAST(:all_sources AS text[])) AS s(name)
    CROSS JOIN unnest(CAST(:all_kinds AS text[])) AS k(name)"""
_SOURCE_AND_KIND: Final = "m.source = s.name AND m.kind = k.name"
_ABOUT_ANY: Final = "EXISTS (SELECT FROM presence AS p WHERE p.mention_id = m.id)"
_SAID: Final = "to_tsvector('simple', {}.text) @@ websearch_to_tsquery('simple', :words)"
# Looked up row by row: as a join, all sentiments would be read for one page.
_WHOLE: Final = """coalesce(
    (SELECT c.label FROM sentiment_correction AS c WHERE c.mention_id = m.id AND c.brand_id IS NULL),
    (SELECT s.label FROM sentiment AS s WHERE s.mention_id = m.id AND s.brand_id IS NULL)) = :label"""

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
