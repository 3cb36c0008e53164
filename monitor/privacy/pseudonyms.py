"""Authors under names that tell nobody who they are, unless they hold the key.

A pseudonym is the HMAC-SHA256 of source and author, so one author of one source has one, figures by author
stay what they were, and nobody finds the name again by hashing names from a list. Whoever holds the key can
tell whether a name is behind a pseudonym: search and `brand-monitor forget` ask so. Law calls that
pseudonymous, not anonymous.
"""

import hmac
import re
from base64 import b32encode
from functools import lru_cache
from hashlib import sha256
from typing import Final

from monitor.errors import SetupError
from monitor.queries.fields import author_folded
from monitor.settings import Authors, Settings

LEAST_KEY_CHARS: Final = 32
"""Characters of a key: of `openssl rand -hex 32` there are 64."""

_CHARS: Final = 20
"""Characters of a pseudonym, five bits each: two authors share one by chance once in 10^15 pairs of millions
of authors."""

_FORM: Final = re.compile(f"pseudonym-[a-z2-7]{{{_CHARS}}}")

_REMEMBERED: Final = 65_536
"""Pseudonyms in memory: a few authors write most of what is said."""


class Pseudonyms:
    """Names to pseudonyms, by one key. Safe to share between threads."""

    def __init__(self, key: str) -> None:
        """Raises `SetupError` for a key that could be guessed."""
        if len(key) < LEAST_KEY_CHARS:
            raise SetupError(
                f"MONITOR_AUTHORS_KEY has {len(key)} characters, {LEAST_KEY_CHARS} are the least; "
                "make one with `openssl rand -hex 32` and keep it: another key gives other pseudonyms"
            )
        self._key = key.encode("utf-8", "surrogatepass")
        self._made = lru_cache(_REMEMBERED)(self._make)

    @classmethod
    def of(cls, settings: Settings) -> "Pseudonyms | None":
        """Those of the settings, also where authors are stored as they are now: what was stored before is
        found by them. None where there is no key; raises `SetupError` where there has to be one."""
        if settings.authors_key is not None and settings.authors_key.get_secret_value():
            return cls(settings.authors_key.get_secret_value())
        if settings.authors is Authors.PSEUDONYMOUS:
            raise SetupError(
                "MONITOR_AUTHORS=pseudonymous needs MONITOR_AUTHORS_KEY, the same for workers, pages, "
                "schedule and commands; make one with `openssl rand -hex 32`"
            )
        return None

    def __call__(self, source: str, author: str) -> str:
        """The pseudonym of an author, whom case, accents, width and @ do not change; one itself stays."""
        return author if is_pseudonym(author) else self._made(source, author_folded(author) or author)

    def of_account(self, source: str, id: str) -> str:
        """The same of an account's id, every character of which counts."""
        return id if is_pseudonym(id) else self._make(f"account:{source}", id)

    def _make(self, source: str, author: str) -> str:
        said = f"{len(source)}:{source}:{author}".encode("utf-8", "surrogatepass")
        digest = hmac.digest(self._key, said, sha256)
        return f"pseudonym-{b32encode(digest).decode()[:_CHARS].lower()}"


def is_pseudonym(author: str) -> bool:
    """Whether a stored author is hidden behind one."""
    return _FORM.fullmatch(author) is not None


def holds_pseudonym(text: str) -> bool:
    """Whether a name is hidden behind one somewhere in it: in an address, say."""
    return _FORM.search(text) is not None
