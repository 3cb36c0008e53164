"""Languages: which there are, and how many texts the model did not score for want of theirs."""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, text

from monitor.reports.counts import values
from monitor.reports.filters import Filter
from monitor.reports.wording import counted, language, number

_MOST_NAMED: Final = 5


class Unscored(msgspec.Struct, frozen=True, kw_only=True):
    """Texts in one language that neither the model scored nor a person judged."""

    language: str
    texts: int


def unscored(connection: Connection, chosen: Filter) -> tuple[Unscored, ...]:
    """Of the texts chosen, those without a sentiment, by language, the most first.

    With brands chosen: texts without one toward a chosen brand that they name, each once.
    """
    found = connection.execute(text(_unscored(chosen)), values(connection, chosen))
    return tuple(Unscored(language=row.language, texts=row.texts) for row in found)


def in_words(found: Sequence[Unscored]) -> str:
    """`15 texts not scored: de 12, fr 3`; empty where there are none."""
    if not found:
        return ""
    named = ", ".join(f"{language(each.language)} {number(each.texts)}" for each in found[:_MOST_NAMED])
    rest = sum(each.texts for each in found[_MOST_NAMED:])
    return (
        f"{counted(sum(each.texts for each in found), 'text')} not scored: {named}"
        f"{f', others {number(rest)}' if rest else ''}"
    )


def language_names(connection: Connection) -> tuple[str, ...]:
    """Codes of the languages of mentions, in order."""
    return tuple(connection.execute(_LANGUAGES).scalars())


def _unscored(chosen: Filter) -> str:
    if not chosen.brands:
        # The roll-up knows what the model did; what people judged is little, and looked up.
        judged = f"""
            SELECT m.language, -count(DISTINCT m.id) FROM sentiment_correction AS c
            JOIN mention AS m ON m.id = c.mention_id AND m.n_sentiments = 0
            WHERE {chosen.where("m")} GROUP BY 1
        """  # noqa: S608 - the conditions are our own; their values travel as parameters
        each = f"{_NOT_SCORED} UNION ALL {judged}"
    elif len(chosen.brands) == 1:
        each = _NOT_SCORED_ABOUT_ONE
    else:
        each = f"""
            SELECT p.language, 1 FROM presence AS p
            WHERE p.kind = 'text' AND p.label IS NULL AND p.brand_id = ANY(:brand_ids) AND {chosen.where("p")}
            GROUP BY p.mention_id, p.language
        """  # noqa: S608 - the conditions are our own; their values travel as parameters
    return f"""
        SELECT language, sum(n)::bigint AS texts FROM ({each}) AS each(language, n)
        GROUP BY 1 HAVING sum(n) > 0 ORDER BY texts DESC, 1
    """  # noqa: S608 - the conditions are our own


_NOT_SCORED: Final = """
    SELECT language, unscored FROM mention_counts(:since, :until, :sources, :kinds, :languages, :stories)
    WHERE unscored > 0
"""
_NOT_SCORED_ABOUT_ONE: Final = """
    SELECT language, unscored FROM brand_counts(:since, :until, :sources, :kinds, :languages, :stories)
    WHERE brand_id = ANY(:brand_ids)
"""

# Looks each next code up in the index on (language, published_at): as many steps as languages.
_LANGUAGES: Final = text("""
    WITH RECURSIVE found AS (
        (SELECT language FROM mention ORDER BY language LIMIT 1)
        UNION ALL
        SELECT (SELECT m.language FROM mention AS m WHERE m.language > found.language
                ORDER BY m.language LIMIT 1)
        FROM found WHERE found.language IS NOT NULL
    )
    SELECT language FROM found WHERE language IS NOT NULL LIMIT 500
""")
