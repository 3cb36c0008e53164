"""Terms of a query: words and phrases with their wildcards, checked so that each can be found."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from monitor.queries.printing import DOUBLE_QUOTES, GUILLEMETS, quoted
from monitor.queries.source import Source
from monitor.queries.tree import MOST_BETWEEN, Near, Node, Says
from monitor.texts import MOST_JOINERS, Term, Terms, read
from monitor.texts.characters import JOINERS, is_sought

MOST_TERM_CHARS: Final = 200
LEAST_LETTERS: Final = 2
"""Letters before a wildcard: "a*" would be every tenth word."""

_SPACE: Final = re.compile(r"\s+")
_JOINER: Final = re.compile(f"[{JOINERS}]")
_ESCAPED: Final = frozenset(f'"{DOUBLE_QUOTES}{GUILLEMETS}\\*?')


class _Written(NamedTuple):
    """A term as written: `stars` and `marks` are where in `text` * and ? stand as wildcards."""

    text: str
    stars: list[int]
    marks: list[int]


def plain(source: Source, written: str, start: int, *, in_quotes: bool) -> Term:
    """A term, whose * at the end and ? are wildcards; between quotes not behind a backslash."""
    text, stars, marks = _parsed(written, in_quotes=in_quotes)
    prefix = stars == [len(text) - 1]
    if stars and not prefix:
        source.fail(
            start,
            "* stands at the end of a word only",
            f"write the words out with OR; for the sign itself {quoted(text, '*?')}",
        )
    if marks and len(marks) != text.count("?"):
        source.fail(
            start,
            "? is a wildcard and a sign in one term",
            "write the spellings out with OR",
        )
    text = text[:-1] if prefix else text
    if prefix and _JOINER.match(text[-1:]):
        source.fail(
            start,
            "* stands for the rest of a word, and none begins before it",
            "write * directly behind a letter; for words that may stand between: just NEAR/3 it",
        )
    before = text[: marks[0]] if marks else text
    if (prefix or marks) and sum(map(str.isalnum, read(before).folded)) < LEAST_LETTERS:
        source.fail(
            start,
            f"a wildcard wants {LEAST_LETTERS} letters or more before it",
            f"write the words out with OR; for the sign itself {quoted(text + '*' * prefix, '*?')}",
        )
    return _checked(source, Term(_spaced(text), prefix=prefix, wild=bool(marks)), start)


def exact(source: Source, text: str, start: int) -> Term:
    """A term whose case and accents count; nothing in it is a wildcard."""
    return _checked(source, Term(_spaced(text), exact=True), start)


def literal(written: str) -> str:
    """What stands between quotes, where nothing is a wildcard."""
    return _parsed(written, in_quotes=True).text


def near_words(source: Source, inside: str, start: int, digits: str) -> Near:
    """The words of "apple juice"~5, each within `digits` words of those before it."""
    words = [word for word in inside.split() if any(map(is_sought, word))]
    if not digits or len(words) < 2:
        source.fail(
            start,
            "~ behind a phrase wants two words or more in it, and a number",
            'write "apple juice"~5; spellings that are only alike are written out with OR',
        )
    terms = [plain(source, word, start, in_quotes=True) for word in words]
    return chain(terms, between(source, digits, start), ordered=False)


def chain(terms: Sequence[Term], between: int, *, ordered: bool) -> Near:
    """Two or more terms, each near those before it."""
    first, *others = map(Says, terms)
    joined: Node = first
    for other in others:
        joined = Near(joined, other, between, ordered)
    assert isinstance(joined, Near)
    return joined


def between(source: Source, digits: str, start: int) -> int:
    """The number of words that NEAR allows between."""
    if len(digits) > 6 or int(digits) > MOST_BETWEEN:
        source.fail(
            start,
            f"{digits[:20]} words between are more than {MOST_BETWEEN}",
            "write AND: so far apart it says as much",
        )
    return int(digits)


def _checked(source: Source, term: Term, start: int) -> Term:
    if len(term.text) > MOST_TERM_CHARS:
        source.fail(
            start,
            f"a term of {len(term.text):,} characters; {MOST_TERM_CHARS} are the most",
            "cut it: a few words find the same texts",
        )
    reading = read(term.text)
    if not any(map(is_sought, reading.folded)):
        source.fail(
            start,
            f"nothing to look for in {term.text!r}",
            "write a word; a sign that belongs to a name stands in quotes with it",
        )
    if reading.addresses:
        source.fail(
            start,
            f"words inside links and addresses are not read, so {term.text!r} is never found",
            "write site:HOST for where a mention stands, or the name that people write",
        )
    alone = read(term.text.replace("?", "e") if term.wild else term.text)
    if not Terms([term]).find(alone):
        source.fail(
            start,
            f"{term.text!r} is found nowhere, not even where it stands alone",
            f"write it as people do, {MOST_JOINERS} spaces or hyphens in a row at most, and none at its ends",
        )
    return term


def _parsed(written: str, *, in_quotes: bool) -> _Written:
    text: list[str] = []
    stars: list[int] = []
    marks: list[int] = []
    escaped = False
    for character, following in pairwise([*written, ""]):
        if in_quotes and character == "\\" and following in _ESCAPED and not escaped:
            escaped = True
            continue
        if not escaped and character == "*":
            stars.append(len(text))
        elif not escaped and character == "?":
            marks.append(len(text))
        text.append(character)
        escaped = False
    return _Written("".join(text), stars, marks)


def _spaced(text: str) -> str:
    return _SPACE.sub(" ", text).strip()
