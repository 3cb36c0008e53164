"""brands.toml: the brands to watch, how people write them, and which logo labels are theirs.

```toml
[[brand]]
name = "VMware"                      # shown in reports; unique
aliases = ["vm ware", "#vmware"]     # matched case-insensitively as whole words, besides the name
written = ["vSphere"]                # optional, counted in pictures only: as a whole line, or with the logo
query = "vmware NOT vmworld"         # optional, decides whether a mention counts: docs/queries.md
logos = ["vmware"]                   # labels of the logo model that mean this brand
references = ["logos/vmware.png"]    # optional pictures for the brand gallery, relative to this file
own = true                           # ours; the others are competitors
```
"""

import tomllib
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated

import msgspec

from monitor.errors import SetupError
from monitor.queries import QueryError, parse
from monitor.texts import MOST_JOINERS, Term, Terms, read
from monitor.texts.characters import is_sought


class Brand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One brand of brands.toml."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    aliases: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    query: str | None = None
    logos: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    own: bool = False

    @property
    def spellings(self) -> tuple[str, ...]:
        """The name and its aliases, as given."""
        return (self.name, *self.aliases)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    brand: tuple[Brand, ...]


class Brands(tuple[Brand, ...]):
    """All brands of one file, in its order."""

    def by_logo(self) -> dict[str, Brand]:
        """Logo model label -> brand."""
        return {label: brand for brand in self for label in brand.logos}

    def named(self, name: str) -> Brand:
        """The brand of that name. Raises `KeyError`."""
        for brand in self:
            if brand.name == name:
                return brand
        raise KeyError(name)


def brands_path(path: Path | None = None) -> Path:
    """The file that `load_brands` reads; references are relative to its folder."""
    return path or Path(str(resources.files("monitor") / "brands.toml"))


def homonyms_path() -> Path:
    """The packaged file of brands whose names are everyday words, with queries to copy; the service does not
    read it."""
    return Path(str(resources.files("monitor") / "homonyms.toml"))


@cache
def ready_queries() -> dict[str, tuple[Brand, Path]]:
    """Everyday words that are brands, folded: the packaged block with a query that tells the brand from the
    word, and the file it stands in."""
    return {
        read(word).folded: (brand, file)
        for file in (brands_path(), homonyms_path())
        for brand in load_brands(file)
        if brand.query is not None
        for word in (brand.name, *brand.written)
    }


def load_brands(path: Path | None = None) -> Brands:
    """Read and check brands.toml; `None` reads the packaged one.

    Raises `SetupError` with the file, the fault and what to do.
    """
    source = brands_path(path)
    try:
        brands = Brands(msgspec.convert(tomllib.loads(source.read_text("utf-8-sig")), _File).brand)
    except FileNotFoundError as error:
        raise SetupError(f"{source}: no such file; set MONITOR_BRANDS_FILE to your brands.toml") from error
    except OSError as error:
        raise SetupError(f"{source}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise SetupError(f"{source}: {error}; see docs/brands.md for the fields") from error
    _refuse_ambiguity(brands, source)
    _refuse_wrong_queries(brands, source)
    return brands


def _refuse_wrong_queries(brands: Brands, source: Path) -> None:
    names = {read(brand.name).folded for brand in brands}
    for brand in brands:
        if brand.query is None:
            continue
        try:
            query = parse(brand.query)
        except QueryError as error:
            raise SetupError(f"{source}: query of {brand.name!r}: {error}\n{error.excerpt}") from error
        if query.only_denies:
            raise SetupError(
                f"{source}: query of {brand.name!r}: {query} is true of every mention that does not say so; "
                "write what one has to say, too"
            )
        for shown in query.images:
            if read(shown).folded not in names:
                raise SetupError(
                    f"{source}: query of {brand.name!r}: image:{shown} is no brand of this file; "
                    "write a brand's name as it stands there"
                )


def _refuse_ambiguity(brands: Brands, source: Path) -> None:
    """Two brands with one spelling or one logo label would make every count depend on file order."""
    written = [(word, brand.name) for brand in brands for word in (*brand.spellings, *brand.written)]
    for word, name in written:
        fault = _never_found(word)
        if fault:
            raise SetupError(f"{source}: spelling {word!r} of {name!r} {fault}; change or remove it")
    _refuse_shared(written, "spelling", "reads like", lambda word: Term(word).key, source)
    labels = [(label, brand.name) for brand in brands for label in brand.logos]
    for label, name in labels:
        if not label.strip():
            raise SetupError(f"{source}: brand {name!r} has a blank logo label; remove it")
    _refuse_shared(labels, "logo label", "is also", str, source)


def _never_found(spelling: str) -> str | None:
    """Why a spelling would be found nowhere, or anywhere, if so."""
    if not Term(spelling).key:  # it would match between any two characters
        return "is nothing but spacing, hyphens, accents or invisible characters"
    reading = read(spelling)
    if not any(map(is_sought, reading.folded)):
        return "is nothing but punctuation, as it stands in every text"
    if reading.addresses:
        return "is a link or a mail address, in which no brand counts"
    if not Terms([Term(spelling)]).find(reading):
        return f"has more than {MOST_JOINERS} spaces or hyphens in a row"
    return None


def _refuse_shared(
    words: Sequence[tuple[str, str]], what: str, how: str, key: Callable[[str], str], source: Path
) -> None:
    owners: dict[str, tuple[str, str]] = {}
    for word, name in words:
        other, owner = owners.setdefault(key(word), (word, name))
        if owner != name:
            raise SetupError(
                f"{source}: {what} {word!r} of {name!r} {how} {other!r} of {owner!r}; "
                "keep it in one of the two"
            )
