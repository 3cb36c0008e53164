"""Applies the present brands.toml to mentions that are stored already, and reads those that nobody has read.

What a worker would find in a mention today is held against what is stored, batch by batch, from the newest
backwards. Where they differ, the mention's rows in `brand_mention` are written anew, with the sentiment
toward a brand that no longer counts gone: the model is not asked again, so a brand that counts now is felt
about as the whole text is. Copies are found anew, since a story is about the same brands in all of them.
Corrections stay. The roll-ups follow in the same transaction.

A batch is looked at without a lock. Only what has to change is locked, looked at once more and written, in
the order that keeps workers and this from deadlocking: the stories' lock, then mentions by id.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, text

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brands
from monitor.errors import DataError
from monitor.queries import Fields
from monitor.reports.judging import columns, fields_of
from monitor.settings import Settings
from monitor.storage import stories
from monitor.storage.brands import write_brands
from monitor.storage.driver import Statement, as_json
from monitor.storage.engine import known_as
from monitor.storage.faults import translated
from monitor.storage.mention_rows import BRANDS
from monitor.storage.rows import SEPARATOR_SQL, clean, joined_words
from monitor.storage.walk import Walk, brand_places
from monitor.stream.naming import Naming
from monitor.texts import Reading, read
from monitor.texts.stories import story_keys


@dataclass
class Done:
    """What was done so far, or what would be."""

    looked_at: int = 0
    changed: int = 0
    """Mentions whose brands are others now, or stand elsewhere in the text."""
    read: int = 0
    """Mentions that nobody had read: searches find them by their words from now on."""
    left_alone: int = 0
    """Mentions that name more brands than MONITOR_TEXT_MAX_BRANDS: a worker would refuse them."""
    gained: Counter[str] = field(default_factory=Counter)
    """Mentions that count for a brand now, by its name."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Mentions that do not count for it any more."""
    back_to: datetime | None = None
    """All mentions published since then are done; those of that very moment perhaps."""

    def add(self, other: "Done") -> None:
        """Add another batch's."""
        self.changed += other.changed
        self.read += other.read
        self.left_alone += other.left_alone
        self.gained += other.gained
        self.dropped += other.dropped


class _Place(NamedTuple):
    start: int
    end: int
    matched: str


_Places = dict[str, frozenset[_Place]]


@dataclass(frozen=True, slots=True)
class _Change:
    """What has to become of a mention."""

    id: UUID
    unread: bool
    language: str
    words: str | None
    places: _Places
    """Of the brands whose places differ: those they should have."""
    gained: tuple[str, ...]
    dropped: tuple[str, ...]
    story_keys: tuple[int, ...] | None
    """None of a picture, which keeps its own."""


class Backfill:
    """One run. Needs the rights of brand_monitor_write; safe beside running workers."""

    def __init__(
        self, engine: Engine, brands: Brands, settings: Settings, only: Collection[str] = ()
    ) -> None:
        """`only` names the brands looked at; without, all of brands.toml. Brands that are in the database
        alone keep what they have."""
        self._engine = engine
        self._brands = brands
        self._matcher = BrandMatcher(brands)
        self._naming = Naming(self._matcher, settings)
        self._known_as = known_as(engine)
        self._names = set(only) or {brand.name for brand in brands}
        self._ids: dict[str, int] = {}

    def how_many(self, since: datetime, until: datetime) -> int:
        """Mentions published in [since, until)."""
        return _WALK.how_many(self._engine, since, until)

    def run(self, since: datetime, until: datetime, *, dry: bool = False) -> Iterator[Done]:
        """Apply it to the mentions published in [since, until), newest first; yields what was done so far
        after each batch, always the same object. `dry` changes nothing.

        Done twice, it does nothing the second time; broken off, it goes on with `until` just after `back_to`.
        Raises `OutageError` and `SetupError`.
        """
        if not dry:
            self._write_brands()
        done = Done()
        for rows in _WALK.batches(self._engine, since, until):
            with translated(), self._engine.connect() as connection:
                there = _there(connection, rows)
            batch, changes = self._changes(rows, there)
            if changes and not dry:
                alone = batch.left_alone
                batch = self._write([change.id for change in changes])
                batch.left_alone = alone
            done.add(batch)
            done.looked_at += len(rows)
            done.back_to = rows[-1].published_at
            yield done

    def _write_brands(self) -> None:
        """As a worker does when it starts."""
        with translated(), self._engine.begin() as connection:
            self._ids = write_brands(connection, self._brands)

    def _changes(self, rows: Sequence[Row[Any]], there: dict[UUID, _Places]) -> tuple[Done, list[_Change]]:
        done, changes = Done(), []
        for row in rows:
            change = self._change(row, there.get(row.id, {}), done)
            if change is not None:
                changes.append(change)
                done.changed += bool(change.places)
                done.read += change.unread
                done.gained.update(change.gained)
                done.dropped.update(change.dropped)
        return done, changes

    def _change(self, row: Row[Any], there: _Places, done: Done) -> _Change | None:
        reading = read(row.text or "")
        language = self._matcher.language(reading, row.lang) if row.unread else row.language
        fields = replace(fields_of(row, self._known_as), language=language)
        places: _Places = {}
        try:
            found = self._found(reading, fields)
            for name in self._names:
                now, before = found.get(name, frozenset()), there.get(name, frozenset())
                if now != before:
                    places[name] = now
        except DataError:
            done.left_alone += 1
        if not places and not row.unread:
            return None
        return _Change(
            id=row.id,
            unread=row.unread,
            language=language,
            words=joined_words(reading.lexemes(), None) if row.unread else None,
            places=places,
            gained=tuple(name for name in places if name not in there),
            dropped=tuple(name for name, now in places.items() if not now),
            story_keys=_story_keys(row, reading, {**there, **places}),
        )

    def _found(self, reading: Reading, fields: Fields) -> _Places:
        """What a worker would find."""
        found: defaultdict[str, set[_Place]] = defaultdict(set)
        for named in self._naming.find(reading, fields):
            found[named.brand].add(_Place(named.start, named.end, clean(named.matched) or ""))
        return {name: frozenset(places) for name, places in found.items()}

    def _write(self, ids: Sequence[UUID]) -> Done:
        """Lock the mentions, look at them once more, and write what they should have; all or nothing."""
        with translated(), self._engine.begin() as connection:
            stories.lock(connection)
            rows = _WALK.named(connection, ids, lock=True)
            done, changes = self._changes(rows, _there(connection, rows))
            owned = [(change.id, self._ids[name]) for change in changes for name in change.places]
            given = {"mentions": [id for id, _ in owned], "brands": [brand for _, brand in owned]}
            connection.execute(_NO_BRAND_MENTIONS, given)
            named = [
                {
                    "mention_id": change.id,
                    "brand_id": self._ids[name],
                    "start_char": place.start,
                    "end_char": place.end,
                    "matched": place.matched,
                }
                for change in changes
                for name, places in change.places.items()
                for place in places
            ]
            if named:
                Statement(BRANDS, as_json(named)).run(connection)
            gone = [(change.id, self._ids[name]) for change in changes for name in change.dropped]
            given = {"mentions": [id for id, _ in gone], "brands": [brand for _, brand in gone]}
            connection.execute(_NO_SENTIMENTS, given)
            connection.execute(
                _MENTIONS,
                {
                    "ids": [change.id for change in changes],
                    "unread": [change.unread for change in changes],
                    "words": [change.words for change in changes],
                    "languages": [change.language for change in changes],
                },
            )
            keys = {change.id: change.story_keys for change in changes if change.story_keys is not None}
            stories.give_keys(connection, keys)
        return done


def _there(connection: Connection, rows: Sequence[Row[Any]]) -> dict[UUID, _Places]:
    """What is stored of the mentions: brand -> places."""
    there: dict[UUID, defaultdict[str, set[_Place]]] = {row.id: defaultdict(set) for row in rows}
    for id, named in brand_places(connection, there.keys()).items():
        for each in named:
            there[id][each.brand].add(_Place(each.start, each.end, each.matched))
    return {id: {name: frozenset(places) for name, places in brands.items()} for id, brands in there.items()}


def _story_keys(row: Row[Any], reading: Reading, places: _Places) -> tuple[int, ...] | None:
    """Those of a text, as a worker makes them."""
    if row.kind != "text":
        return None
    return story_keys(reading, {name for name, some in places.items() if some}, row.source, row.author)


_WALK: Final = Walk(f"m.kind, m.lang, m.words IS NULL AS unread, {columns('m', images=True)}")

_GIVEN: Final = "unnest(CAST(:mentions AS uuid[]), CAST(:brands AS int[])) AS given(mention_id, brand_id)"

_NO_BRAND_MENTIONS: Final = text(f"""
    DELETE FROM brand_mention AS n USING {_GIVEN}
    WHERE n.mention_id = given.mention_id AND n.brand_id = given.brand_id
""")  # noqa: S608 - our own words

_NO_SENTIMENTS: Final = text(f"""
    DELETE FROM sentiment AS s USING {_GIVEN}
    WHERE s.mention_id = given.mention_id AND s.brand_id = given.brand_id
""")  # noqa: S608 - our own words

# Where nobody counted, nobody does now: what else is missing there is not known.
_MENTIONS: Final = text(f"""
    UPDATE mention AS m SET
        words = CASE WHEN given.unread THEN array_to_tsvector(string_to_array(given.words, {SEPARATOR_SQL}))
                     ELSE m.words END,
        language = given.language,
        n_brand_mentions = CASE WHEN m.n_brand_mentions IS NOT NULL
            THEN (SELECT count(*) FROM brand_mention AS n WHERE n.mention_id = m.id) END,
        n_sentiments = CASE WHEN m.n_sentiments IS NOT NULL
            THEN (SELECT count(*) FROM sentiment AS s WHERE s.mention_id = m.id) END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:unread AS boolean[]), CAST(:words AS text[]),
                CAST(:languages AS text[])) AS given(id, unread, words, language)
    WHERE m.id = given.id
""")  # noqa: S608 - our own words
