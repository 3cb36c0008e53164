"""The text of a query, read from left to right."""

import re
from typing import Final, NoReturn

from monitor.queries.errors import QueryError
from monitor.queries.printing import DOUBLE_QUOTES, GUILLEMETS

MOST_CHARS: Final = 20_000
"""Characters of a query. The longest that a tool documents are 4,096 (the X API)."""

# One character for one: what word processors make of quotes, and the widths of East Asia.
_PLAIN: Final = str.maketrans(f"{DOUBLE_QUOTES}\uff08\uff09\uff1a\uff0c\uff5e", '""""""():,~')
_SPACES: Final = "\\s\u200b\u2060\ufeff"
_SPACE: Final = re.compile(f"[{_SPACES}]+")
_WORD: Final = re.compile(f'[^{_SPACES}"{GUILLEMETS}(),]+')
_QUOTED: Final = re.compile(
    rf'"((?:[^"\\]|\\.)*)"|[{GUILLEMETS}]((?:[^{GUILLEMETS}\\]|\\.)*)[{GUILLEMETS}]', re.DOTALL
)


class Source:
    """A query and how far it is read.

    `query` is as written, `text` the same with plain quotes, parentheses and commas; `at` indexes both.
    """

    def __init__(self, query: str) -> None:
        """Raises `QueryError` for one that is too long."""
        if len(query) > MOST_CHARS:
            raise QueryError(
                query[:MOST_CHARS],
                MOST_CHARS,
                f"the query has {len(query):,} characters, {MOST_CHARS:,} are the most",
                "leave out what a shorter word with * finds as well",
            )
        stored = query.encode("utf-8", "replace").decode("utf-8")
        odd = next((at for at, one in enumerate(query) if one == "\0" or one != stored[at]), None)
        if odd is not None:
            raise QueryError(query, odd, f"{query[odd]!r} is no character that a database takes", "remove it")
        self.query: Final = query
        self.text: Final = query.translate(_PLAIN)
        self.at = 0

    def skip(self) -> bool:
        """Go past spaces and comments; whether something is left."""
        while True:
            space = _SPACE.match(self.text, self.at)
            if space:
                self.at = space.end()
            elif self.text.startswith("<<<", self.at):
                end = self.text.find(">>>", self.at)
                if end < 0:
                    self.fail(self.at, "this comment never ends", "write >>> where it does")
                self.at = end + 3
            else:
                return self.at < len(self.text)

    def here(self, start: str) -> bool:
        """Whether the text goes on so."""
        return self.text.startswith(start, self.at)

    def quote_here(self) -> bool:
        """Whether quotes open here."""
        return self.text[self.at : self.at + 1] in ('"', *GUILLEMETS)

    def ends_here(self) -> bool:
        """Whether a word would end here: at a space, a closing parenthesis or the end."""
        return self.at == len(self.text) or self.here(")") or _SPACE.match(self.text, self.at) is not None

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Go past what the pattern matches here, if it does."""
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def word(self) -> str:
        """Go past the word that begins here, and give it as written; "" where none does."""
        match = self.take(_WORD)
        return self.query[match.start() : match.end()] if match else ""

    def quoted(self) -> str:
        """Go past the quotes that open here, and give what they hold, backslashes and all."""
        start = self.at
        match = self.take(_QUOTED)
        if match is None:
            self.fail(start, "this quote is never closed", 'write the second " where the phrase ends')
        return self.query[match.start() + 1 : match.end() - 1]

    def fail(self, at: int, problem: str, remedy: str, *, vendor: str = "") -> NoReturn:
        """Raise the `QueryError`."""
        raise QueryError(self.query, at, problem, remedy, vendor=vendor)
