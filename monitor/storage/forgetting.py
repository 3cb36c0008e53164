"""Finds what somebody asks to be forgotten, and deletes it with the traces that it left beside the mentions.

A mention's own traces go with it (`monitor.storage.deletion`). Beside them lie the beginnings of dead letters
(`dead_letter`), which are blanked, and what collectors remember of a post (`collected`).
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Engine, Row, text

from monitor.errors import SetupError
from monitor.messages import MOST_PICTURES, Kind, mention_uuid, picture_id, post_of_picture
from monitor.privacy.pseudonyms import is_pseudonym
from monitor.queries.fields import is_author
from monitor.storage.dead_letter_rows import HEAD_BYTES
from monitor.storage.deletion import delete
from monitor.storage.engine import known_as
from monitor.storage.faults import translated
from monitor.storage.rows import clean

_AT_ONCE: Final = 100
"""Mentions of a transaction: workers wait for some tenths of a second."""

_LOOKED_UP: Final = 50_000
"""Ids that are looked up at a time: there is no index of authors."""

_TITLES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is asked for, as SQL conditions with values: of `mention AS m`, of `dead_letter AS d` besides
    those whose key is such a mention's id, and of `collected AS c` besides those of such mentions."""

    mentions: str
    letters: str = "false"
    collected: str = "false"
    given: Mapping[str, Any]


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """Mentions of one source and kind, and when the first and the last was published."""

    source: str
    kind: Kind
    mentions: int
    first: datetime
    last: datetime


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What would go."""

    counts: tuple[Count, ...]
    titles: tuple[tuple[datetime, str, str], ...]
    """Of a few, the newest: when published, source, beginning of the text."""
    corrections: int
    answers: int
    pictures: int
    """That no other mention shows."""
    dead_letters: int
    """That would be blanked."""
    collected: int
    """Posts without a mention that a collector remembers."""

    @property
    def mentions(self) -> int:
        """All of them."""
        return sum(each.mentions for each in self.counts)

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to forget."""
        return not (self.mentions or self.dead_letters or self.collected)


def newest_authors(connection: Connection) -> list[str]:
    """Of the newest thousand mentions."""
    return list(connection.execute(_NEWEST_AUTHORS).scalars())


def by_author(connection: Connection, name: str, source: str | None = None) -> Selection:
    """Everything by an author, as `author:` of a query finds it: names are compared without @, case, accents
    and width, and by their pseudonyms.

    Reads every mention once. Raises `SetupError` where pseudonyms are stored and the key is not there to tell
    whose they are.
    """
    names, found = known_as(connection), list[Row[Any]]()
    given = {"source": clean(source)}
    for row in connection.execute(_AUTHORS, given, execution_options={"yield_per": 5_000}):
        if names is None and is_pseudonym(row.author) and not is_pseudonym(name):
            raise SetupError(
                "authors are stored under pseudonyms here, and without their key nobody can tell whose they "
                "are; set MONITOR_AUTHORS_KEY as the workers have it"
            )
        if is_author(name, row.author, row.source, names):
            found.append(row)
    spelled = {name, f"@{name.lstrip('@')}", *(row.author for row in found)}
    quoted = {json.dumps(each, ensure_ascii=ascii).encode() for each in spelled for ascii in (True, False)}
    return Selection(
        mentions="(m.source, m.author) IN "
        "(SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:authors AS text[])))",
        letters="EXISTS (SELECT FROM unnest(CAST(:quoted AS bytea[])) AS q"
        " WHERE position(q IN d.value_head) > 0)",
        given={
            "sources": [row.source for row in found],
            "authors": [row.author for row in found],
            "quoted": sorted(quoted),
        },
    )


def by_id(source: str, ids: Collection[str]) -> Selection:
    """Posts: their texts and pictures."""
    source, known = clean(source) or "", [clean(id) or "" for id in ids]
    pictures = [picture_id(id, number) for id in known for number in range(1, MOST_PICTURES + 1)]
    mentions = [mention_uuid("text", source, id) for id in known]
    mentions += [mention_uuid("image", source, id) for id in pictures]
    keys = [id.encode("utf-8", "surrogatepass")[:HEAD_BYTES] for id in (*ids, *pictures)]
    return Selection(
        mentions="m.id = ANY(CAST(:mentions AS uuid[]))",
        letters="d.record_key = ANY(CAST(:keys AS bytea[]))",
        collected="c.source = :source AND c.id = ANY(CAST(:ids AS text[]))",
        given={"source": source, "ids": known, "mentions": mentions, "keys": keys},
    )


def by_time(before: datetime, source: str | None = None) -> Selection:
    """Everything published before a moment; dead letters do not say of which source they are."""
    of_source = "" if source is None else " AND {}.source = :source"
    return Selection(
        mentions=f"m.published_at < :before{of_source.format('m')}",
        letters="d.recorded_at < :before" if source is None else "false",
        collected=f"c.published_at < :before{of_source.format('c')}",
        given={"before": before, "source": clean(source)},
    )


def check_rights(connection: Connection) -> None:
    """Raise `SetupError` for a login that may not delete."""
    if not connection.execute(_OWNS).scalar_one():
        raise SetupError(
            "to forget takes the rights of brand_monitor_migrate: nobody else may delete mentions. Put a "
            "login with that role into MONITOR_DATABASE_URL for this command (docs/operations.md, Roles)"
        )


def find(connection: Connection, selection: Selection) -> Found:
    """What `forget` would delete and blank."""

    def asked(query: str) -> Any:
        return connection.execute(text(query.format(**asdict(selection))), dict(selection.given))

    return Found(
        counts=tuple(Count(**row._asdict()) for row in asked(_COUNTS)),
        titles=tuple(tuple(row) for row in asked(_NEWEST)),
        collected=asked(_REMEMBERED).scalar_one(),
        **asked(_HANGING).one()._asdict(),
    )


def forget(engine: Engine, selection: Selection, reason: str) -> Iterator[int]:
    """Delete what is selected, oldest first, some hundred mentions a transaction; yields how many each time.

    Broken off anywhere, it goes on when it is called again. `reason` stays in table `erasure`: no names.
    Raises `OutageError` and `SetupError`.
    """
    last: tuple[datetime | None, UUID | None] = (None, None)
    while True:
        with translated(), engine.connect() as connection:
            rows = connection.execute(
                text(_NEXT.format(selection.mentions)),
                {**selection.given, "after": last[0], "after_id": last[1], "limit": _LOOKED_UP},
            ).all()
        for first in range(0, len(rows), _AT_ONCE):
            some = rows[first : first + _AT_ONCE]
            with translated(), engine.begin() as connection:
                gone = delete(connection, [row.id for row in some], reason).mentions
                _remove_traces(connection, some)
            yield gone
        if len(rows) < _LOOKED_UP:
            break
        last = (rows[-1].published_at, rows[-1].id)
    with translated(), engine.begin() as connection:
        given = dict(selection.given)
        connection.execute(text(_BLANK.format(selection.letters)), given)
        connection.execute(text(_UNREMEMBER.format(selection.collected)), given)


def _remove_traces(connection: Connection, gone: Collection[Row[Any]]) -> None:
    keys = [row.external_id.encode()[:HEAD_BYTES] for row in gone]
    connection.execute(text(_BLANK.format("d.record_key = ANY(CAST(:keys AS bytea[]))")), {"keys": keys})
    posts = {(row.source, id) for row in gone for id in (row.external_id, post_of_picture(row.external_id))}
    given = {"sources": [source for source, _ in posts], "ids": [id for _, id in posts]}
    connection.execute(_UNCOLLECT, given)


# All names below are our own; values travel as parameters.

_AUTHORS: Final = text("""
    SELECT DISTINCT source, author FROM mention
    WHERE author IS NOT NULL AND (CAST(:source AS text) IS NULL OR source = :source)
""")

_NEWEST_AUTHORS: Final = text("""
    SELECT DISTINCT author FROM (
        SELECT author FROM mention ORDER BY published_at DESC, id DESC LIMIT 1000
    ) AS newest WHERE author IS NOT NULL
""")

_OWNS: Final = text("""
    SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = CAST('mention' AS regclass)
""")

_GONE: Final = "SELECT m.id, m.external_id, m.picture_sha256 FROM mention AS m WHERE {mentions}"

_COUNTS: Final = """
    SELECT source, kind, count(*) AS mentions, min(published_at) AS first, max(published_at) AS last
    FROM mention AS m WHERE {mentions} GROUP BY source, kind ORDER BY source, kind
"""

_NEWEST: Final = f"""
    SELECT published_at, source, coalesce(left(text, 200), '') AS text
    FROM mention AS m WHERE {{mentions}} ORDER BY published_at DESC, id DESC LIMIT {_TITLES}
"""  # noqa: S608 - as above

_REMEMBERED: Final = "SELECT count(*) FROM collected AS c WHERE {collected}"

_UNREMEMBER: Final = "DELETE FROM collected AS c WHERE {}"

_HANGING: Final = f"""
    WITH gone AS MATERIALIZED ({_GONE})
    SELECT (SELECT count(*) FROM correction WHERE mention_id IN (SELECT id FROM gone)) AS corrections,
           (SELECT count(*) FROM answer WHERE mention_id IN (SELECT id FROM gone)) AS answers,
           (SELECT count(*) FROM (SELECT DISTINCT picture_sha256 AS sha256 FROM gone) AS shown
            WHERE sha256 IS NOT NULL AND NOT EXISTS (
                SELECT FROM mention AS o
                WHERE o.picture_sha256 = shown.sha256 AND o.id NOT IN (SELECT id FROM gone)
            )) AS pictures,
           (SELECT count(*) FROM dead_letter AS d
            WHERE (d.record_key IS NOT NULL OR d.value_head <> '') AND ({{letters}} OR d.record_key IN (
                SELECT substring(convert_to(external_id, 'UTF8') FROM 1 FOR {HEAD_BYTES}) FROM gone
            ))) AS dead_letters
"""  # noqa: S608 - as above

_NEXT: Final = """
    SELECT m.id, m.source, m.external_id, m.published_at FROM mention AS m
    WHERE ({}) AND (CAST(:after_id AS uuid) IS NULL
                    OR (m.published_at, m.id) > (CAST(:after AS timestamptz), CAST(:after_id AS uuid)))
    ORDER BY m.published_at, m.id LIMIT :limit
"""

_BLANK: Final = """
    UPDATE dead_letter AS d SET record_key = NULL, value_head = ''
    WHERE (d.record_key IS NOT NULL OR d.value_head <> '') AND ({})
"""

_UNCOLLECT: Final = text("""
    DELETE FROM collected AS c
    USING unnest(CAST(:sources AS text[]), CAST(:ids AS text[])) AS gone(source, id)
    WHERE c.source = gone.source AND c.id = gone.id
""")
