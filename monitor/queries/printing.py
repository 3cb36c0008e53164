"""The one canonical form of a query: what is read back gives the same tree."""

import re
import unicodedata
from typing import Final

from monitor.queries.tree import And, Field, Near, Node, Not, Or, Says
from monitor.queries.vendors import REFUSED_WORDS
from monitor.texts import Term

OPERATORS: Final = frozenset({"and", "or", "not", "near", "onear"})
"""Words that stand in quotes when they are meant as words, whatever their case."""

DOUBLE_QUOTES: Final = "\u201c\u201d\u201e\u201f\u2033\uff02"
"""What word processors and East Asian keyboards write for a double quote."""
GUILLEMETS: Final = "\u00ab\u00bb"

SENTENCE_ENDS: Final = ".;\u2026\u3001\u3002\uff0e\uff1b"
"""Signs that end a sentence or a part of it, no word: behind one without quotes they are left out."""

_INSIDE: Final = "&'.+#_-@"
"""Signs that need no quotes within a word."""
_FIELD_VALUE: Final = re.compile(r"\w[\w.-]*", re.ASCII)


def text_of(node: Node) -> str:
    """The canonical form of a tree."""
    match node:
        case Says(term):
            return _term(term)
        case Field(name, value):
            return f"{name}:{value if _FIELD_VALUE.fullmatch(value) else quoted(value)}"
        case Near(left, right, between, ordered):
            return f"{_part(node, left)} {'ONEAR' if ordered else 'NEAR'}/{between} {_part(node, right)}"
        case Not(part):
            return f"NOT {_part(node, part)}"
        case And(parts):
            return " AND ".join(_part(node, part) for part in parts)
        case Or(parts):
            return " OR ".join(_part(node, part) for part in parts)


def needs_parentheses(parent: Node, part: Node) -> bool:
    """Whether `part` is printed in parentheses below `parent`: where precedence asks for it, and around NEAR
    in NOT and in NEAR, where few know the precedence."""
    match parent:
        case Near():
            return isinstance(part, Or | Near)
        case Not():
            return isinstance(part, And | Or | Near)
        case And():
            return isinstance(part, Or)
        case _:
            return False


def quoted(text: str, wildcards: str = "") -> str:
    """In double quotes; double quotes and backslashes in it, and each of `wildcards`, behind a backslash."""
    return '"' + re.sub(rf'(["{DOUBLE_QUOTES}\\{wildcards}])', r"\\\1", text) + '"'


def _part(parent: Node, part: Node) -> str:
    return f"({text_of(part)})" if needs_parentheses(parent, part) else text_of(part)


def _term(term: Term) -> str:
    star = "*" if term.prefix else ""
    if term.exact:
        return f"raw:{quoted(term.text)}"
    if _is_plain(term.text.replace("?", "") if term.wild else term.text):
        return term.text + star
    wildcards = "*" if term.wild else "*?"
    return quoted(term.text, wildcards)[:-1] + star + '"'


def _is_plain(text: str) -> bool:
    """Whether a term needs no quotes: one word that no reader takes for something else."""
    word = text[1:] if text[:1] in ("#", "@") else text
    return (
        bool(word)
        and unicodedata.normalize("NFKC", word).casefold() not in OPERATORS
        and not any(pattern.fullmatch(text) for pattern, _ in REFUSED_WORDS)
        and _is_letter(word[0])
        and word[-1] not in SENTENCE_ENDS
        and all(_is_letter(character) or character in _INSIDE for character in word)
    )


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM" or unicodedata.category(character) == "So"
