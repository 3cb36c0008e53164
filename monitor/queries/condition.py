"""What the search index can say of a query: a condition that every mention meets for which it is true.

The index holds `Reading.lexemes()` of a mention's text, without their places, so the condition is weaker than
the query: NEAR becomes AND, NOT and fields nothing at all. Rows that meet it are then held against the query
itself. Terms are cut by the same reading as texts, which makes their lexemes the texts' lexemes.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from monitor.queries.query import Query
from monitor.queries.tree import And, Field, Near, Node, Not, Or, Says
from monitor.texts import LEXEME_CHARS, Reading, Term, Word, read
from monitor.texts.characters import JOINERS

_JOINER_CHARS: Final = "".join(filter(re.compile(f"[{JOINERS}]").match, map(chr, range(0x3100))))
MOST_PARTS: Final = 4
"""Parts of a term that are tried joined in every way (eight ways for four); of more only the first is asked
for."""


def condition(query: Query) -> str | None:
    """A tsquery, for `words @@ CAST(:condition AS tsquery)`: true of the index of every mention that the
    query is true of. None where nothing can be said, as of `NOT apple` or `lang:en`."""
    return _condition(query.root)


def _condition(node: Node) -> str | None:
    match node:
        case Says(term):
            return _of_term(term)
        case And(parts):
            return _all(_condition(part) for part in parts)
        case Or(parts):
            return _any(_condition(part) for part in parts)
        case Near(left, right):
            return _all((_condition(left), _condition(right)))
        case Not() | Field():
            return None


def _all(conditions: Iterable[str | None]) -> str | None:
    said = list(dict.fromkeys(one for one in conditions if one is not None))
    return _bracketed(said, " & ")


def _any(conditions: Iterable[str | None]) -> str | None:
    said = list(dict.fromkeys(conditions))
    return None if None in said else _bracketed([one for one in said if one is not None], " | ")


def _bracketed(conditions: list[str], operator: str) -> str | None:
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return f"({operator.join(conditions)})"


def _of_term(term: Term) -> str | None:
    """Of the term's words each that the index must hold; of words that may be written as one, either way."""
    reading = read(term.text.split("?")[0] if term.wild else term.text)
    if not reading.words:
        return None
    # With a wildcard the last word may go on, unless a sign ends it.
    is_open = (term.prefix or term.wild) and _only_joiners(reading.text[reading.words[-1].end :])
    runs = list(_runs(reading))
    return _all(_of_run(run, is_open and run is runs[-1]) for run in runs)


def _runs(reading: Reading) -> Iterator[list[Word]]:
    """Words that may be written as one: nothing but joiners stands between them. And characters of scripts
    without spaces that follow each other."""
    run: list[Word] = []
    for word in reading.words:
        if run and not _same_run(reading, run[-1], word):
            yield run
            run = []
        run.append(word)
    yield run


def _same_run(reading: Reading, one: Word, two: Word) -> bool:
    if one.kind != two.kind or one.kind == "emoji":
        return False
    between = reading.text[one.end : two.start]
    return not read(between).folded if one.kind == "character" else _only_joiners(between)


def _only_joiners(text: str) -> bool:
    return not read(text).folded.strip(_JOINER_CHARS)


def _of_run(run: Sequence[Word], is_open: bool) -> str | None:
    if run[0].kind == "word":
        return _of_words([word.text for word in run], is_open)
    texts = [one.text + two.text for one, two in pairwise(run)] or [run[0].text]
    # What follows may be a mark on the last of them.
    return _all(_lexeme(text, is_prefix=is_open and text is texts[-1]) for text in texts)


def _of_words(parts: Sequence[str], is_open: bool) -> str:
    if len(parts) > MOST_PARTS:
        return _lexeme(parts[0], is_prefix=True)
    ways = []
    for joints in range(1 << (len(parts) - 1)):
        words = [parts[0]]
        for index, part in enumerate(parts[1:]):
            if joints >> index & 1:
                words.append(part)
            else:
                words[-1] += part
        ways.append(
            _all(
                _lexeme(word, is_prefix=is_open and index == len(words) - 1)
                for index, word in enumerate(words)
            )
        )
    return _any(ways) or ""


def _lexeme(text: str, *, is_prefix: bool = False) -> str:
    """Quoted for a tsquery, cut as the index cuts."""
    quoted = text[:LEXEME_CHARS].replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'{':*' if is_prefix else ''}"
