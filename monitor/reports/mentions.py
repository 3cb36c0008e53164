"""The mentions behind the figures: lists to page through, the most reached, the most extreme, exports."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Row
from sqlalchemy import text as sql

from monitor.messages import Label, Verdict
from monitor.queries import Query
from monitor.reports.counts import brand_ids, values
from monitor.reports.filters import Filter
from monitor.reports.listing import Listed, Order, Place, first_ids
from monitor.reports.searching import Found, Limits, find

LIMITS: Final = Limits()
"""Of one page of a search."""

# Rows fetched at a time: an export of millions of mentions stays small in memory.
_CHUNK: Final = 1000

# Texts read for each that is quoted: a campaign of thirty equal texts leaves room for others.
_REPEATS: Final = 30

_SURE: Final = 0.4
"""Probability toward the brand, times that of the whole text. Of the demo's quotes this leaves out "third
purple screen this week. thanks #vmware" as praise, and no right one above it."""


class MentionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One row of view `mention_detail`."""

    mention_id: UUID
    kind: str
    source: str
    external_id: str
    published_at: datetime
    author: str | None
    url: str | None
    lang: str | None
    reach: int | None
    text: str | None
    brands_named: tuple[str, ...]
    brands_shown: tuple[str, ...]
    shown_by: tuple[str, ...]
    """By what each of them was found, its surest logo: `look`, `letters` or `both`; `person`: one said so."""
    sentiment: str | None
    p_negative: float | None
    p_neutral: float | None
    p_positive: float | None
    corrected: bool
    picture_url: str | None
    picture_width: int | None
    picture_height: int | None
    model_version: str
    stored_at: datetime
    language: str
    story_id: UUID
    lead: bool

    @property
    def verdict(self) -> str:
        """Its sentiment, or why it has none: `picture`, `not scored`."""
        return self.sentiment or ("picture" if self.kind == "image" else "not scored")

    @property
    def seen(self) -> tuple[str, ...]:
        """Each brand of the picture as people read it: `logo: VMware`; `written: VMware` where nothing but
        its letters was found."""
        pairs = zip(self.brands_shown, self.shown_by, strict=True)
        return tuple(f"{'written' if by == 'letters' else 'logo'}: {brand}" for brand, by in pairs)


MentionRow = MentionLine


class LookedThrough(msgspec.Struct, frozen=True, kw_only=True):
    """How far a search came before it stopped: `mentions` looked at for this page, and the last of them."""

    mentions: int
    published_at: datetime
    reach: int | None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the mentions found, and where the next ones begin."""

    rows: tuple[MentionLine, ...]
    next: str | None
    """The cursor of the next page; None after the last."""
    looked_through: LookedThrough | None = None
    """Of a search that found too little in what one request may look through: go on at `next`."""


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A text with an opinion of a brand; `p` is the model's probability, `corrected` says a person judged.

    `p` is 1 where a person judged what the model did not score.
    """

    mention_id: UUID
    brand: str
    text: str
    source: str
    author: str | None
    url: str | None
    published_at: datetime
    reach: int | None
    p: float
    corrected: bool


class CursorError(ValueError):
    """A cursor that no page gave out."""


def search(
    connection: Connection,
    chosen: Filter,
    *,
    query: Query | None = None,
    label: Verdict | None = None,
    order: Order = "newest",
    after: str | None = None,
    limit: int = 50,
    fold: bool = False,
) -> Page:
    """Mentions chosen, a page at a time; what is stored meanwhile neither repeats nor hides a row.

    `query` has to be true of them. `label` is how a text feels as a whole; with brands chosen, toward one of
    them. `fold` leaves copies out where the first of their story is chosen, too; with a query or label, of
    which copies may be true alone, it does nothing. Raises `CursorError` for an `after` that is not a `next`
    of the same order.
    """
    place = _place(after, order) if after is not None else None
    fold = fold and query is None and label is None
    listed = Listed(chosen=chosen, order=order, label=label, folded=fold)
    if query is None:
        found = Found(first_ids(connection, listed, limit + 1, place))
    else:
        found = find(connection, query, listed, limit + 1, place, LIMITS)
    rows = in_order(connection, found.ids[:limit])
    last = found.stopped_at
    if len(found.ids) > limit:
        return Page(rows=rows, next=_cursor(order, listed.place(rows[-1], rows[-1].mention_id)))
    if last is None:
        return Page(rows=rows, next=None)
    return Page(
        rows=rows,
        next=_cursor(order, listed.place(last, last.id)),
        looked_through=LookedThrough(
            mentions=found.looked_at, published_at=last.published_at, reach=last.reach
        ),
    )


def how_many(connection: Connection, chosen: Filter) -> int:
    """Mentions chosen, texts and pictures; from the roll-ups, whatever their number."""
    query = _NUMBER_ABOUT if chosen.brands else _NUMBER
    return int(connection.execute(query, values(connection, chosen)).scalar() or 0)


def toward(
    connection: Connection, mentions: Sequence[UUID], brands: Sequence[str]
) -> dict[UUID, tuple[tuple[str, str], ...]]:
    """How texts feel toward some brands: (brand, label) for each that a text names, by name."""
    query = sql("""
        SELECT p.mention_id, b.name, p.label FROM presence AS p JOIN brand AS b ON b.id = p.brand_id
        WHERE p.mention_id = ANY(:mentions) AND b.name = ANY(:brands) AND p.label IS NOT NULL ORDER BY b.name
    """)
    felt: dict[UUID, tuple[tuple[str, str], ...]] = {}
    for row in connection.execute(query, {"mentions": list(mentions), "brands": list(brands)}):
        felt[row.mention_id] = (*felt.get(row.mention_id, ()), (row.name, row.label))
    return felt


def story(connection: Connection, id: UUID, *, after: str | None = None, limit: int = 50) -> Page:
    """The mentions of a story, the first one first, a page at a time, whatever the period. Raises
    `CursorError` for an `after` that is not a `next` of a list in that order."""
    place = _place(after, "oldest") if after is not None else None
    behind = " AND (published_at, id) > (:after, :after_id)" if place else ""
    query = f"""
        SELECT id FROM mention WHERE story_id = :id{behind} ORDER BY published_at, id LIMIT :limit
    """  # noqa: S608 - the condition is our own; its values travel as parameters
    given = {"id": id, "limit": limit + 1}
    if place:
        given |= {"after": place[0], "after_id": place[1]}
    ids = connection.execute(sql(query), given).scalars().all()
    rows = in_order(connection, ids[:limit])
    last = rows[-1] if len(ids) > limit and rows else None
    return Page(rows=rows, next=_cursor("oldest", (last.published_at, last.mention_id)) if last else None)


def folded(connection: Connection, rows: Sequence[MentionLine]) -> tuple[tuple[MentionLine, int], ...]:
    """Of the rows of a page those that are the first of their story there, each with the number of copies the
    story has besides it, wherever they are."""
    first = {row.story_id: row for row in reversed(rows)}
    number = copies(connection, list(first))
    return tuple((row, number[row.story_id]) for row in rows if first[row.story_id] is row)


def copies(connection: Connection, stories: Sequence[UUID]) -> dict[UUID, int]:
    """How many mentions each story has besides one, whatever the period."""
    query = sql("SELECT story_id, count(*) - 1 AS n FROM mention WHERE story_id = ANY(:stories) GROUP BY 1")
    found = {row.story_id: row.n for row in connection.execute(query, {"stories": list(stories)})}
    return {id: found.get(id, 0) for id in stories}


def all_mentions(connection: Connection, chosen: Filter) -> Iterator[MentionLine]:
    """Every mention chosen, oldest first, fetched as it is consumed."""
    which = chosen.where("m", _ABOUT) if chosen.brands else chosen.where("m")
    query = f"""
        SELECT d.* FROM mention AS m JOIN mention_detail AS d ON d.mention_id = m.id WHERE {which}
        ORDER BY m.published_at, m.id
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    given = {**chosen.values(), "brand_ids": brand_ids(connection, chosen)}
    return _lines(connection, query, given, streamed=True)


def most_reached(connection: Connection, chosen: Filter, limit: int) -> tuple[MentionLine, ...]:
    """The mentions about a (chosen) brand that most people may have seen.

    With no brand chosen and too few of them, others follow.
    """
    listed = Listed(chosen=chosen, order="reach", about=None if chosen.brands else True)
    ids = first_ids(connection, listed, limit)
    if len(ids) < limit and not chosen.brands:
        ids += first_ids(connection, replace(listed, about=False), limit - len(ids))
    return in_order(connection, ids)


def most_extreme(
    connection: Connection, chosen: Filter, brand: str, label: Label, limit: int
) -> tuple[Quote, ...]:
    """Texts about a brand with that label, the ones the model is surest of first: of how they feel about the
    brand and, since irony and comparisons mislead it there, of how they feel as a whole, both that label.

    Texts that name no other brand come first. A story is quoted once, and so is what was said over and over
    (campaigns), from where most people may have read it; that much is looked through `_REPEATS` texts for
    each wanted. Opinions that it is less sure of than `_SURE` are not quoted: fewer, maybe none.
    """
    if chosen.kinds and "text" not in chosen.kinds:
        return ()  # pictures have no opinion; the index would be walked to its end to find that out
    p = f"p_{label}"
    query = f"""
        SELECT m.id AS mention_id, CAST(:brand AS text) AS brand, m.text, m.source, m.author, m.url,
               m.published_at, m.reach, found.corrected, coalesce(t.{p}, w.{p}, 1) AS p,
               coalesce(t.{p}, 1) * coalesce(w.{p}, 1) AS sure, m.story_id,
               (SELECT count(DISTINCT n.brand_id) FROM brand_mention AS n WHERE n.mention_id = m.id) AS brands
        FROM (
            SELECT p.mention_id, p.brand_id, p.corrected FROM presence AS p
            WHERE p.brand_id = (SELECT id FROM brand WHERE name = :brand)
              AND {chosen.where("p", "p.label = :label")}
            ORDER BY p.certainty DESC, p.reach DESC NULLS LAST, p.mention_id LIMIT :limit
        ) AS found
        JOIN mention AS m ON m.id = found.mention_id
        LEFT JOIN sentiment AS t ON t.mention_id = m.id AND t.brand_id = found.brand_id
        LEFT JOIN sentiment AS w ON w.mention_id = m.id AND w.brand_id IS NULL
        ORDER BY m.reach DESC NULLS LAST, m.id
    """  # noqa: S608 - the conditions are our own, the label one of three; their values travel as parameters
    given = {**chosen.values(), "brand": brand, "label": label, "limit": limit * _REPEATS}
    loudest: dict[str, Row[Any]] = {}
    stories: set[UUID] = set()
    for row in connection.execute(sql(query), given):
        if row.story_id not in stories and (row.corrected or row.sure >= _SURE):
            loudest.setdefault(" ".join(row.text.casefold().split()), row)
            stories.add(row.story_id)
    surest_first = sorted(
        loudest.values(),
        key=lambda row: (
            row.brands > 1,
            -(1 if row.corrected else row.sure),
            -(row.reach or 0),
            row.mention_id,
        ),
    )
    return tuple(
        Quote(**{name: getattr(row, name) for name in Quote.__struct_fields__})
        for row in surest_first[:limit]
    )


_NUMBER: Final = sql("""
    SELECT sum(mentions) FROM mention_counts(:since, :until, :sources, :kinds, :languages, :stories)
""")

_NUMBER_ABOUT: Final = sql("""
    SELECT sum(texts + images)
    FROM about_counts(:brand_ids, :since, :until, :sources, :kinds, :languages, :stories)
""")

_ABOUT: Final = (
    "EXISTS (SELECT FROM presence AS p WHERE p.mention_id = m.id AND p.brand_id = ANY(:brand_ids))"
)


def in_order(connection: Connection, ids: Sequence[UUID]) -> tuple[MentionLine, ...]:
    """Mentions by their ids; those deleted meanwhile are left out."""
    query = "SELECT * FROM mention_detail WHERE mention_id = ANY(:ids)"
    found = {line.mention_id: line for line in _lines(connection, query, {"ids": list(ids)})}
    return tuple(found[id] for id in ids if id in found)


def _cursor(order: Order, place: Place) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode((order, *place))).decode().rstrip("=")


def _place(cursor: str, order: Order) -> Place:
    kind = tuple[Literal["reach"], int, UUID] if order == "reach" else tuple[str, datetime, UUID]
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        given, place, id = msgspec.msgpack.decode(packed, type=kind)
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise CursorError(f"{cursor!r} is no page of this list; start at its first page") from error
    if given != order:
        raise CursorError(f"{cursor!r} is a page of another order than {order}; start at the first page")
    return place, id


def _lines(
    connection: Connection, query: str, values: dict[str, Any], *, streamed: bool = False
) -> Iterator[MentionLine]:
    # A cursor makes the server plan for the first rows; that is wrong where all of them are wanted at once.
    options = {"yield_per": _CHUNK} if streamed else {}
    for row in connection.execute(sql(query), values, execution_options=options):
        fields = row._asdict()
        for name in ("brands_named", "brands_shown", "shown_by"):
            fields[name] = tuple(fields[name])
        yield MentionLine(**fields)
