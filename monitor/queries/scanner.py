"""A query's text cut into tokens: leaves of the tree, operators and parentheses.

Everything about spelling is settled here: quotes of word processors, wildcards, fields, and the operators of
other tools. What the tokens may follow is the grammar's matter (`parser.py`). Linear in the text.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, NoReturn

from monitor.queries import vendors
from monitor.queries.errors import QueryError
from monitor.queries.fields import host_of
from monitor.queries.printing import quoted
from monitor.queries.tree import MOST_BETWEEN, Field, FieldName, Near, Node, Says, any_of
from monitor.texts import Term, read

MOST_CHARS: Final = 20_000
"""Characters of a query. The longest that a tool documents are 4,096 (the X API)."""
MOST_PARENTHESES: Final = 100
"""Parentheses open at once, needless ones among them."""
MOST_TERM_CHARS: Final = 200
LEAST_LETTERS: Final = 2
"""Letters before a wildcard: "a*" would be every third word."""
USUAL_BETWEEN: Final = 4
"""Words between for NEAR without a number: Meltwater's."""

TokenType = Literal["LEAF", "LPAR", "RPAR", "WITHIN", "AND", "OR", "NOT", "NEAR"]


@dataclass(frozen=True, slots=True)
class Token:
    """One token: of the text from `at` on; `node` of a LEAF, `between` and `ordered` of NEAR, `between` of
    WITHIN (the "~5" behind a parenthesis)."""

    type: TokenType
    at: int
    text: str
    node: Node | None = None
    between: int = 0
    ordered: bool = False


# One character for one: what a word processor made of quotes, parentheses of East Asian widths.
_PLAIN: Final = str.maketrans(
    "\u201c\u201d\u201e\u201f\u2033\uff02\u00ab\u00bb\uff08\uff09\uff1a\uff0c\uff5e", '""""""""():,~'
)
_DASHES: Final = "-\u2010\u2011\u2012\u2013\u2014\u2212\uff0d"
_SPACE: Final = re.compile(r"[\s\u200b\u2060\ufeff]+")
_WORD: Final = re.compile(r'[^\s\u200b\u2060\ufeff"(),]+')
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_CASED: Final = re.compile(r"\{([^{}]*)\}")
_WITHIN: Final = re.compile(r"~(\d*)")
_BOOST: Final = re.compile(r"\^\d{1,4}(?:\.\d{1,4})?")
_NEAR: Final = re.compile(r"(o?)near/(\d*)(f?)", re.IGNORECASE)
_NEAR_LIST: Final = re.compile(r"(o?)near/(\d+)(f?):", re.IGNORECASE)
_NEAR_QUOTED: Final = re.compile(r"near(\d+):(?=\s*\")", re.IGNORECASE)
_APOSTROPHES: Final = re.compile(r"['\u2018][^'\u2019\"]*['\u2019](?=[\s()]|$)")
_FIELD: Final = re.compile(r"([A-Za-z][A-Za-z_]*):")
_JOINS: Final[dict[str, TokenType]] = {"AND": "AND", "OR": "OR"}


def scan(query: str) -> list[Token]:
    """The tokens of a query. Raises `QueryError`."""
    return list(_Scanner(query).tokens())


class _Scanner:
    def __init__(self, query: str) -> None:
        if len(query) > MOST_CHARS:
            raise QueryError(
                query[:MOST_CHARS],
                MOST_CHARS,
                f"the query has {len(query):,} characters, {MOST_CHARS:,} are the most",
                "leave out what a shorter word with * finds as well",
            )
        self._query = query
        self._text = query.translate(_PLAIN)
        self._at = 0
        self._open: list[tuple[int, FieldName | Literal["raw"] | None]] = []
        self._last: TokenType | None = None

    def tokens(self) -> Iterator[Token]:
        while self._skip():
            token = self._next()
            if token is not None:
                self._last = token.type
                yield token
        if self._open:
            self._fail(self._open[-1][0], "this parenthesis is never closed", 'write the ")" where it ends')

    # The text, piece by piece.

    def _skip(self) -> bool:
        """Past spaces and comments; whether something is left."""
        while True:
            space = _SPACE.match(self._text, self._at)
            if space:
                self._at = space.end()
            elif self._text.startswith("<<<", self._at):
                end = self._text.find(">>>", self._at)
                if end < 0:
                    self._fail(self._at, "this comment never ends", "write >>> where it does")
                self._at = end + 3
            else:
                return self._at < len(self._text)

    def _next(self) -> Token | None:
        start = self._at
        match self._text[start]:
            case "(":
                return self._parenthesis(None)
            case ")":
                return self._closing()
            case '"':
                return self._phrase(start)
            case ",":
                return self._comma()
            case "{":
                return self._cased()
            case character if character in _DASHES:
                return self._minus()
            case "~":
                return self._within()
        boost = _BOOST.match(self._text, start)
        if boost and self._last in ("LEAF", "RPAR"):  # Meltwater: which hit sentence to show
            self._at = boost.end()
            return None
        return self._word()

    def _parenthesis(self, field: FieldName | Literal["raw"] | None) -> Token:
        start = self._at
        if len(self._open) == MOST_PARENTHESES:
            self._fail(
                start,
                f"more than {MOST_PARENTHESES} parentheses are open here",
                "leave out those around a single term",
            )
        inherited = self._open[-1][1] if self._open else None
        self._open.append((start, field or inherited))
        self._at += 1
        return Token("LPAR", start, "(")

    def _closing(self) -> Token:
        if not self._open:
            self._fail(self._at, "this parenthesis was never opened", "remove it, or open it before")
        self._open.pop()
        self._at += 1
        return Token("RPAR", self._at - 1, ")")

    def _comma(self) -> Token:
        if not self._open or self._open[-1][1] is None:
            self._fail(
                self._at,
                "a comma joins nothing here",
                'write OR or AND; one that belongs to a name stands in quotes: "Tyler, the Creator"',
            )
        self._at += 1
        return Token("OR", self._at - 1, ",")

    def _minus(self) -> Token:
        start = self._at
        self._at += 1
        if self._at == len(self._text) or _SPACE.match(self._text, self._at) or self._text[self._at] == ")":
            self._fail(
                start,
                "a dash by itself denies nothing",
                "write it directly before what it denies: -juice; within a name, in quotes",
            )
        return Token("NOT", start, "-")

    def _within(self) -> Token:
        """The ~5 behind a parenthesis; those behind phrases are read with them."""
        start = self._at
        match = _WITHIN.match(self._text, start)
        assert match is not None
        if self._last != "RPAR" or not match.group(1):
            self._fail(
                start,
                "~ stands behind a phrase or a parenthesis, with a number",
                'write "apple juice"~5, or apple NEAR/5 juice',
            )
        self._at = match.end()
        return Token("WITHIN", start, match.group(), between=self._between(match.group(1), start))

    def _cased(self) -> Token:
        match = _CASED.match(self._text, self._at)
        if match is None:
            self._fail(
                self._at,
                "this brace is never closed",
                'write {BT}, or raw:"BT", for a word whose case counts',
                vendor=vendors.BRANDWATCH,
            )
        start, self._at = self._at, match.end()
        return self._leaf(start, Says(self._exact(match.group(1), start)))

    def _phrase(self, start: int) -> Token:
        """A phrase with what may stand behind it: * or ~5."""
        inside = self._quoted()
        field = self._open[-1][1] if self._open else None
        if field is not None:
            return self._leaf(start, self._value(field, _literal(inside), start))
        within = _WITHIN.match(self._text, self._at)
        if within:
            self._at = within.end()
            return self._leaf(start, self._near_words(inside, start, within.group(1)))
        if self._text.startswith("*", self._at):
            self._at += 1
            inside += "*"
        return self._leaf(start, Says(self._term(inside, start, in_quotes=True)))

    def _quoted(self) -> str:
        """What stands between the quotes here, its backslashes kept."""
        match = _QUOTED.match(self._text, self._at)
        if match is None:
            self._fail(self._at, "this quote is never closed", 'write the second " where the phrase ends')
        self._at = match.end()
        # As written: to plain quotes only delimiters are brought.
        return self._query[match.start(1) : match.end(1)]

    # Words, and what only looks like one.

    def _word(self) -> Token | None:
        start = self._at
        match = _WORD.match(self._text, start)
        assert match is not None
        word = match.group()
        if self._text.startswith('\\"', start):
            self._fail(start, "a backslash before a quote", "remove the backslashes that JSON put there")
        if _APOSTROPHES.match(self._text, start):
            self._fail(start, "a phrase in single quotes", 'write it in double ones: "apple juice"')
        if word.startswith("+"):
            return self._plus(word)
        self._at = match.end()
        keyword = self._keyword(word, start)
        if keyword is not None:
            return keyword
        field = self._open[-1][1] if self._open else None
        if field is not None:
            return self._leaf(start, self._value(field, word, start, unquoted=True))
        return self._near_list(start) or self._field(start) or self._bare(word, start)

    def _bare(self, word: str, start: int) -> Token:
        for pattern, refusal in vendors.REFUSED_WORDS:
            if pattern.fullmatch(word):
                self._refuse(start, word, refusal)
        boost = _BOOST.search(word)
        if boost and boost.end() == len(word):
            word = word[: boost.start()]
        return self._leaf(start, Says(self._term(self._query[start : start + len(word)], start)))

    def _plus(self, word: str) -> Token | None:
        """Talkwalker: +word as it stands, ++word in its case. Elsewhere +word must occur, as all do here."""
        start = self._at
        signs = len(word) - len(word.lstrip("+"))
        self._at += signs
        if word == "+" * signs and not self._text.startswith('"', self._at):
            self._fail(start, f"nothing to look for in {word!r}", "leave it away: every word must occur")
        if signs == 1:
            return None
        inside, _ = self._text_or_phrase(start)
        return self._leaf(start, Says(self._exact(inside, start)))

    def _keyword(self, word: str, start: int) -> Token | None:
        plain = unicodedata.normalize("NFKC", word)
        upper = plain.upper()
        if upper in _JOINS:
            return Token(_JOINS[upper], start, word)
        if upper == "NOT":
            if plain != "NOT" and self._last not in ("AND", "OR"):
                self._fail(
                    start,
                    f"{word!r} may be the operator or a word of the text, and they mean the opposite",
                    'write NOT for the operator, "not" in quotes for the word',
                )
            return Token("NOT", start, word)
        if plain in ("NEAR", "ONEAR"):
            return Token("NEAR", start, word, between=USUAL_BETWEEN, ordered=plain == "ONEAR")
        near = _NEAR.match(plain)
        if near is None or _NEAR_LIST.match(plain):
            return None
        if near.end() != len(plain) or not near.group(2):
            self._fail(start, f"{word!r} has no number of words", "write NEAR/5, ONEAR/5 or NEAR/5f")
        ordered = bool(near.group(1) or near.group(3))
        return Token("NEAR", start, word, between=self._between(near.group(2), start), ordered=ordered)

    def _near_list(self, start: int) -> Token | None:
        """Awario's near/4:James,Shaffer and GDELT's near20:"trump putin"."""
        match = _NEAR_QUOTED.match(self._text, start)
        if match:
            self._at = match.end()
            self._skip()
            return self._leaf(start, self._near_words(self._quoted(), start, match.group(1)))
        match = _NEAR_LIST.match(self._text, start)
        if match is None:
            return None
        self._at = match.end()
        terms = [self._listed()]
        while self._skip() and self._text[self._at] == ",":
            self._at += 1
            terms.append(self._listed())
        if len(terms) < 2:
            self._fail(
                start,
                f"{match.group()} wants two words or more",
                f"write {match.group()}apple,watch, or apple {match.group()[:-1].upper()} watch",
                vendor="Awario",
            )
        between = self._between(match.group(2), start)
        return self._leaf(start, self._chain(terms, between, ordered=bool(match.group(1) or match.group(3))))

    def _listed(self) -> Term:
        start = self._at
        if not self._skip() or self._text[self._at] in "(),":
            self._fail(start, "a word or a phrase is missing here", "write near/4:James,Shaffer")
        start = self._at
        inside, in_quotes = self._text_or_phrase(start)
        return self._term(inside, start, in_quotes=in_quotes)

    def _text_or_phrase(self, start: int) -> tuple[str, bool]:
        """The word or the phrase that stands here, and whether it was a phrase."""
        if self._text.startswith('"', self._at):
            return self._quoted(), True
        match = _WORD.match(self._text, self._at)
        if match is None:
            self._fail(start, "a word or a phrase is missing here", "write it directly behind")
        self._at = match.end()
        return self._query[match.start() : match.end()], False

    # Fields.

    def _field(self, start: int) -> Token | None:
        match = _FIELD.match(self._text, start)
        if match is None or self._text.startswith("//", match.end()):
            return None
        written = match.group(1)
        name = written.lower()
        if name in vendors.REFUSED:
            self._refuse(start, match.group(), vendors.REFUSED[name])
        if name != vendors.RAW and name not in vendors.FIELDS:
            for pattern, refusal in vendors.REFUSED_WORDS:
                if pattern.fullmatch(match.group()):
                    self._refuse(start, match.group(), refusal)
            word = _WORD.match(self._query, start)
            assert word is not None
            self._fail(
                start,
                f"{match.group()!r} is no field of a mention",
                f"write author:, site:, lang:, source: or image:; for the text itself {quoted(word.group())}",
            )
        field: FieldName | Literal["raw"] = "raw" if name == vendors.RAW else vendors.FIELDS[name]
        self._at = match.end()
        if not self._skip() or self._text[self._at] in "),":
            self._fail(start, f"{match.group()!r} has no value", f"write {written}:{_EXAMPLES[field]}")
        if self._text[self._at] == "(":
            return self._parenthesis(field)
        value_at = self._at
        if self._text[self._at] == '"':
            return self._leaf(start, self._value(field, _literal(self._quoted()), value_at))
        value, _ = self._text_or_phrase(start)
        return self._leaf(start, self._value(field, value, value_at, unquoted=True))

    def _value(
        self, field: FieldName | Literal["raw"], value: str, start: int, *, unquoted: bool = False
    ) -> Node:
        value = " ".join(_SPACE.sub(" ", value).split())
        if unquoted and ("*" in value or "?" in value):
            self._fail(
                start,
                f"{field}: takes no wildcards",
                "write the values out with OR; a * or ? that is part of one stands in quotes",
            )
        if field == "raw":
            return Says(self._exact(value, start))
        plain: str | None = value
        if field == "author":
            plain = value.removeprefix("@").strip()
        elif field == "site":
            plain = self._site(value, start)
        elif field == "lang":
            plain = self._language(value, start)
        if not plain or len(plain) > MOST_TERM_CHARS:
            self._fail(
                start,
                f"{field}: wants a value of 1 to {MOST_TERM_CHARS} characters",
                f"write {field}:{_EXAMPLES[field]}",
            )
        return Field(field, plain)

    def _site(self, value: str, start: int) -> str | None:
        if "/" in value.partition("//")[2 if "//" in value else 0].rstrip("/"):
            self._fail(
                start,
                f"site: wants a host, and {value!r} has a path",
                f"write site:{host_of(value) or 'example.com'}",
            )
        return host_of(value.lstrip(".").lower())

    def _language(self, value: str, start: int) -> str:
        code = value.lower()
        code = vendors.LANGUAGES.get(code) or re.split("[-_]", code)[0]
        if not re.fullmatch("[a-z]{2,3}", code):
            self._fail(start, f"{value!r} is no code of a language", "write its code, as in lang:en")
        return code

    # Terms.

    def _term(self, written: str, start: int, *, in_quotes: bool = False) -> Term:
        """A term with its wildcards."""
        text, stars, marks = _unescaped(written) if in_quotes else _wildcards(written)
        prefix = bool(stars) and stars[-1] == len(text) - 1
        if stars and (not prefix or len(stars) > 1):
            self._fail(
                start + stars[0],
                "* stands at the end of a word only",
                f"write out the endings with OR; for the sign itself {quoted(text, '*?')}",
            )
        if prefix:
            text = text[:-1]
        if marks and len(marks) != text.count("?"):
            self._fail(
                start, "? is a wildcard and a sign in one term", "write the spellings out with OR instead"
            )
        if prefix or marks:
            before = text[: marks[0]] if marks else text
            if sum(character.isalnum() for character in read(before).folded) < LEAST_LETTERS:
                self._fail(
                    start,
                    f"a wildcard wants {LEAST_LETTERS} letters or more before it",
                    f"write the words out with OR; for the sign itself {quoted(text + '*' * prefix, '*?')}",
                )
        return self._checked(Term(" ".join(text.split()), prefix=prefix, wild=bool(marks)), start)

    def _exact(self, text: str, start: int) -> Term:
        return self._checked(Term(" ".join(text.split()), exact=True), start)

    def _checked(self, term: Term, start: int) -> Term:
        reading = read(term.text)
        if len(term.text) > MOST_TERM_CHARS:
            self._fail(
                start,
                f"a term of {len(term.text)} characters; {MOST_TERM_CHARS} are the most",
                "cut it: a few words find the same texts",
            )
        if not term.key or not any(
            unicodedata.category(character)[0] in "LNM" or unicodedata.category(character) in ("So", "Sc")
            for character in reading.folded
        ):
            self._fail(
                start,
                f"nothing to look for in {term.text!r}",
                "write a word; a sign that belongs to a name stands in quotes with it",
            )
        if reading.addresses:
            self._fail(
                start,
                f"words inside links and addresses are not read, {term.text!r} is never found",
                "write site:HOST for where a mention stands, or the name that people write",
            )
        return term

    def _near_words(self, inside: str, start: int, between: str) -> Near:
        """ "apple juice"~5: all its words within five of each other."""
        words = [word for word in inside.split() if any(map(str.isalnum, word)) or not word.isascii()]
        if not between or len(words) < 2:
            self._fail(
                start,
                "~ behind a phrase wants two words or more in it, and a number",
                'write "apple juice"~5; spellings that are only alike are written out with OR',
            )
        terms = [self._term(word, start, in_quotes=True) for word in words]
        return self._chain(terms, self._between(between, start), ordered=False)

    def _chain(self, terms: Sequence[Term], between: int, *, ordered: bool) -> Near:
        chain: Node = Says(terms[0])
        for term in terms[1:]:
            chain = Near(chain, Says(term), between, ordered)
        assert isinstance(chain, Near)
        return chain

    def _between(self, digits: str, start: int) -> int:
        if len(digits) > 6 or int(digits) > MOST_BETWEEN:
            self._fail(
                start,
                f"{digits} words between are more than {MOST_BETWEEN}",
                "write AND: so far apart it says as much",
            )
        return int(digits)

    def _leaf(self, start: int, node: Node) -> Token:
        return Token("LEAF", start, self._query[start : self._at], node=node)

    def _refuse(self, start: int, written: str, refusal: vendors.Refusal) -> NoReturn:
        self._fail(start, f"{written!r}: {refusal.why}", refusal.remedy, vendor=refusal.vendor)

    def _fail(self, at: int, problem: str, remedy: str, *, vendor: str = "") -> NoReturn:
        raise QueryError(self._query, at, problem, remedy, vendor=vendor)


_EXAMPLES: Final[dict[str, str]] = {
    "author": "NASA",
    "image": '"Red Bull"',
    "lang": "en",
    "raw": '"Apple"',
    "site": "bild.de",
    "source": "twitter",
}


def _wildcards(written: str) -> tuple[str, list[int], list[int]]:
    """The text, and where in it * and ? stand."""
    stars = [index for index, character in enumerate(written) if character == "*"]
    marks = [index for index, character in enumerate(written) if character == "?"]
    return written, stars, marks


def _unescaped(written: str) -> tuple[str, list[int], list[int]]:
    """The same of what stands between quotes, where a backslash takes a sign as it is."""
    text: list[str] = []
    stars: list[int] = []
    marks: list[int] = []
    escaped = False
    for character, following in pairwise([*written, ""]):
        if character == "\\" and following in _ESCAPED and not escaped:
            escaped = True
            continue
        if not escaped and character in "*?":
            (stars if character == "*" else marks).append(len(text))
        text.append(character)
        escaped = False
    return "".join(text), stars, marks


_ESCAPED: Final = frozenset('"\\*?')


def _literal(written: str) -> str:
    """What stands between quotes without wildcards."""
    return _unescaped(written)[0]


__all__: Final = ["Token", "TokenType", "any_of", "scan"]
