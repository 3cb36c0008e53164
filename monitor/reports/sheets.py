"""The rows of a page for a spreadsheet: its mentions, or, where the page is a table, that table whole."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from monitor.answers import Wanted, queue
from monitor.insights.compared import Compared
from monitor.insights.standings import standings
from monitor.queries import parse
from monitor.reports.asked import Asked
from monitor.reports.exports import COLUMNS, mention_rows
from monitor.reports.mentions import MentionLine, all_mentions, search
from monitor.reports.voice import share_of_voice
from monitor.themes import themes

_AT_ONCE: Final = 500
"""Mentions of a search, or cards, fetched at a time."""

_FIGURES: Final = ("mentions", "share", "health", "net")
_OF_EACH: Final = ("now", "before", "usual", "n", "change", "change_low", "change_high")

_BRANDS: Final = ("brand", "own", *(f"{figure}_{name}" for figure in _FIGURES for name in _OF_EACH))
_THEMES: Final = (
    *("brand", "theme", "posts", "posts_before", "share", "stories", "positive", "negative", "phrases"),
    *("query", "estimated"),
)
_CARDS: Final = (
    *("mention_id", "published_at", "source", "author", "url", "reach_of_post", "text", "felt"),
    *("posts", "copies", "reach", "first_at", "last_at", "state", "by", "note"),
)


def sheet(connection: Connection, asked: Asked, zone: str) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
    """Columns and rows of a view, read as they are consumed; days are those of the IANA time zone.

    Raises `QueryError` for a query that cannot be read.
    """
    match asked.page:
        case "compare":
            return _BRANDS, _brands(connection, asked, zone)
        case "themes":
            return _THEMES, _themes(connection, asked)
        case "answer":
            return _CARDS, _cards(connection, asked)
    if asked.query.strip() or asked.label:
        return COLUMNS, mention_rows(_found(connection, asked))
    return COLUMNS, mention_rows(all_mentions(connection, asked.chosen))


def _found(connection: Connection, asked: Asked) -> Iterator[MentionLine]:
    """Every mention that fits, oldest first, however long the search takes."""
    query = parse(asked.query) if asked.query.strip() else None
    after: str | None = None
    while True:
        page = search(
            connection,
            asked.chosen,
            query=query,
            label=asked.label,
            order="oldest",
            after=after,
            limit=_AT_ONCE,
        )
        yield from page.rows
        if page.next is None:
            return
        after = page.next


def _brands(connection: Connection, asked: Asked, zone: str) -> Iterator[Sequence[Any]]:
    for each in standings(connection, asked.chosen, zone):
        figures = (_figure(getattr(each, name)) for name in _FIGURES)
        yield (each.brand, each.own, *(value for figure in figures for value in figure))


def _figure(of: Compared) -> tuple[Any, ...]:
    """The change is from usual where that is known, else from the period before."""
    move = of.move
    change = (None, None, None) if move is None else (move.value, move.low, move.high)
    return (of.now, of.before, of.usual, of.n, *change)


def _themes(connection: Connection, asked: Asked) -> Iterator[Sequence[Any]]:
    for voice in share_of_voice(connection, asked.chosen):
        chosen = msgspec.structs.replace(asked.chosen, brands=(voice.brand,))
        for each in themes(connection, chosen, voice.brand):
            yield (
                *(voice.brand, each.name, each.posts, each.posts_before, each.share, each.stories),
                *(each.positive, each.negative, each.phrases, each.query, each.estimated),
            )


def _cards(connection: Connection, asked: Asked) -> Iterator[Sequence[Any]]:
    label = asked.label if asked.label in ("negative", "unsure") else None
    wanted = Wanted(query=parse(asked.query) if asked.query.strip() else None, label=label)
    after: str | None = None
    while True:
        found = queue(connection, asked.chosen, wanted, after=after, limit=_AT_ONCE)
        for card in found.cards:
            line, standing = card.line, card.standing
            felt = tuple(f"{brand}: {said}" for brand, said in card.felt)
            yield (
                *(line.mention_id, line.published_at, line.source, line.author, line.url, line.reach),
                *(line.text, felt, card.posts, card.copies, card.reach, card.first_at, card.last_at),
                *(card.state, standing.set_by if standing else None, standing.note if standing else None),
            )
        if found.next is None:
            return
        after = found.next
