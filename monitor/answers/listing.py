"""The queue: stories about our brands in which a text is negative, or the model was not sure, one card each.

Order: by how many people may have seen the story, in steps of ten (`BANDS`); within a step those with a
negative text before those that the model was not sure of; among these the one that has waited longest first,
since the first such post of all time: what waits does not wait less for being looked at in a shorter period.
So what half a million read comes before what five hundred did, and what 900 read does not hold up for ever
what 800 read three weeks ago. Unknown reach comes last.

All of it is read from the index `presence_to_answer_ix`, which holds nothing else, and summed up by story.
Only of stories that began outside the view is the first post looked up.
"""

import base64
import binascii
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection, text

from monitor.answers.asked import looked_through
from monitor.answers.cards import BANDS, STATES, Card, Counts, Order, Queue, Wanted
from monitor.answers.ours import of_them, our_brands, whole
from monitor.answers.states import State, history, standing
from monitor.reports.filters import Filter
from monitor.reports.mentions import CursorError, copies, in_order, toward
from monitor.reports.pictures import pictures_of

_WANTED: Final = Wanted()


def queue(
    connection: Connection,
    chosen: Filter,
    wanted: Wanted = _WANTED,
    *,
    after: str | None = None,
    limit: int = 20,
) -> Queue:
    """Cards of the view. Of the brands chosen those that are ours count; where none is, all of ours.

    Raises `CursorError` for an `after` that is not a `next` of the same order.
    """
    place = _place(after, wanted.order) if after is not None else None
    ours = our_brands(connection)
    brands, view = of_them(ours, chosen), whole(chosen)
    names = tuple(brands.values())
    given = {**view.values(), "brand_ids": list(brands), "our_ids": list(ours)}
    where, looked = view.where("p"), None
    if wanted.query is not None:
        judged = looked_through(connection, view, list(brands), wanted.query)
        where += " AND p.mention_id = ANY(:judged)"
        given["judged"], looked = judged.ids, judged.stopped
    counted, rows = _page(connection, _cards(where, wanted, len(brands)), given, wanted, place, limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return Queue(
        cards=_filled(connection, rows[:limit], names),
        next=_cursor(wanted.order, last) if last else None,
        found=sum(n for state, by, n in counted if state in wanted.states and wanted.by in (None, by)),
        counts=Counts(**{state: sum(n for each, _, n in counted if each == state) for state in STATES}),
        people=tuple(sorted({by for _, by, _ in counted if by}, key=str.casefold)),
        brands=names,
        ours=tuple(ours.values()),
        looked_through=looked,
    )


def card(connection: Connection, mention_id: UUID) -> Card | None:
    """The card of one mention's story, with that mention on it, whatever it feels like; None: no such one."""
    row = connection.execute(_ONE, {"id": mention_id}).one_or_none()
    return None if row is None else _filled(connection, [row], tuple(our_brands(connection).values()))[0]


def _cards(where: str, wanted: Wanted, brands: int) -> str:
    """SQL: the table `card` of stories, whatever their state."""
    label = {None: "", "negative": "HAVING bool_or(negative)", "unsure": "HAVING NOT bool_or(negative)"}
    felt = _FELT.format(where=where) if brands == 1 else _ONCE.format(felt=_FELT.format(where=where))
    return _CARDS.format(felt=felt, having=label[wanted.label], ranks=_RANKS, most=_MOST, first=_FIRST)


def _page(
    connection: Connection, cards: str, given: dict[str, Any], wanted: Wanted, place: Any, limit: int
) -> tuple[list[tuple[State, str | None, int]], list[Any]]:
    """How many cards there are of each state and person; and rows of the first cards wanted, or of those
    behind a place, with the post to show."""
    conditions = ["state = ANY(:states)"]
    if wanted.by is not None:
        conditions.append("set_by = :by")
    if place is not None:
        conditions.append(_AFTER[wanted.order])
    where, order = " AND ".join(conditions), _ORDERS[wanted.order]
    query = f"{cards} {_PAGE.format(where=where, order=order)}"
    values = {"states": list(wanted.states), "by": wanted.by, "limit": limit}
    if place is not None:
        values |= {"after_rank": place.rank, "after_at": place.at, "after_story": place.story}
    rows = connection.execute(text(query), given | values).all()
    return rows[0].counted or [], [row for row in rows if row.story_id is not None]


def _filled(connection: Connection, rows: Sequence[Any], brands: Collection[str]) -> tuple[Card, ...]:
    """The cards of rows, with all that is shown of them; a post that was erased meanwhile is left out."""
    ids = [row.mention_id for row in rows]
    lines = {line.mention_id: line for line in in_order(connection, ids)}
    felt = toward(connection, ids, tuple(brands))
    pictures = pictures_of(connection, ids)
    stories = [row.story_id for row in rows]
    done, number = history(connection, stories), copies(connection, stories)
    now = {story: standing(each) for story, each in done.items()}
    return tuple(
        Card(
            line=lines[row.mention_id],
            felt=felt.get(row.mention_id, ()),
            picture=pictures.get(row.mention_id),
            posts=row.posts,
            copies=number[row.story_id],
            reach=row.reach,
            first_at=row.first_at,
            last_at=row.last_at,
            newer=row.newer,
            state=each.state if (each := now[row.story_id]) else "new",
            seen=each.id if each else 0,
            history=done[row.story_id],
        )
        for row in rows
        if row.mention_id in lines
    )


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a card stands in a list."""

    order: Order
    rank: int
    at: datetime
    story: UUID


def _cursor(order: Order, row: Any) -> str:
    place = _Place(order, row.rank, row.last_at if order == "newest" else row.first_at, row.story_id)
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).decode().rstrip("=")


def _place(cursor: str, order: Order) -> _Place:
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        place = msgspec.msgpack.decode(packed, type=_Place)
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise CursorError(f"{cursor!r} is no page of this list; start at its first page") from error
    if place.order != order or place.at.tzinfo is None or not 0 <= place.rank <= 2 * len(BANDS) + 1:
        raise CursorError(f"{cursor!r} is a page of another list; start at the first page")
    return place


# Two a step: 0, the widest that are negative; the last but one and the last, unknown.
_RANKS: Final = (
    "2 * CASE "
    + " ".join(f"WHEN sum(reach) >= {step} THEN {n}" for n, step in enumerate(BANDS))
    + f" ELSE {len(BANDS)} END + CASE WHEN bool_or(negative) THEN 0 ELSE 1 END"
)

_MOST: Final = 2**63 - 1
"""The largest bigint: publishers may say that all mankind saw it, twice."""

_FELT: Final = """
        SELECT each.* FROM unnest(CAST(:brand_ids AS int[])) AS b(id) CROSS JOIN LATERAL (
            SELECT p.story_id, p.mention_id, p.published_at, p.reach, p.label = 'negative' AS negative,
                   p.lead
            FROM presence AS p
            WHERE p.brand_id = b.id AND p.label IN ('negative', 'unsure') AND {where}
            OFFSET 0  -- brand by brand through the index
        ) AS each"""

# A post that is negative toward one of our brands and unsure toward another is one post, and negative.
_ONCE: Final = """
        SELECT story_id, mention_id, published_at, reach, bool_or(negative) AS negative, lead
        FROM ({felt}) AS each GROUP BY 1, 2, 3, 4, lead"""

# No other post of the story is earlier than its lead.
_FIRST: Final = """
            SELECT p.published_at FROM mention AS m JOIN presence AS p ON p.mention_id = m.id
            WHERE m.story_id = felt.story_id AND p.brand_id = ANY(:our_ids)
                AND p.label IN ('negative', 'unsure')
            ORDER BY m.published_at LIMIT 1
        """

_CARDS: Final = """
    WITH felt AS MATERIALIZED ({felt}
    ), story AS (
        SELECT story_id, CASE WHEN bool_or(lead) THEN min(published_at) ELSE ({first}) END AS first_at,
               max(published_at) AS last_at,
               CASE WHEN sum(reach) > {most} THEN {most} ELSE sum(reach)::bigint END AS reach,
               {ranks} AS rank, count(*) AS posts
        FROM felt GROUP BY story_id {having}
    ), done AS (
        SELECT DISTINCT ON (m.story_id) m.story_id, a.state, a.set_by, a.set_at
        FROM answer AS a JOIN mention AS m ON m.id = a.mention_id
        WHERE a.undone_at IS NULL ORDER BY m.story_id, a.id DESC
    ), card AS MATERIALIZED (
        SELECT s.*, coalesce(d.state, 'new') AS state, d.set_by, d.set_at
        FROM story AS s LEFT JOIN done AS d ON d.story_id = s.story_id
    )
"""

_PAGE: Final = """, page AS MATERIALIZED (
        SELECT * FROM card AS page WHERE {where} ORDER BY {order} LIMIT :limit
    ), shown AS (
        SELECT DISTINCT ON (f.story_id) f.story_id, f.mention_id
        FROM felt AS f JOIN page ON page.story_id = f.story_id
        ORDER BY f.story_id, f.reach DESC NULLS LAST, f.published_at, f.mention_id
    )
    SELECT told.counted, page.*, shown.mention_id,
           (SELECT count(*) FROM felt AS f WHERE f.story_id = page.story_id AND f.published_at > page.set_at)
               AS newer
    FROM (SELECT json_agg(json_build_array(state, set_by, n)) AS counted
          FROM (SELECT state, set_by, count(*) AS n FROM card GROUP BY 1, 2) AS each) AS told
    LEFT JOIN (page JOIN shown ON shown.story_id = page.story_id) ON true ORDER BY {order}
"""

_ORDERS: Final[dict[Order, str]] = {
    "widest": "page.rank, page.first_at, page.story_id",
    "oldest": "page.first_at, page.story_id",
    "newest": "page.last_at DESC, page.story_id DESC",
}
_AFTER: Final[dict[Order, str]] = {
    "widest": "(rank, first_at, story_id) > (:after_rank, :after_at, :after_story)",
    "oldest": "(first_at, story_id) > (:after_at, :after_story)",
    "newest": "(last_at, story_id) < (:after_at, :after_story)",
}

_ONE: Final = text("""
    SELECT story_id, id AS mention_id, published_at AS first_at, published_at AS last_at, reach, 1 AS posts,
           0 AS newer
    FROM mention WHERE id = :id
""")
