"""Stored mentions held against a query: what the database can tell of it, and then the query itself.

The database knows the words of a mention, not their places (`monitor.queries.condition`), so it says which
mentions a query may be true of. Each of these is read, as the workers read it, and judged by the query.
"""

from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import Connection, text

from monitor.messages import Verdict
from monitor.queries import Field, Fields, Query, condition
from monitor.queries.fields import KnownAs, has
from monitor.queries.tree import walk
from monitor.reports.filters import Filter
from monitor.reports.origins import MOST_SOURCES, source_names
from monitor.storage.engine import known_as
from monitor.storage.rows import LOOK_AT_TEXT
from monitor.texts import Terms, read

_Name = TypeVar("_Name", bound=str)

_NOTHING_SAID: Final = read("")


class Judge:
    """A query, compiled. Immutable."""

    def __init__(self, connection: Connection, query: Query) -> None:
        """`connection` is that of the rows, which knows how their authors are stored."""
        self.query = query
        self._known_as = known_as(connection)
        self.reads = bool(query.terms)
        """Whether it asks for words, so that texts have to be read: most of the work."""
        self._terms = Terms(query.terms)
        self._asks_site = any(isinstance(node, Field) and node.name == "site" for node in walk(query.root))

    def columns(self, table: str) -> str:
        """SQL of what it is judged by, and nothing else; `table` is an alias of mention."""
        said = f"{table}.text" if self.reads else "CAST(NULL AS text) AS text"
        return columns(table, images=bool(self.query.images), said=said)

    def is_true_of(self, row: Any) -> bool:
        """Whether it is true of a mention: a row with the columns of `columns`."""
        fields = fields_of(row, self._known_as, site=self._asks_site)
        if not self.reads:
            return self.query.matches({}, _NOTHING_SAID, fields)
        reading = read(row.text or "")
        return self.query.matches(self._terms.find(reading), reading, fields)


def columns(table: str, *, images: bool, said: str | None = None) -> str:
    """SQL of what a query is judged by; `table` is an alias of mention. `images`, the brands that its picture
    shows as it counts now, are looked up only where something asks for them."""
    shown = _SHOWN.format(table) if images else "CAST('{}' AS text[])"
    names = ", ".join(f"{table}.{name}" for name in ("author", "url", "source", "language"))
    return f"{said or f'{table}.text'}, {names}, {shown} AS images"


def fields_of(row: Any, known_as: KnownAs | None, *, site: bool = True) -> Fields:
    """What is known of a mention besides its text; the row has the columns of `columns`. `known_as` is that
    of its database; `site` says whether something asks for it."""
    return Fields.of(row, row.language, row.images, site=site, known_as=known_as)


def lexemes(query: Query) -> str | None:
    """The tsquery that the words of every mention meet of which the query is true, and those of mentions
    whose text has to be looked at. None where words tell nothing."""
    found = condition(query)
    return None if found is None else f"({found}) | '{LOOK_AT_TEXT}'"


def may_say(table: str) -> str:
    """SQL condition: the words of a mention meet `:lexemes`, or nobody has read it yet.

    `table` is an alias of mention."""
    return f"({table}.words @@ CAST(:lexemes AS tsquery) OR {table}.words IS NULL)"


def narrowed(
    connection: Connection, chosen: Filter, query: Query, label: Verdict | None = None
) -> Filter | None:
    """The filter without what the query is never true of, so that indexes pass it over: other sources,
    languages and kinds, and for `image:` other brands; without the pictures where a label is asked for, which
    they have none of. None where nothing is left."""
    sources, languages, kinds, brands = chosen.sources, chosen.languages, chosen.kinds, chosen.brands
    if label is not None:
        kinds = _both(kinds, ("text",))
        if not kinds:
            return None
    for field in query.required_fields:
        if field.name == "source":
            known = source_names(connection)
            if len(known) < MOST_SOURCES:
                named = tuple(name for name in known if has(Fields(source=name), field))
                sources = _both(sources, named)
                if not sources:
                    return None
        elif field.name == "lang":
            languages = _both(languages, (field.value,))
            if not languages:
                return None
        elif field.name == "image":
            kinds = _both(kinds, ("image",))
            if not kinds:
                return None
            if not brands:
                shown = connection.execute(text("SELECT name FROM brand")).scalars()
                brands = tuple(name for name in shown if has(Fields(images=frozenset((name,))), field))
                if not brands:
                    return None
    return msgspec.structs.replace(chosen, sources=sources, languages=languages, kinds=kinds, brands=brands)


def _both(chosen: tuple[_Name, ...], wanted: tuple[_Name, ...]) -> tuple[_Name, ...]:
    """What is in both; nothing chosen means all."""
    return tuple(name for name in wanted if name in chosen) if chosen else wanted


_SHOWN: Final = (
    "ARRAY(SELECT b.name FROM presence AS p JOIN brand AS b ON b.id = p.brand_id"
    " WHERE p.mention_id = {}.id AND p.shown)"
)
