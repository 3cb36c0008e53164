"""The queue: stories about our brands in which a text is negative, or the model was not sure, one card each.

Order: by how many people may have seen the story, in steps of ten (`BANDS`); within a step those with a
negative text before those that the model was not sure of; among these the one that has waited longest first.
So what half a million read comes before what five hundred did, and what 900 read does not hold up for ever
what 800 read three weeks ago. Unknown reach comes last.

All of it is read from the index `presence_to_answer_ix`, which holds nothing else, and summed up by story.
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
from monitor.answers.states import history, standing
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
    own = _own(connection)
    brands = _ours(own, chosen)
    ours, names = tuple(own.values()), tuple(brands.values())
    if _nothing(brands, chosen):
        return Queue(brands=names, ours=ours)
    given = {**chosen.values(), "brand_ids": list(brands)}
    where, looked = chosen.where("p"), None
    if wanted.query is not None:
        judged = looked_through(connection, chosen, list(brands), wanted.query)
        where += " AND p.mention_id = ANY(:judged)"
        given["judged"], looked = judged.ids, judged.stopped
    cards = _cards(where, wanted)
    told = connection.execute(text(f"{cards} {_COUNTED}"), given | {"by": wanted.by}).all()
    rows = _page(connection, cards, given, wanted, place, limit + 1)
    more = rows[limit - 1] if len(rows) > limit else None
    return Queue(
        cards=_filled(connection, rows[:limit], names),
        next=_cursor(wanted.order, more) if more else None,
        found=sum(row.n for row in told if row.state in wanted.states and wanted.by in (None, row.set_by)),
        counts=Counts(**{state: sum(row.n for row in told if row.state == state) for state in STATES}),
        people=tuple(sorted({row.set_by for row in told if row.set_by}, key=str.casefold)),
        brands=names,
        ours=ours,
        looked_through=looked,
    )


def waiting(connection: Connection, chosen: Filter) -> int:
    """How many stories of the view wait for an answer: those that `queue` finds."""
    brands = _ours(_own(connection), chosen)
    if _nothing(brands, chosen):
        return 0
    query = text(f"{_cards(chosen.where('p'), _WANTED)} {_OPEN}")
    return int(connection.execute(query, {**chosen.values(), "brand_ids": list(brands)}).scalar_one())


def card(connection: Connection, mention_id: UUID) -> Card | None:
    """The card of one mention's story, with that mention on it, whatever it feels like; None: no such one."""
    row = connection.execute(_ONE, {"id": mention_id}).one_or_none()
    return None if row is None else _filled(connection, [row], tuple(_own(connection).values()))[0]


def _own(connection: Connection) -> dict[int, str]:
    """Our brands' names by their ids."""
    found = connection.execute(text("SELECT id, name FROM brand WHERE own ORDER BY lower(name), name"))
    return {row.id: row.name for row in found}


def _ours(own: dict[int, str], chosen: Filter) -> dict[int, str]:
    """Those chosen; where none of them is, all."""
    return {id: name for id, name in own.items() if name in chosen.brands} or own


def _nothing(brands: dict[int, str], chosen: Filter) -> bool:
    """Whether there can be no card: no brand is ours, or only pictures are chosen, which have no label."""
    return not brands or bool(chosen.kinds and "text" not in chosen.kinds)


def _cards(where: str, wanted: Wanted) -> str:
    """SQL: the table `card` of stories, whatever their state."""
    label = {None: "", "negative": "HAVING bool_or(negative)", "unsure": "HAVING NOT bool_or(negative)"}
    return _CARDS.format(where=where, having=label[wanted.label], ranks=_RANKS, most=_MOST)


def _page(
    connection: Connection, cards: str, given: dict[str, Any], wanted: Wanted, place: Any, limit: int
) -> Sequence[Any]:
    """Rows of the first cards wanted, or of those behind a place, with the post to show."""
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
    return connection.execute(text(query), given | values).all()


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

# A post that is negative toward one of our brands and unsure toward another is one post, and negative.
_CARDS: Final = """
    WITH felt AS MATERIALIZED (
        SELECT each.story_id, each.mention_id, each.published_at, each.reach,
               bool_or(each.label = 'negative') AS negative
        FROM unnest(CAST(:brand_ids AS int[])) AS b(id) CROSS JOIN LATERAL (
            SELECT p.story_id, p.mention_id, p.published_at, p.reach, p.label FROM presence AS p
            WHERE p.brand_id = b.id AND p.label IN ('negative', 'unsure') AND {where}
            OFFSET 0  -- brand by brand through the index
        ) AS each GROUP BY 1, 2, 3, 4
    ), story AS (
        SELECT story_id, min(published_at) AS first_at, max(published_at) AS last_at,
               CASE WHEN sum(reach) > {most} THEN {most} ELSE sum(reach)::bigint END AS reach, {ranks} AS rank, count(*) AS posts
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

_COUNTED: Final = "SELECT state, set_by, count(*) AS n FROM card GROUP BY 1, 2"

_OPEN: Final = "SELECT count(*) FROM card WHERE state IN ('new', 'seen')"

_PAGE: Final = """, page AS MATERIALIZED (
        SELECT * FROM card WHERE {where} ORDER BY {order} LIMIT :limit
    ), shown AS (
        SELECT DISTINCT ON (f.story_id) f.story_id, f.mention_id
        FROM felt AS f JOIN page ON page.story_id = f.story_id
        ORDER BY f.story_id, f.reach DESC NULLS LAST, f.published_at, f.mention_id
    )
    SELECT story_id, first_at, last_at, reach, rank, posts, mention_id,
           (SELECT count(*) FROM felt AS f WHERE f.story_id = page.story_id AND f.published_at > set_at)
               AS newer
    FROM page JOIN shown USING (story_id) ORDER BY {order}
"""

_ORDERS: Final[dict[Order, str]] = {
    "widest": "rank, first_at, story_id",
    "oldest": "first_at, story_id",
    "newest": "last_at DESC, story_id DESC",
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
