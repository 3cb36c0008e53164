"""A query's text cut into tokens: leaves of the tree, operators and parentheses.

Everything about spelling is settled here and in `wording` and `values`: quotes of word processors, wildcards,
fields, and the operators of other tools. What may follow what is the grammar's matter (`parser.py`). Linear
in the text.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NoReturn

from monitor.queries import vendors, wording
from monitor.queries.printing import SENTENCE_ENDS, quoted
from monitor.queries.source import Source
from monitor.queries.tree import Node, Says
from monitor.queries.values import EXAMPLES, Valued, valued
from monitor.texts import Term

MOST_PARENTHESES: Final = 100
"""Parentheses open at once, needless ones among them."""
USUAL_BETWEEN: Final = 4
"""Words between for NEAR without a number: Meltwater's."""

TokenType = Literal["LEAF", "LPAR", "RPAR", "WITHIN", "AND", "OR", "NOT", "NEAR"]

_DASHES: Final = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2212\uff0d")
_CASED: Final = re.compile(r"\{([^{}]*)\}")
_WITHIN: Final = re.compile(r"~(\d*)")
_BOOST: Final = re.compile(r"\^\d{1,4}(?:\.\d{1,4})?")
_NEAR: Final = re.compile(r"(o?)near/(\d*)(f?)", re.IGNORECASE)
_NEAR_LIST: Final = re.compile(r"(o?)near/(\d+)(f?):", re.IGNORECASE)
_NEAR_QUOTED: Final = re.compile(r"near(\d+):(?=\s*\")", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\s+(\d{1,3})(?=\s)")
_FUNCTION: Final = re.compile(r"[A-Z][A-Z_]{2,}\d*")
"""What may be an operator before a parenthesis: TITLE(merger)."""
_FIELD: Final = re.compile(r"([A-Za-z][A-Za-z_]*):(?!//)")
_SINGLE_QUOTES: Final = re.compile(r"['\u2018][^'\u2019\"]*['\u2019](?=[\s()]|$)")


@dataclass(frozen=True, slots=True)
class Token:
    """One token, written `text`, at query[at:].

    `node` belongs to LEAF; `between` and `ordered` to NEAR; `between` to WITHIN, the "~5" behind a
    parenthesis.
    """

    type: TokenType
    at: int
    text: str
    node: Node | None = None
    between: int = 0
    ordered: bool = False


def scan(query: str) -> list[Token]:
    """The tokens of a query. Raises `QueryError`."""
    return list(_Scanner(Source(query)).tokens())


class _Scanner:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._open: list[tuple[int, Valued | None]] = []
        """Where each open parenthesis stands, and the field whose values it holds."""
        self._last: TokenType | None = None

    def tokens(self) -> Iterator[Token]:
        while self._source.skip():
            token = self._next()
            if token is not None:
                self._last = token.type
                yield token
        if self._open:
            self._source.fail(
                self._open[-1][0], "this parenthesis is never closed", 'write the ")" where it ends'
            )

    @property
    def _field(self) -> Valued | None:
        """The field whose values are listed here: site:(bild.de OR welt.de)."""
        return self._open[-1][1] if self._open else None

    def _next(self) -> Token | None:
        source = self._source
        match source.text[source.at]:
            case _ if source.quote_here():
                return self._phrase()
            case "(":
                return self._opening(self._field)
            case ")":
                return self._closing()
            case ",":
                return self._comma()
            case "{":
                return self._cased()
            case "~":
                return self._within()
            case character if character in _DASHES:
                return self._minus()
        if self._last in ("LEAF", "RPAR") and source.take(_BOOST):
            return None  # Meltwater: which sentence to show; changes nothing about what is found
        return self._word()

    def _opening(self, field: Valued | None) -> Token:
        start = self._source.at
        if len(self._open) == MOST_PARENTHESES:
            self._source.fail(
                start,
                f"more than {MOST_PARENTHESES} parentheses are open here",
                "leave out those around a single term",
            )
        self._open.append((start, field))
        self._source.at += 1
        return Token("LPAR", start, "(")

    def _closing(self) -> Token:
        start = self._source.at
        if not self._open:
            self._source.fail(start, "this parenthesis was never opened", "remove it, or open it before")
        self._open.pop()
        self._source.at += 1
        return Token("RPAR", start, ")")

    def _comma(self) -> Token:
        start = self._source.at
        if self._field is None:
            self._source.fail(
                start,
                "a comma joins nothing here",
                'write OR or AND; one that belongs to a name stands in quotes: "Tyler, the Creator"',
            )
        self._source.at += 1
        return Token("OR", start, ",")

    def _minus(self) -> Token:
        start = self._source.at
        self._source.at += 1
        if self._source.ends_here():
            self._source.fail(
                start,
                "a dash by itself denies nothing",
                "write it directly before what it denies: -juice; within a name, in quotes",
            )
        return Token("NOT", start, self._source.query[start])

    def _within(self) -> Token:
        """The ~5 behind a parenthesis; one behind a phrase is read with it."""
        start = self._source.at
        match = self._source.take(_WITHIN)
        assert match is not None
        if self._last != "RPAR" or not match.group(1):
            self._source.fail(
                start,
                "~ stands behind a phrase or a parenthesis, with a number",
                'write "apple juice"~5, or apple NEAR/5 juice',
            )
        between = wording.between(self._source, match.group(1), start)
        return Token("WITHIN", start, match.group(), between=between)

    def _cased(self) -> Token:
        start = self._source.at
        match = self._source.take(_CASED)
        if match is None:
            self._source.fail(
                start,
                "this brace is never closed",
                'write {BT}, or raw:"BT", for a word whose case counts',
                vendor=vendors.BRANDWATCH,
            )
        return self._leaf(start, Says(wording.exact(self._source, match.group(1), start)))

    def _phrase(self) -> Token:
        """A phrase with the * or ~5 that may stand behind it."""
        source, start = self._source, self._source.at
        inside = source.quoted()
        if self._field is not None:
            value = wording.literal(inside)
            return self._leaf(start, valued(source, self._field, value, start, in_quotes=True))
        within = source.take(_WITHIN)
        if within:
            return self._leaf(start, wording.near_words(source, inside, start, within.group(1)))
        if source.here("*"):
            source.at += 1
            inside += "*"
        return self._leaf(start, Says(wording.plain(source, inside, start, in_quotes=True)))

    def _word(self) -> Token | None:
        """A word, or what begins as one: an operator, a field, a list of near words."""
        source, start = self._source, self._source.at
        if source.here('\\"'):
            source.fail(start, "a backslash before a quote", "remove the backslashes that JSON put there")
        if _SINGLE_QUOTES.match(source.text, start):
            source.fail(start, "a phrase in single quotes", 'write it in double ones: "apple juice"')
        if source.here("+"):
            return self._plus()
        word = source.word()
        operator = self._operator(word, start)
        if operator is not None:
            return operator
        if self._field is not None:
            return self._leaf(start, valued(source, self._field, word, start, in_quotes=False))
        end, source.at = source.at, start
        token = self._near_list() or self._fielded()
        if token is None:
            source.at = end
            token = self._bare(word, start)
        return token

    def _bare(self, word: str, start: int) -> Token:
        self._refuse_foreign(word, start)
        if self._source.here("(") and _FUNCTION.fullmatch(word):
            self._source.fail(
                start,
                f"{word}( is no operator here",
                f"write what is in the parentheses without it; for the word itself {word} AND (",
            )
        boost = _BOOST.search(word)
        if boost and boost.end() == len(word):
            word = word[: boost.start()]
        word = word.rstrip(SENTENCE_ENDS) or word
        return self._leaf(start, Says(wording.plain(self._source, word, start, in_quotes=False)))

    def _plus(self) -> Token | None:
        """Talkwalker: +word as it stands, ++word in its case. Elsewhere +word must occur, as all do here."""
        source, start = self._source, self._source.at
        source.at += 2 if source.here("++") else 1
        if source.ends_here():
            source.fail(
                start, "a plus by itself asks for nothing", "leave it away: every word must occur as it is"
            )
        if source.at - start == 1:
            return None
        return self._leaf(start, Says(wording.exact(source, self._text_or_phrase(start)[0], start)))

    def _operator(self, word: str, start: int) -> Token | None:
        plain = unicodedata.normalize("NFKC", word)
        match plain.upper():
            case "AND" | "OR" as join:
                return Token(join, start, word)
            case "NOT":
                return self._not(plain, start)
        if plain in ("NEAR", "ONEAR"):
            number = _NUMBER.match(self._source.text, self._source.at)
            if number:
                self._source.fail(
                    start, f"{plain} wants its number behind a slash", f"write {plain}/{number[1]}"
                )
            return Token("NEAR", start, word, between=USUAL_BETWEEN, ordered=plain == "ONEAR")
        near = _NEAR.match(plain)
        if near is None or _NEAR_LIST.match(plain):
            return None
        if near.end() != len(plain) or not near.group(2):
            self._source.fail(start, f"{word!r} has no number of words", "write NEAR/5, ONEAR/5 or NEAR/5f")
        between = wording.between(self._source, near.group(2), start)
        return Token("NEAR", start, word, between=between, ordered=bool(near.group(1) or near.group(3)))

    def _not(self, word: str, start: int) -> Token:
        if word != "NOT" and self._last != "AND":
            self._source.fail(
                start,
                f"{word!r} may be the operator or a word of the text, and they mean the opposite",
                'write NOT for the operator, "not" in quotes for the word',
            )
        return Token("NOT", start, word)

    def _near_list(self) -> Token | None:
        """Awario's near/4:James,Shaffer and GDELT's near20:"trump putin"."""
        source, start = self._source, self._source.at
        match = source.take(_NEAR_QUOTED)
        if match:
            source.skip()
            return self._leaf(start, wording.near_words(source, source.quoted(), start, match.group(1)))
        match = source.take(_NEAR_LIST)
        if match is None:
            return None
        terms = [self._listed()]
        while source.skip() and source.here(","):
            source.at += 1
            terms.append(self._listed())
        if len(terms) < 2:
            source.fail(
                start,
                f"{match.group()} wants two words or more",
                f"write {match.group()}apple,watch, or apple {match.group()[:-1].upper()} watch",
                vendor="Awario",
            )
        between = wording.between(source, match.group(2), start)
        ordered = bool(match.group(1) or match.group(3))
        return self._leaf(start, wording.chain(terms, between, ordered=ordered))

    def _listed(self) -> Term:
        self._source.skip()
        start = self._source.at
        text, in_quotes = self._text_or_phrase(start)
        return wording.plain(self._source, text, start, in_quotes=in_quotes)

    def _fielded(self) -> Token | None:
        source, start = self._source, self._source.at
        match = source.take(_FIELD)
        if match is None:
            return None
        field = self._field_named(match.group(1), start)
        if not source.skip() or source.here(")") or source.here(","):
            source.fail(start, f"{match.group()!r} has no value", f"write {match.group()}{EXAMPLES[field]}")
        if source.here("("):
            return self._opening(field)
        value_at = source.at
        value, in_quotes = self._text_or_phrase(start)
        if in_quotes:
            value = wording.literal(value)
        return self._leaf(start, valued(source, field, value, value_at, in_quotes=in_quotes))

    def _field_named(self, name: str, start: int) -> Valued:
        """The field that some tool calls so."""
        if name.lower() == vendors.RAW:
            return "raw"
        field = vendors.FIELDS.get(name.lower())
        if field is not None:
            return field
        refusal = vendors.REFUSED.get(name.lower())
        if refusal is not None:
            self._refuse(start, f"{name}:", refusal)
        self._source.at = start
        word = self._source.word()
        self._refuse_foreign(word, start)
        return self._source.fail(
            start,
            f"'{name}:' is no field of a mention",
            f"write author:, site:, lang:, source: or image:; for the text itself {quoted(word)}",
        )

    def _text_or_phrase(self, start: int) -> tuple[str, bool]:
        """The word or the phrase that stands here as written, and whether it was a phrase."""
        if self._source.quote_here():
            return self._source.quoted(), True
        word = self._source.word()
        if not word:
            self._source.fail(start, "a word or a phrase is missing behind this", "write it directly behind")
        return word, False

    def _refuse_foreign(self, word: str, start: int) -> None:
        for pattern, refusal in vendors.REFUSED_WORDS:
            if pattern.fullmatch(word):
                self._refuse(start, word, refusal)

    def _refuse(self, start: int, written: str, refusal: vendors.Refusal) -> NoReturn:
        self._source.fail(start, f"{written!r}: {refusal.why}", refusal.remedy, vendor=refusal.vendor)

    def _leaf(self, start: int, node: Node) -> Token:
        return Token("LEAF", start, self._source.query[start : self._source.at], node=node)
