"""Fields of a mention that a query may ask for, and how their values are compared."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlsplit

from monitor.queries.tree import Field
from monitor.texts import read


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
    names of the brands that its own picture shows.
    """

    author: str | None = None
    site: str | None = None
    language: str = "und"
    source: str = ""
    images: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, mention: Published, language: str, images: Iterable[str] = (), *, site: bool = True
    ) -> "Fields":
        """Of a mention. `site` says whether something asks for it."""
        return cls(
            author=mention.author,
            site=host_of(mention.url) if site else None,
            language=language,
            source=mention.source or "",
            images=frozenset(images),
        )


def has(fields: Fields, field: Field) -> bool:
    """Whether a mention with these fields has that one: case, accents and width do not count."""
    match field.name:
        case "author":
            return _same(_author(fields.author or ""), field.value)
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


def _author(name: str) -> str:
    return name.strip().lstrip("@ ")


def _same(one: str, other: str) -> bool:
    return _folded(one) == _folded(other)


@lru_cache(maxsize=4096)
def _folded(value: str) -> str:
    return read(value).folded.strip()
