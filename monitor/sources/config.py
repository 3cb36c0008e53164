"""sources.toml: where mentions are collected from.

```toml
[[source]]
kind = "rss"                         # docs/sources.md lists the kinds and what each of them takes
name = "news"                        # unique; its state is kept under it. Default: the kind
source = "news"                      # what `source` of the mentions says. Default: the kind
every = "10 min"                     # for kinds that ask again and again
only_brands = true                   # publish only posts that name a brand of brands.toml
feeds = ["https://news.example.com/feed.xml"]
token = "env:NEWS_TOKEN"             # any text may come from an environment variable
```
"""

import os
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from monitor.errors import SetupError
from monitor.settings import Settings
from monitor.sources.kinds import KINDS, Kind
from monitor.sources.options import Options, convert

DEFAULT: Final = Path("sources.toml")
_FROM_ENVIRONMENT: Final = "env:"
_MOST: Final = 100
"""Characters of an entry's name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `options` is of the type that its kind asks for."""

    kind: str
    name: str
    options: Options


def sources_path(settings: Settings) -> Path:
    """The file that the settings name, or sources.toml in this folder."""
    return settings.sources_file or DEFAULT


def read_sources(path: Path, kinds: Mapping[str, Kind] | None = None) -> tuple[Entry, ...]:
    """Read and check sources.toml; `kinds` are `KINDS` unless a test says otherwise.

    Raises `SetupError` with the file, the entry, the fault and what to do.
    """
    try:
        written = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise SetupError(
            f"{path}: no such file; write one as docs/sources.md says, or set MONITOR_SOURCES_FILE to yours"
        ) from None
    except OSError as error:
        raise SetupError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, a number or a nesting without end
        raise SetupError(f"{path}: {error}; see docs/sources.md") from error
    listed = written.pop("source", None)
    if written or not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        named = f"; {', '.join(map(repr, written))} means nothing there" if written else ""
        raise SetupError(f"{path}: is a list of entries, each under [[source]]{named}; see docs/sources.md")
    known = KINDS if kinds is None else kinds
    entries = tuple(_entry(f"{path}: source {number}", raw, known) for number, raw in enumerate(listed, 1))
    for name, count in Counter(entry.name for entry in entries).items():
        if count > 1:
            raise SetupError(f"{path}: {count} entries are named {name!r}; give each a `name` of its own")
    return entries


def _entry(where: str, raw: dict[str, Any], kinds: Mapping[str, Kind]) -> Entry:
    fields = {name: _filled(value, f"{where}, `{name}`") for name, value in raw.items()}
    kind = fields.pop("kind", None)
    if not isinstance(kind, str) or kind not in kinds:
        said = "has no `kind`" if kind is None else f"is of kind {kind!r}"
        raise SetupError(f"{where} {said}; kinds are {', '.join(sorted(kinds))}")
    name = fields.pop("name", kind)
    if not isinstance(name, str) or not name.strip().isprintable() or not 0 < len(name.strip()) <= _MOST:
        raise SetupError(f"{where}: `name` is {name!r}; write 1 to {_MOST} characters on one line")
    fields.setdefault("source", kind)
    try:
        options = convert(fields, kinds[kind].options)
    except msgspec.ValidationError as error:
        known = ", ".join(each for each in kinds[kind].options.__struct_fields__)
        raise SetupError(
            f"{where} ({name.strip()}): {error}; {kind} takes {known} (docs/sources.md)"
        ) from None
    return Entry(kind, name.strip(), options)


def _filled(value: Any, where: str) -> Any:
    """A value with what stands in the environment in its place."""
    if isinstance(value, dict):
        return {name: _filled(each, where) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, where) for each in value]
    if not isinstance(value, str) or not value.startswith(_FROM_ENVIRONMENT):
        return value
    name = value.removeprefix(_FROM_ENVIRONMENT)
    found = os.environ.get(name)
    if not found:
        raise SetupError(f"{where} asks for the environment variable {name}, which is not set")
    return found
