"""Compares what must have become of every record with what the database, the dead topic and the findings say.

Each difference is a `Fault` with one of the words of `Wrong`; nothing is summed up, so that every one can be
looked into.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import create_engine

from monitor.storage import rollups
from tests.nemesis.archive import Entry, Place
from tests.nemesis.oracle import Expected, Identity, Letter, Mention

_TOLERANCE: Final = 1e-4
"""Of probabilities: float32 sums in another order."""
_WEIGHED: Final = 10 * _TOLERANCE
"""Of those that weigh such a score as evidence: the odds grow several times as fast."""

Words = Mapping[str, Any]


class Wrong(StrEnum):
    """What can be wrong."""

    LOST = "lost"
    """A mention is not in the database."""
    DOUBLED = "doubled"
    """A mention has two rows."""
    STALE = "stale"
    """The row holds an older version."""
    CONTENT = "content"
    """Text, reach, date, picture, verdict, brands or logos of the row are not the record's."""
    REVIVED = "revived"
    """A mention that was deleted is there."""
    INVENTED = "invented"
    """A row that no record accounts for."""
    LETTER_LOST = "letter lost"
    LETTER_DOUBLED = "letter doubled"
    LETTER_INVENTED = "letter invented"
    LETTER_CODE = "letter code"
    """The dead letter has another error code than it must."""
    NOT_ANNOUNCED = "not announced"
    """No finding of the row's version in PREFIX.findings, or no letter in PREFIX.dead."""
    ROLL_UP = "roll-up"
    """A roll-up is not what its rows add up to."""
    AUDIT = "audit"
    """`brand-monitor status --audit` complains."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, the phase its record was published in (-1: none) and what exactly."""

    wrong: Wrong
    phase: int
    what: str


def check(
    database_url: str,
    expected: Expected,
    findings: Iterable[Entry] | None = None,
    dead: Iterable[Entry] | None = None,
) -> list[Fault]:
    """Everything that is wrong, lost mentions first."""
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        stored = connection.execute(_MENTIONS).fetchall()
        letters = connection.execute(_LETTERS).fetchall()
    faults = [*_mentions(stored, expected), *_letters(letters, expected)]
    if findings is not None:
        faults += _announced(findings, expected, {_identity(row) for row in stored})
    if dead is not None:
        faults += _posted(dead, expected)
    faults += _roll_ups(database_url)
    return sorted(faults, key=lambda fault: list(Wrong).index(fault.wrong))


_MENTIONS: Final = """
    SELECT m.kind, m.source, m.external_id, m.author, m.text, m.reach, m.language, m.picture_sha256,
           to_char(m.published_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS published_at,
           (SELECT jsonb_agg(jsonb_build_array(b.name, n.start_char, n.end_char))
            FROM brand_mention AS n JOIN brand AS b ON b.id = n.brand_id WHERE n.mention_id = m.id) AS brands,
           (SELECT jsonb_object_agg(coalesce(b.name, ''),
                                    jsonb_build_array(s.p_negative, s.p_neutral, s.p_positive))
            FROM sentiment AS s LEFT JOIN brand AS b ON b.id = s.brand_id WHERE s.mention_id = m.id) AS felt,
           (SELECT jsonb_object_agg(b.name, d.score ORDER BY d.score)
            FROM logo_detection AS d JOIN brand AS b ON b.id = d.brand_id
            WHERE d.picture_sha256 = m.picture_sha256 AND d.model_version = m.model_version) AS logos
    FROM mention AS m
"""

_LETTERS: Final = "SELECT topic, partition, record_offset, error_code FROM dead_letter"


def _mentions(stored: list[dict[str, Any]], expected: Expected) -> Iterator[Fault]:
    rows: dict[Identity, list[dict[str, Any]]] = defaultdict(list)
    for row in stored:
        rows[_identity(row)].append(row)
    for identity, mention in expected.mentions.items():
        found, phase = rows.pop(identity, []), mention.said.phase
        name = f"{identity[0]} {identity[2]} {mention.said.author} at {_at(mention.said.place)}"
        if not found and not mention.excused:
            yield Fault(Wrong.LOST, phase, name)
        if len(found) > 1:
            yield Fault(Wrong.DOUBLED, phase, f"{name}: {len(found)} rows")
        for row in found[:1]:
            yield from _row(name, row, mention)
    for identity, gone in expected.gone.items():
        if (found := rows.pop(identity, [])) and not gone.excused:
            what = f"{identity[0]} {identity[2]} {found[0]['author']}, deleted at {_at(gone.place)}"
            yield Fault(Wrong.REVIVED, gone.phase, what)
    for identity, found in rows.items():
        yield Fault(Wrong.INVENTED, -1, f"{identity[0]} {identity[2]} {found[0]['author']}")


def _row(name: str, row: Words, mention: Mention) -> Iterator[Fault]:
    phase = mention.said.phase
    if row["author"] != mention.said.author:
        if mention.excused and row["author"] in mention.older:
            return
        wrong = Wrong.STALE if row["author"] in mention.older else Wrong.CONTENT
        yield Fault(wrong, phase, f"{name}: holds {row['author']}")
        return
    if different := "; ".join(_differences(row, mention)):
        yield Fault(Wrong.CONTENT, phase, f"{name}: {different[:300]}")


def _differences(row: Words, mention: Mention) -> Iterator[str]:
    said = mention.said
    for column, value in (
        ("text", said.text),
        ("reach", said.reach),
        ("language", mention.language),
        ("published_at", said.published_at),
        ("picture_sha256", mention.sha256),
    ):
        if row[column] != value:
            yield f"{column} is {str(row[column])[:60]!r}, published was {str(value)[:60]!r}"
    brands = {tuple(brand) for brand in row["brands"] or ()}
    if brands != mention.brands and not (mention.many and _names(brands) == _names(mention.brands)):
        yield f"brands: {sorted(brands ^ mention.brands)[:4]}"
    felt = dict(row["felt"] or {})
    whole = felt.pop("", None)
    if (whole is None) != (mention.sentiment is None) or not _close(whole, mention.sentiment):
        yield f"sentiment is {whole}, the model says {mention.sentiment}"
    if not mention.many and (
        felt.keys() != mention.toward.keys() or not all(_close(felt[b], mention.toward[b]) for b in felt)
    ):
        yield f"sentiment toward {sorted(felt)}, the model says {sorted(mention.toward)}, or other numbers"
    logos = row["logos"] or {}
    if logos.keys() != mention.detections.keys() or not all(
        abs(logos[brand] - score) < _WEIGHED for brand, score in mention.detections.items()
    ):
        yield f"logos are {logos}, the model sees {mention.detections}"


def _letters(stored: list[dict[str, Any]], expected: Expected) -> Iterator[Fault]:
    """By topic, partition and offset; a topic of several lives may have one a life."""
    rows: dict[tuple[str, int, int], list[str]] = defaultdict(list)
    for row in stored:
        rows[row["topic"], row["partition"], row["record_offset"]].append(row["error_code"])
    wanted: dict[tuple[str, int, int], list[Letter]] = defaultdict(list)
    for place, letter in expected.letters.items():
        wanted[place.topic, place.partition, place.offset].append(letter)
    for where, letters in wanted.items():
        found = rows.pop(where, [])
        for letter in letters:
            name = f"{_at(letter.place)}, {'/'.join(sorted(letter.codes))}"
            right = next((code for code in found if code in letter.codes), None)
            if right is not None:
                found.remove(right)
            elif found:
                yield Fault(Wrong.LETTER_CODE, letter.phase, f"{name}: says {found.pop()}")
            elif not letter.excused:
                yield Fault(Wrong.LETTER_LOST, letter.phase, name)
        for code in found:
            yield Fault(Wrong.LETTER_DOUBLED, letters[0].phase, f"{_at(letters[0].place)}: again, {code}")
    for where, found in rows.items():
        yield Fault(Wrong.LETTER_INVENTED, -1, f"{where}: {', '.join(found)}")


def _announced(findings: Iterable[Entry], expected: Expected, stored: set[Identity]) -> Iterator[Fault]:
    """Every version that a row holds was published, once or more often; the last word of a mention that was
    deleted is that it was."""
    said: dict[Identity, list[Words]] = defaultdict(list)
    for entry in findings:
        if entry.record is not None and entry.record.value:
            finding = json.loads(entry.record.value)
            said[finding["kind"], finding["source"], finding["id"]].append(finding)
    for identity, mention in expected.mentions.items():
        if identity in stored and not mention.excused and not _found(said[identity], mention):
            what = (
                f"{identity[0]} {identity[2]} {mention.said.author}: {len(said[identity])} findings, not this"
            )
            yield Fault(Wrong.NOT_ANNOUNCED, mention.said.phase, what)
    for identity, gone in expected.gone.items():
        if not gone.excused and "deleted_at" not in (said[identity] or [{}])[-1]:
            what = f"{identity[0]} {identity[2]}: the last finding is not that it was deleted"
            yield Fault(Wrong.NOT_ANNOUNCED, gone.phase, what)


def _found(findings: list[Words], mention: Mention) -> bool:
    return any(
        finding.get("language") == mention.language
        and _close(_probabilities(finding.get("sentiment")), mention.sentiment)
        for finding in findings
    )


def _probabilities(sentiment: Words | None) -> tuple[float, ...] | None:
    if sentiment is None:
        return None
    return tuple(sentiment[f"p_{label}"] for label in ("negative", "neutral", "positive"))


def _posted(dead: Iterable[Entry], expected: Expected) -> Iterator[Fault]:
    """Every dead letter lies in the dead topic, once or more often."""
    there: Counter[tuple[str, int, int]] = Counter()
    for entry in dead:
        if entry.record is not None:
            named = [entry.record.header(name) or b"" for name in _SOURCE]
            there[named[0].decode(), int(named[1] or -1), int(named[2] or -1)] += 1
    for place, letter in expected.letters.items():
        if not there[place.topic, place.partition, place.offset] and not letter.excused:
            yield Fault(Wrong.NOT_ANNOUNCED, letter.phase, f"no letter of {_at(place)} in the dead topic")


_SOURCE: Final = (b"source-topic", b"source-partition", b"source-offset")


def _roll_ups(database_url: str) -> Iterator[Fault]:
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with engine.connect() as connection:
            for one in rollups.compare(connection):
                if not one.ok:
                    what = f"{one.table}: {one.wrong} wrong, {one.missing} missing; {one.example}"
                    yield Fault(Wrong.ROLL_UP, -1, what)
    finally:
        engine.dispose()


def _identity(row: Words) -> Identity:
    return row["kind"], row["source"], row["external_id"]


def _names(brands: Iterable[Any]) -> set[str]:
    return {brand[0] for brand in brands}


def _close(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return all(abs(a - b) < _TOLERANCE for a, b in zip(one, other, strict=True))


def _at(place: Place) -> str:
    life = f" (life {place.life})" if place.life else ""
    return f"{place.topic}[{place.partition}]@{place.offset}{life}"
