"""The writer's part for mentions: their rows and what hangs on them, in as few round trips as may be."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.storage import driver, rows, stories
from monitor.storage.driver import Statement, as_json, uuids
from monitor.storage.mention_tables import brand_mention, mention, sentiment
from monitor.storage.records import Result, TextResult
from monitor.storage.story_graph import Member, Neighbours

CONTENT: Final = (
    *("published_at", "text", "author", "url", "lang", "reach", "picture_sha256", "model_version"),
    *("language", "words", "log_id", "topic", "partition", "record_offset", "recorded_at"),
)
# Which story it belongs to is told by others as well: a new version of a mention leaves that as it is.
MENTION: Final = ("id", "post_id", "kind", "source", "external_id", *CONTENT, "story_id", "lead")
COUNTS: Final = ("n_brand_mentions", "n_sentiments")
BRAND_MENTION: Final = ("mention_id", "brand_id", "start_char", "end_char", "matched")
SENTIMENT: Final = (
    *("mention_id", "brand_id", "label", "p_negative", "p_neutral", "p_positive", "model_version"),
)

_NEW: Final = driver.insert(mention, (*MENTION, *COUNTS, "story_keys"))
_AGAIN: Final = driver.update(mention, (*CONTENT, *COUNTS, "story_keys"), also="stored_at = now()")
_NO_BRANDS: Final = "DELETE FROM brand_mention WHERE mention_id = ANY(CAST(%(ids)s AS uuid[]))"
NO_SENTIMENTS: Final = "DELETE FROM sentiment WHERE mention_id = ANY(CAST(%(ids)s AS uuid[]))"
BRANDS: Final = driver.insert(brand_mention, BRAND_MENTION)
SENTIMENTS: Final = driver.insert(sentiment, SENTIMENT)


def member(id: UUID, result: Result) -> Member:
    """The mention as stories know it."""
    return Member(id, result.mention.published_at, result.story_keys)


async def write(
    connection: AsyncConnection,
    versions: Mapping[UUID, Result],
    there: Mapping[UUID, Member],
    beside: Neighbours,
    log_id: str,
    brand_ids: Mapping[str, int],
) -> list[Statement]:
    """Write versions of mentions, those in `there` in the place of what is there; `beside` is what their keys
    are beside. Returns what is left to run; the caller holds the lock of the stories.
    """
    members = {id: member(id, result) for id, result in versions.items()}
    given = {id: rows.mention_row(id, result, log_id) for id, result in versions.items()}
    new = [each for id, each in members.items() if id not in there]
    statements = list[Statement]()
    if new:
        places, statements = stories.arranged(new, beside) or (
            await connection.run_sync(stories.place, new),
            [],
        )
        for id, place in places.items():
            given[id].update(place._asdict())
        statements.append(Statement(_NEW, as_json(given[each.id] for each in new)))
    again = [id for id in members if id in there]
    if again:
        statements.append(Statement(_AGAIN, as_json(given[id] for id in again)))
        statements += [Statement(sql, {"ids": uuids(again)}) for sql in (_NO_BRANDS, NO_SENTIMENTS)]
    statements += _parts(versions, brand_ids)
    changed = [id for id in again if there[id]._replace(story_id=None) != members[id]]
    if not changed:
        return statements
    await driver.together(connection, *statements)
    await connection.run_sync(_move, {id: there[id] for id in changed}, {id: members[id] for id in changed})
    return []


def _parts(versions: Mapping[UUID, Result], brand_ids: Mapping[str, int]) -> list[Statement]:
    """The brands that mentions name, and how they feel."""
    named = [row for id, result in versions.items() for row in rows.brand_mention_rows(id, result, brand_ids)]
    texts = ((id, result) for id, result in versions.items() if isinstance(result, TextResult))
    felt = [row for id, result in texts for row in rows.sentiment_rows(id, result, brand_ids)]
    return [Statement(sql, as_json(given)) for sql, given in ((BRANDS, named), (SENTIMENTS, felt)) if given]


def _move(connection: Connection, before: Mapping[UUID, Member], now: Mapping[UUID, Member]) -> None:
    # Their stories as they are now: new mentions may have united some.
    told = stories.stored(connection, before.keys())
    stories.move(
        connection,
        [each._replace(story_id=told[id].story_id) for id, each in before.items()],
        list(now.values()),
    )
