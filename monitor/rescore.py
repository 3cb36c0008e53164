"""Asks the present sentiment model about texts that are stored already, as a worker would ask today.

From the newest backwards, batch by batch: a text's verdicts, on the whole and toward the brands it counts
for, are replaced by those of the present model, and its row says which model that was. So what is done is not
due any more, and a run that was broken off anywhere goes on where it was. Corrections stay. The roll-ups
follow in the same transaction.

The model works without a lock. Then the mentions are locked as workers lock them, after the stories' lock,
and written; the statement that locks them passes over those that somebody has written meanwhile: they are
looked at once more.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, text

from monitor.brand_matcher import BrandMatcher
from monitor.errors import DataError, SetupError
from monitor.messages import BrandMention
from monitor.sentiment import SentimentScorer
from monitor.settings import Settings
from monitor.storage import stories
from monitor.storage.brands import brand_ids
from monitor.storage.driver import Statement, as_json
from monitor.storage.faults import translated
from monitor.storage.mention_rows import NO_SENTIMENTS, SENTIMENTS
from monitor.storage.records import Scored
from monitor.storage.rows import Row as Felt
from monitor.storage.rows import sentiment_rows
from monitor.storage.walk import Walk, brand_places
from monitor.stream.asking import Said, ask
from monitor.stream.scoring import score_each
from monitor.texts import read

_CHARS: Final = 1_000_000
"""Characters read together: some 300 MB of words and places where each of them is a word of its own."""

Moves = Counter[tuple[str | None, str | None]]
"""Verdicts by their labels before and now; None: there was, or is, no verdict."""

_Labels = dict[int | None, str]
"""Of one text: brand (None: the whole text) -> label."""


@dataclass
class Done:
    """What was done so far, or what would be."""

    looked_at: int = 0
    scored: int = 0
    """Texts whose verdicts are the present model's now; none, in a language that it does not speak."""
    failed: int = 0
    """Texts on which the model raised an error: they keep what they have, and are due again."""
    whole: Moves = field(default_factory=Counter)
    toward: Moves = field(default_factory=Counter)
    """Toward brands."""
    back_to: datetime | None = None
    """All texts published since then are done; those of that very moment perhaps."""

    def count(self, before: _Labels, now: _Labels) -> None:
        """One text more, and what became of its verdicts."""
        self.scored += 1
        for brand_id in {None, *before, *now}:
            moves = self.whole if brand_id is None else self.toward
            moves[before.get(brand_id), now.get(brand_id)] += 1


class Rescore:
    """One run. Needs the rights of brand_monitor_write; safe beside running workers and other runs."""

    def __init__(
        self,
        engine: Engine,
        scorer: SentimentScorer,
        matcher: BrandMatcher,
        settings: Settings,
        only: Collection[str] = (),
        *,
        again: bool = False,
    ) -> None:
        """Texts are due that another model has scored, with `again` all; of these, with `only`, those that
        count for one of the brands named."""
        self._engine = engine
        self._scorer = scorer
        self._matcher = matcher
        self._max_targets = settings.text_max_targets
        self._only = list(only)
        condition = ["m.kind = 'text'"]
        if not again:
            condition.append("m.model_version <> :model_version")
        if only:
            condition.append(_COUNTS_FOR)
        given = {"model_version": scorer.manifest.identity, "only": self._only}
        self._walk = Walk(_COLUMNS, " AND ".join(condition), given)

    def how_many(self, since: datetime, until: datetime) -> int:
        """Texts due that were published in [since, until). Raises `SetupError` for a brand nobody knows."""
        due = self._walk.how_many(self._engine, since, until)
        with translated(), self._engine.connect() as connection:
            unknown = sorted(set(self._only) - brand_ids(connection).keys())
        if unknown:
            raise SetupError(
                f"{', '.join(unknown)}: the database has no such brand; `brand-monitor brands list` has the "
                "names of brands.toml, which workers write there when they start"
            )
        return due

    def run(self, since: datetime, until: datetime, *, dry: bool = False) -> Iterator[Done]:
        """Score the texts due that were published in [since, until), newest first; yields what was done so
        far after each batch, always the same object. `dry` changes nothing.

        Raises `SetupError`, and `OutageError` also where the model fails on everything.
        """
        done = Done()
        for batch in self._walk.batches(self._engine, since, until):
            for part in _parts(batch):
                left: Sequence[Row[Any]] = part
                while left:
                    left = self._score(left, done, dry=dry)
            done.looked_at += len(batch)
            done.back_to = batch[-1].published_at
            yield done

    def _score(self, rows: Sequence[Row[Any]], done: Done, *, dry: bool) -> Sequence[Row[Any]]:
        """Returns those of the texts that others wrote meanwhile, as they are now, if they are due still."""
        ids = [row.id for row in rows]
        with translated(), self._engine.connect() as connection:
            named = brand_places(connection, ids)
            before = _labels(connection, ids)
            brands = brand_ids(connection)
        texts = [self._said(row, named.get(row.id, ())) for row in rows]
        answers = score_each(texts, self._ask, self._scorer.warm_up)
        found = {
            row.id: (row.version, sentiment_rows(row.id, answer, brands))
            for row, answer in zip(rows, answers, strict=True)
            if not isinstance(answer, DataError)
        }
        done.failed += len(rows) - len(found)
        written = found.keys() if dry else self._write(found)
        for id in written:
            done.count(before[id], {felt["brand_id"]: felt["label"] for felt in found[id][1]})
        missed = found.keys() - written
        if not missed:
            return ()
        with translated(), self._engine.connect() as connection:
            return self._walk.named(connection, missed)

    def _said(self, row: Row[Any], named: Sequence[BrandMention]) -> Said:
        reading = read(row.text)
        # Nobody has looked at the language of a text that nobody has read.
        language = self._matcher.language(reading, row.lang) if row.unread else row.language
        return Said(reading, language, tuple(named))

    def _ask(self, texts: Sequence[Said]) -> list[Scored]:
        return ask(self._scorer, texts, self._max_targets)

    def _write(self, found: Mapping[UUID, tuple[str, list[Felt]]]) -> Collection[UUID]:
        """Write the verdicts on those of the texts that are still of the version that was read, all or
        nothing; returns their ids."""
        versions = [version for version, _ in found.values()]
        with translated(), self._engine.begin() as connection:
            stories.lock(connection)
            same = connection.execute(_LOCKED, {"ids": list(found), "versions": versions})
            ids = list(same.scalars())
            Statement(NO_SENTIMENTS, {"ids": ids}).run(connection)
            felt = [row for id in ids for row in found[id][1]]
            if felt:
                Statement(SENTIMENTS, as_json(felt)).run(connection)
            connection.execute(_SCORED, {"ids": ids, "model_version": self._scorer.manifest.identity})
        return ids


def _parts(rows: Sequence[Row[Any]]) -> Iterator[Sequence[Row[Any]]]:
    """Rows whose texts are `_CHARS` long together, or a single one."""
    first = chars = 0
    for at, row in enumerate(rows):
        chars += len(row.text)
        if chars > _CHARS and at > first:
            yield rows[first:at]
            first, chars = at, len(row.text)
    yield rows[first:]


def _labels(connection: Connection, ids: Collection[UUID]) -> Mapping[UUID, _Labels]:
    """What the model said before."""
    labels: dict[UUID, _Labels] = {id: {} for id in ids}
    for id, brand_id, label in connection.execute(_LABELS, {"ids": list(ids)}):
        labels[id][brand_id] = label
    return labels


# xmin is the transaction that wrote this version of the row: whoever changes a mention's text, brands or
# verdicts writes it anew.
_COLUMNS: Final = "m.text, m.lang, m.language, m.words IS NULL AS unread, CAST(m.xmin AS text) AS version"

_COUNTS_FOR: Final = """
    EXISTS (SELECT FROM brand_mention AS n JOIN brand AS b ON b.id = n.brand_id
            WHERE n.mention_id = m.id AND b.name = ANY(:only))
"""

_LOCKED: Final = text("""
    SELECT m.id FROM mention AS m
    JOIN unnest(CAST(:ids AS uuid[]), CAST(:versions AS text[])) AS given(id, version) ON given.id = m.id
    WHERE CAST(m.xmin AS text) = given.version ORDER BY m.id FOR NO KEY UPDATE OF m
""")

_LABELS: Final = text("SELECT mention_id, brand_id, label FROM sentiment WHERE mention_id = ANY(:ids)")


# All verdicts are new, so they are counted also where nobody did before schema 0010.
_SCORED: Final = text("""
    UPDATE mention AS m SET
        model_version = :model_version,
        n_sentiments = (SELECT count(*) FROM sentiment AS s WHERE s.mention_id = m.id)
    WHERE m.id = ANY(:ids)
""")
