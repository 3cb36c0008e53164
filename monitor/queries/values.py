"""Values of a query's fields, each in the one form that mentions carry."""

import re
from typing import Final, Literal, TypeAlias

from monitor.queries import vendors, wording
from monitor.queries.fields import host_of
from monitor.queries.source import Source
from monitor.queries.tree import Field, FieldName, Node, Says
from monitor.texts.language import primary_subtag

Valued: TypeAlias = FieldName | Literal["raw"]
"""What a value may belong to: a field of the mention, or a term that counts as it stands."""

EXAMPLES: Final[dict[Valued, str]] = {
    "author": "NASA",
    "image": '"Red Bull"',
    "lang": "en",
    "raw": '"Apple"',
    "site": "bild.de",
    "source": "twitter",
}


def valued(source: Source, field: Valued, value: str, start: int, *, in_quotes: bool) -> Node:
    """The leaf that says `field:value`; `start` is where the value stands."""
    if field == "site":
        value = value.removeprefix("*.")  # hosts below are taken in
    if not in_quotes and ("*" in value or "?" in value):
        source.fail(
            start,
            f"{field}: takes no wildcards",
            "write the values out with OR; a * or ? that is part of one stands in quotes",
        )
    value = " ".join(value.split())
    match field:
        case "raw":
            return Says(wording.exact(source, value, start))
        case "author":
            value = value.lstrip("@ ")
        case "site":
            value = _site(source, value, start)
        case "lang":
            value = _language(source, value, start)
        case _:
            pass
    if not 0 < len(value) <= wording.MOST_TERM_CHARS:
        source.fail(
            start,
            f"{field}: wants a value of 1 to {wording.MOST_TERM_CHARS} characters",
            f"write {field}:{EXAMPLES[field]}",
        )
    return Field(field, value)


def _site(source: Source, value: str, start: int) -> str:
    host = host_of(value.lstrip(".")) or ""
    if "/" in value.rpartition("://")[2].rstrip("/"):
        source.fail(start, f"site: wants a host, and {value!r} has a path", f"write site:{host or 'bild.de'}")
    return host if host_of(host) == host else ""


def _language(source: Source, value: str, start: int) -> str:
    written = value.lower()
    code = vendors.LANGUAGES.get(written) or re.split("[-_]", written)[0]
    if not re.fullmatch("[a-z]{2,3}", code):
        source.fail(start, f"{value!r} is no code of a language", "write its code, as in lang:en")
    return primary_subtag(code) or code
