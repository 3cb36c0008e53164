"""The terms that set praise of a brand apart from criticism: log-odds with an informative Dirichlet prior.

Monroe, Colaresi and Quinn 2008, "Fightin' Words: Lexical Feature Selection and Evaluation for Identifying the
Content of Political Conflict", section 3.5: words that are rare on either side are pulled toward how common
they are in all the texts, so that neither stop words nor chance finds come out on top.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Final

import msgspec
from sqlalchemy import Connection, text

from monitor.reports.counts import sampled_hours, step_of_sample, values
from monitor.reports.feeling import net_sentiment
from monitor.reports.filters import Filter
from monitor.texts import read

# Per side: a sample of this size moves a z score by little, and is read and counted in a quarter of a second.
SAMPLE: Final = 5000
# Sum of the prior's pseudo-counts: as much weight as this many words of the background.
_PRIOR: Final = 500.0
# A term in fewer texts is an anecdote.
_FEWEST: Final = 3
# Words of two letters or more, with inner apostrophes and hyphens; no numbers, no web addresses.
_WORD: Final = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A word or two; z > 0 speaks for the brand, z < 0 against it; |z| > 1.96 is no chance find."""

    term: str
    z: float
    positive: int
    """Positive texts that have the term, of `positive_texts` read."""
    negative: int
    positive_texts: int
    negative_texts: int


def terms(connection: Connection, chosen: Filter, brand: str, limit: int = 15) -> tuple[Term, ...]:
    """Up to `limit` terms of praise, the clearest first, then up to `limit` of criticism, the clearest first.

    Of many texts, about `SAMPLE` positive and as many negative ones are read, those of every so many-th hour:
    the same every time. Empty where either side has no text.
    """
    felt = next((each for each in net_sentiment(connection, chosen) if each.brand == brand), None)
    if felt is None:
        return ()
    counts = {"positive": felt.positive, "negative": felt.negative}
    sides = {label: _texts(connection, chosen, brand, label, n) for label, n in counts.items()}
    named = _words(_names(connection, brand))
    return distinctive(sides["positive"], sides["negative"], limit, without=named)


def distinctive(
    positive: Iterable[str], negative: Iterable[str], limit: int, without: Iterable[str] = ()
) -> tuple[Term, ...]:
    """`terms` of texts at hand; words in `without` (the brand's own) and function words are passed over."""
    passed = frozenset(without)
    praise = [_terms(each, passed) for each in positive]
    blame = [_terms(each, passed) for each in negative]
    if not praise or not blame:
        return ()
    for_it, against = Counter(_flat(praise)), Counter(_flat(blame))
    scored = [
        Term(
            term=term,
            z=z,
            positive=for_it[term],
            negative=against[term],
            positive_texts=len(praise),
            negative_texts=len(blame),
        )
        for term, z in _z_scores(for_it, against).items()
        if for_it[term] + against[term] >= _FEWEST
    ]
    scored.sort(key=lambda each: (-abs(each.z), each.term))
    told = _without_parts(scored)
    best = [each for each in told if each.z > 0][:limit]
    return (*best, *[each for each in told if each.z < 0][:limit])


def _without_parts(scored: Iterable[Term]) -> list[Term]:
    """Without the words that are never said but in one of the pairs: the pair says it all."""
    ordered = tuple(scored)
    parts = {
        (word, each.positive, each.negative)
        for each in ordered
        for word in each.term.split()
        if " " in each.term
    }
    return [each for each in ordered if (each.term, each.positive, each.negative) not in parts]


def _z_scores(positive: Counter[str], negative: Counter[str]) -> dict[str, float]:
    """Equations 15, 16 and 20 to 22 of the paper; the background is both sides together."""
    background = positive + negative
    everything = background.total()
    n_positive, n_negative = positive.total(), negative.total()
    scores: dict[str, float] = {}
    for term, count in background.items():
        prior = _PRIOR * count / everything
        for_it, against = positive[term] + prior, negative[term] + prior
        delta = math.log(for_it / (n_positive + _PRIOR - for_it)) - math.log(
            against / (n_negative + _PRIOR - against)
        )
        scores[term] = delta / math.sqrt(1 / for_it + 1 / against)
    return scores


def _terms(said: str, passed: frozenset[str]) -> set[str]:
    """Single words and pairs with no more than a space between, each once: who repeats it said it once."""
    plain = read(said).prose.casefold()
    silent = passed | _function_words()
    words = [found for found in _WORD.finditer(plain) if found[0] not in silent and len(found[0]) > 1]
    neighbours = (pair for pair in pairwise(words) if plain[pair[0].end() : pair[1].start()].isspace())
    return {found[0] for found in words} | {f"{a[0]} {b[0]}" for a, b in neighbours}


@cache
def _function_words() -> frozenset[str]:
    lines = resources.files("monitor.reports").joinpath("function_words.txt").read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def _words(texts: Iterable[str]) -> list[str]:
    return [word for said in texts for word in _WORD.findall(read(said).plain.casefold())]


def _flat(texts: Iterable[set[str]]) -> Iterable[str]:
    return (term for each in texts for term in each)


def _names(connection: Connection, brand: str) -> list[str]:
    """How the brand is written in the texts, the commonest forms."""
    query = text("""
        SELECT matched
        FROM (SELECT n.matched FROM brand_mention AS n JOIN brand AS b ON b.id = n.brand_id
              WHERE b.name = :brand LIMIT 2000) AS named
        GROUP BY 1 ORDER BY count(*) DESC LIMIT 50
    """)
    return [brand, *connection.execute(query, {"brand": brand}).scalars()]


def _texts(connection: Connection, chosen: Filter, brand: str, label: str, n: int) -> list[str]:
    step = step_of_sample(n, SAMPLE)
    hours = sampled_hours(step)
    query = f"""
        SELECT m.text FROM {hours} AS s(first, last) CROSS JOIN LATERAL (
            SELECT * FROM presence AS p
            WHERE published_at >= s.first AND published_at < s.last
              AND brand_id = (SELECT id FROM brand WHERE name = :brand)
            OFFSET 0  -- hour by hour through the index: joined freely, the planner reads the table whole
        ) AS each JOIN mention AS m ON m.id = each.mention_id
        WHERE {chosen.where("each", "each.label = :label")}
        LIMIT {2 * SAMPLE}
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    return list(connection.execute(text(query), {**values(chosen), "brand": brand, "label": label}).scalars())
