"""Fields of a mention that a query may ask for, and how their values are compared."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, TypeAlias
from urllib.parse import urlsplit

from monitor.queries.tree import Field
from monitor.texts import read

KnownAs: TypeAlias = Callable[[str, str], str]
"""Source and author -> the pseudonym that an author is stored under (`monitor.privacy`); of a pseudonym
itself."""


class Published(Protocol):
    """A mention, in a message or in a row."""

    @property
    def author(self) -> str | None:
        """Who wrote it."""

    @property
    def url(self) -> str | None:
        """Where to read it."""

    @property
    def source(self) -> str | None:
        """Where it was published, as its publisher says."""


@dataclass(frozen=True, slots=True)
class Fields:
    """What is known of a mention besides its text.

    `site` is the host of its address (`host_of`), `language` its primary subtag ("en", "und"), `images` the
    names of the brands that its own picture shows. `known_as` is there where authors may be stored under
    pseudonyms: one is told by the name as well, and a name by its pseudonym.
    """

    author: str | None = None
    site: str | None = None
    language: str = "und"
    source: str = ""
    images: frozenset[str] = frozenset()
    known_as: KnownAs | None = None

    @classmethod
    def of(
        cls,
        mention: Published,
        language: str,
        images: Iterable[str] = (),
        *,
        site: bool = True,
        known_as: KnownAs | None = None,
    ) -> "Fields":
        """Of a mention. `site` says whether something asks for it."""
        return cls(
            author=mention.author,
            site=host_of(mention.url) if site else None,
            language=language,
            source=mention.source or "",
            images=frozenset(images),
            known_as=known_as,
        )


def has(fields: Fields, field: Field) -> bool:
    """Whether a mention with these fields has that one: case, accents and width do not count."""
    match field.name:
        case "author":
            return is_author(field.value, fields.author or "", fields.source, fields.known_as)
        case "site":
            host, asked = _folded(fields.site or ""), _folded(field.value)
            return host == asked or host.endswith(f".{asked}")
        case "lang":
            return fields.language == field.value
        case "source":
            return _same(fields.source, field.value)
        case "image":
            return any(_same(shown, field.value) for shown in fields.images)


def host_of(url: str | None) -> str | None:
    """The host of a web address, as people write it: without "www.", port and punycode. None where there is
    none."""
    if not url:
        return None
    host = None
    with suppress(ValueError):  # "http://[" is no address
        host = urlsplit(url if "//" in url else f"//{url}").hostname
    if not host:
        return None
    host = host.rstrip(".").removeprefix("www.")
    with suppress(UnicodeError):
        host = host.encode("ascii").decode("idna") if "xn--" in host else host
    return host or None


def is_author(asked: str, author: str, source: str, known_as: KnownAs | None) -> bool:
    """Whether somebody asks for this author of this source, by name or by pseudonym."""
    if not author:
        return False
    if author_folded(author) == author_folded(asked):
        return True
    return known_as is not None and known_as(source, author) == known_as(source, asked)


def author_folded(name: str) -> str:
    """An author's name as it is compared: without @, case, accents and width."""
    return _folded(name.strip().lstrip("@ "))


def _same(one: str, other: str) -> bool:
    return _folded(one) == _folded(other)


@lru_cache(maxsize=4096)
def _folded(value: str) -> str:
    return read(value).folded.strip()
