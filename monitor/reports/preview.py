"""What a query is true of among the newest mentions, and what it would change for a brand."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Row, text

from monitor.brands import Brand
from monitor.queries import Query, parse
from monitor.queries.tree import Says, any_of
from monitor.reports.filters import Filter
from monitor.reports.judging import Judge, columns, fields_of, lexemes, may_say
from monitor.reports.listing import Listed, Place
from monitor.reports.searching import find
from monitor.storage.engine import known_as
from monitor.texts import Term, Terms, read

EVER: Final = Filter(datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A mention, as far as one looks at it to see whether a query is right."""

    mention_id: UUID
    kind: str
    published_at: datetime
    source: str
    author: str | None
    text: str | None


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """Of the newest mentions those that a query is true of."""

    query: str
    """In its canonical form."""
    looked_at: int
    back_to: datetime | None
    """When the oldest of these was published; None without any."""
    matches: int
    examples: tuple[Example, ...]
    """The newest of them."""


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What a query would change for a brand among these mentions, beside what counts for it now."""

    brand: str
    counted: int
    would_count: int
    gained: int
    dropped: int
    gained_examples: tuple[Example, ...]
    dropped_examples: tuple[Example, ...]


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a query that AND or OR joins at the top, and how many mentions it is true of."""

    query: str
    matches: int | None


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A brand's query, held against the newest mentions that hold one of its spellings."""

    brand: str
    query: str
    """In its canonical form."""
    joined_by: str | None
    """AND or OR: what joins the clauses."""
    spelled: int | None
    """Mentions that hold a spelling, `last` of them at most; None where there was no database to look at."""
    matches: int | None
    """Those that the query is true of."""
    clauses: tuple[Clause, ...]
    dropped_examples: tuple[Example, ...] = ()
    """The newest that it is false of."""


def preview(
    connection: Connection,
    query: Query,
    *,
    since: datetime = EVER.since,
    most: int = 100_000,
    examples: int = 5,
    brand: str | None = None,
) -> tuple[Preview, Effect | None]:
    """Look at the newest `most` mentions since a moment; with a brand's name also at what counts for it now.

    Takes a second for some 10,000 mentions that the query may be true of.
    """
    judge, found = Judge(connection, query), lexemes(query)
    wanted = "true" if found is None else may_say("m")
    counted = "false" if brand is None else _COUNTED
    rows = text(f"""
        SELECT m.id, m.kind, m.published_at, {counted} AS counted, {columns("m", images=bool(query.images))}
        FROM (SELECT * FROM mention WHERE published_at >= :since
              ORDER BY published_at DESC, id DESC LIMIT :most) AS m
        WHERE {wanted} OR {counted} ORDER BY m.published_at DESC, m.id DESC
    """)  # noqa: S608 - the conditions are our own; their values travel as parameters
    given = {"since": since, "most": most, "lexemes": found, "brand": brand}
    looked_at, back_to = connection.execute(_LOOKED_AT, given).one()
    matching, gained, dropped = _Pile(examples), _Pile(examples), _Pile(examples)
    was = 0
    for row in connection.execute(rows, given, execution_options={"yield_per": _CHUNK}):
        was += row.counted
        is_true = judge.is_true_of(row)
        if is_true:
            matching.add(row)
        # A picture without words has no place where it could be counted.
        would = is_true and bool(row.text)
        if would != row.counted:
            (gained if would else dropped).add(row)
    told = Preview(
        query=str(query),
        looked_at=looked_at,
        back_to=back_to,
        matches=matching.n,
        examples=tuple(matching.examples),
    )
    if brand is None:
        return told, None
    return told, Effect(
        brand=brand,
        counted=was,
        would_count=was + gained.n - dropped.n,
        gained=gained.n,
        dropped=dropped.n,
        gained_examples=tuple(gained.examples),
        dropped_examples=tuple(dropped.examples),
    )


def unchecked(brand: Brand) -> Checked:
    """The brand's query by itself."""
    query = _query_of(brand)
    return Checked(
        brand=brand.name,
        query=str(query),
        joined_by=query.joined_by,
        spelled=None,
        matches=None,
        clauses=tuple(Clause(query=str(clause), matches=None) for clause in query.clauses),
    )


def checked(connection: Connection, brand: Brand, *, last: int = 1000, examples: int = 3) -> Checked:
    """The brand's query beside the last stored mentions that hold one of its spellings."""
    query = _query_of(brand)
    terms, clauses = Terms(query.terms), query.clauses
    numbers = [0] * len(clauses)
    spelled = matches = 0
    dropped = _Pile(examples)
    ids, names = _spelled(connection, brand.spellings, last), known_as(connection)
    for row in _rows(connection, ids, images=bool(query.images)):
        spelled += 1
        reading, fields = read(row.text or ""), fields_of(row, names)
        found = terms.find(reading)
        numbers = [
            n + clause.matches(found, reading, fields) for n, clause in zip(numbers, clauses, strict=True)
        ]
        if query.matches(found, reading, fields):
            matches += 1
        else:
            dropped.add(row)
    return Checked(
        brand=brand.name,
        query=str(query),
        joined_by=query.joined_by,
        spelled=spelled,
        matches=matches,
        clauses=tuple(
            Clause(query=str(clause), matches=n) for clause, n in zip(clauses, numbers, strict=True)
        ),
        dropped_examples=tuple(dropped.examples),
    )


def _query_of(brand: Brand) -> Query:
    assert brand.query is not None, "a brand without a query has nothing to check"
    return parse(brand.query)


class _Pile:
    """How many, and the first few of them."""

    def __init__(self, most: int) -> None:
        self.n = 0
        self.examples: list[Example] = []
        self._most = most

    def add(self, row: Row[Any]) -> None:
        self.n += 1
        if len(self.examples) < self._most:
            self.examples.append(
                Example(
                    mention_id=row.id,
                    kind=row.kind,
                    published_at=row.published_at,
                    source=row.source,
                    author=row.author,
                    text=row.text,
                )
            )


def _spelled(connection: Connection, spellings: Sequence[str], last: int) -> list[UUID]:
    """Ids of the newest mentions that hold a spelling."""
    query = Query(any_of(Says(Term(spelling)) for spelling in spellings))
    listed = Listed(chosen=EVER, order="newest")
    ids: list[UUID] = []
    place: Place | None = None
    for _ in range(_SEARCHES):
        found = find(connection, query, listed, last - len(ids), place)
        ids += found.ids
        if len(ids) == last or found.stopped_at is None:
            break
        place = listed.place(found.stopped_at, found.stopped_at.id)
    return ids


def _rows(connection: Connection, ids: Sequence[UUID], *, images: bool) -> Iterator[Row[Any]]:
    query = text(f"""
        SELECT m.id, m.kind, m.published_at, {columns("m", images=images)}
        FROM mention AS m WHERE m.id = ANY(:ids) ORDER BY m.published_at DESC, m.id DESC
    """)  # noqa: S608 - the columns are our own
    yield from connection.execute(query, {"ids": list(ids)})


_CHUNK: Final = 500
_SEARCHES: Final = 40
"""After each other: a million mentions walked past at most."""

_COUNTED: Final = """EXISTS (
    SELECT FROM brand_mention AS n JOIN brand AS b ON b.id = n.brand_id
    WHERE n.mention_id = m.id AND b.name = :brand)"""

_LOOKED_AT: Final = text("""
    SELECT count(*), min(published_at)
    FROM (SELECT published_at FROM mention WHERE published_at >= :since
          ORDER BY published_at DESC, id DESC LIMIT :most) AS newest
""")
