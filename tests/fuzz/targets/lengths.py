"""Long texts of one thing again and again: tokenizer, encoder and matcher take time in proportion."""

from collections.abc import Iterator

from tests.fuzz.material import text_of
from tests.fuzz.targets import names, tokens

LONGEST = 24
COST = 100
WORDS = tokens.WORDS + names.WORDS
_LONG = 20_000
_UNITS = (
    *("a", "n't ", "#aA", "=", "www.", "don ", "d'", ":-", "<br ", "1.", "\u2019", "n' t", "red-", "#", "@"),
    *("VMware ", "VMware a@b.c ", "VMware http://a ", "a@b.", "http://", "e\u0301", "\ufdfa", "\U0001f44d"),
)


def seeds() -> Iterator[bytes]:
    """What is repeated."""
    for unit in _UNITS:
        yield unit.encode()


def check(data: bytes) -> None:
    """One unit, up to 20,000 characters of it."""
    unit = text_of(data)
    text = unit * (_LONG // max(1, len(unit)))
    tokens.check_text(text, (0, 9))
    names.check_text(text, names.SHIPPED)
