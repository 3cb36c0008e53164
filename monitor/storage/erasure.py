"""Erases a post: its text and picture mention, all that hangs on them, and pictures that nothing else shows.

Stories that it led get another lead; those that it held together fall apart. The trigger on `mention` notes
the reason in table `erasure`, by which the audit tells this from a loss.
"""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from monitor.storage import stories
from monitor.storage.rows import HEAD_BYTES, clean


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """Rows removed, or to be removed."""

    mentions: int
    brand_mentions: int
    sentiments: int
    corrections: int
    answers: int
    """What people did about its stories, with their notes."""
    pictures: Mapping[str, str]
    """SHA-256 -> URL of pictures that no other post shows; their files go once the rows are gone."""
    pictures_kept: Mapping[str, str]
    """Those that mentions of other posts show."""
    not_found: tuple[str, ...]
    """Ids of which there is no mention."""
    dead_letters: int
    """Rejected records with such an id for a key; their first 1,024 bytes stay."""


def find(connection: Connection, source: str, ids: Collection[str]) -> Erased:
    """What `erase` would remove."""
    given = _given(source, ids)
    keys = [id.encode("utf-8", "surrogatepass")[:HEAD_BYTES] for id in ids]
    counts = connection.execute(_COUNTS, given | {"keys": keys}).one()
    pictures = connection.execute(_PICTURES, given).all()
    known = set(connection.execute(_KNOWN, given).scalars())
    return Erased(
        mentions=counts.mentions,
        brand_mentions=counts.brand_mentions,
        sentiments=counts.sentiments,
        corrections=counts.corrections,
        answers=counts.answers,
        pictures={row.sha256: row.url for row in pictures if not row.shown_elsewhere},
        pictures_kept={row.sha256: row.url for row in pictures if row.shown_elsewhere},
        not_found=tuple(id for id in ids if clean(id) not in known),
        dead_letters=counts.dead_letters,
    )


def erase(connection: Connection, source: str, ids: Collection[str], reason: str) -> Erased:
    """Remove the posts in the caller's transaction; remove the files of `pictures` after its commit.

    Needs the rights of brand_monitor_migrate; workers that write pictures wait until it is done. Kafka holds
    the records until their retention ends: a worker that reads them again writes them again.
    """
    given = _given(source, ids)
    stories.lock(connection)
    # What is found is what goes: nobody begins to show one of the pictures, or changes the post, meanwhile.
    connection.execute(text("LOCK TABLE picture IN SHARE ROW EXCLUSIVE MODE"))
    connection.execute(_LOCK, given)
    found = find(connection, source, ids)
    connection.execute(text("SELECT set_config('brand_monitor.erasure', :reason, true)"), {"reason": reason})
    gone = stories.stored(connection, connection.execute(_IDS, given).scalars().all())
    connection.execute(_DELETE, given)
    stories.move(connection, gone.values())
    for table, key in (("picture_scan", "picture_sha256"), ("picture", "sha256")):  # finds go with the scans
        connection.execute(
            text(f"DELETE FROM {table} WHERE {key} = ANY(:gone)"),  # noqa: S608 - our own words
            {"gone": list(found.pictures)},
        )
    return found


def _given(source: str, ids: Collection[str]) -> dict[str, Any]:
    return {"source": clean(source), "ids": [clean(id) for id in ids]}


_MENTIONS = "SELECT id FROM mention WHERE source = :source AND external_id = ANY(:ids)"
_IDS = text(_MENTIONS)
_LOCK = text(f"{_MENTIONS} ORDER BY id FOR UPDATE")
_KNOWN = text("SELECT external_id FROM mention WHERE source = :source AND external_id = ANY(:ids)")
_COUNTS = text(f"""
    WITH gone AS ({_MENTIONS})
    SELECT (SELECT count(*) FROM gone) AS mentions,
           (SELECT count(*) FROM brand_mention WHERE mention_id IN (SELECT id FROM gone)) AS brand_mentions,
           (SELECT count(*) FROM sentiment WHERE mention_id IN (SELECT id FROM gone)) AS sentiments,
           (SELECT count(*) FROM correction WHERE mention_id IN (SELECT id FROM gone)) AS corrections,
           (SELECT count(*) FROM answer WHERE mention_id IN (SELECT id FROM gone)) AS answers,
           (SELECT count(*) FROM dead_letter WHERE record_key = ANY(:keys)) AS dead_letters
""")  # noqa: S608 - our own words
_PICTURES = text(f"""
    WITH gone AS ({_MENTIONS})
    SELECT p.sha256, p.url, EXISTS (
               SELECT FROM mention AS other
               WHERE other.picture_sha256 = p.sha256 AND other.id NOT IN (SELECT id FROM gone)
           ) AS shown_elsewhere
    FROM picture AS p
    WHERE p.sha256 IN (SELECT picture_sha256 FROM mention WHERE id IN (SELECT id FROM gone))
    ORDER BY p.url
""")  # noqa: S608 - our own words
_DELETE = text(f"DELETE FROM mention WHERE id IN ({_MENTIONS})")  # noqa: S608 - our own words
