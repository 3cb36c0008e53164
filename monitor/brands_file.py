"""Changes brands.toml for people who would rather not: comments, order and layout stay as they are.

A change is checked as a whole before it takes the place of the old file, so a worker that starts meanwhile
reads the one or the other, and a brand that would make counts ambiguous is refused.
"""

import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
import tomlkit
from tomlkit import TOMLDocument
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, String, Table

from monitor.brands import Brand, Brands, brands_path, load_brands
from monitor.catalogue import catalogue
from monitor.errors import SetupError

_BEGINNING: Final = """\
# The brands watched here; workers notice a change by themselves. The fields: docs/brands.md.

"""

_HEADER: Final = re.compile(r"\s*\[\[\s*brand\s*\]\]")


def start_file(path: Path) -> None:
    """Copy the packaged brands.toml to `path`: all its brands are watched, none is ours.

    Raises `SetupError` where there is a file already.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            packaged = brands_path().read_text("utf-8")
            file.write(_BEGINNING + packaged[packaged.index("[[brand]]") :])
    except FileExistsError as error:
        raise SetupError(f"{path} is there already; set MONITOR_BRANDS_FILE={path} to use it") from error
    except OSError as error:
        raise SetupError(f"cannot write {path}: {error.strerror}; choose another place") from error


class BrandsFile:
    """One brands.toml under change. Nothing is written before `save`."""

    def __init__(self, path: Path, *, new: bool = False) -> None:
        """Read the file, or with `new` begin one. Raises `SetupError`."""
        self.path = path
        self._new = new
        self._begun: object = None
        """Blocks that this began: tomlkit leaves an empty line between those."""
        if new:
            self._before, beginning = "", _BEGINNING
        else:
            load_brands(path)  # all that can be wrong with it, told as everywhere else
            self._before = beginning = path.read_text("utf-8-sig")
        try:
            self._document: TOMLDocument = tomlkit.parse(beginning)
        except TOMLKitError as error:
            raise SetupError(f"{path}: {error}; see docs/brands.md for the fields") from error

    @property
    def changed(self) -> bool:
        """Whether it would read differently from the file."""
        return tomlkit.dumps(self._document) != self._before

    @property
    def ours(self) -> list[str]:
        """Names of the brands that are ours, as changed."""
        return [brand.name for brand in self._brands() if brand.own]

    def put(self, name: str, aliases: Iterable[str], *, own: bool, query: str | None = None) -> Brand:
        """Add a brand, or to the one of that name further aliases, that it is ours, and a query if it has
        none; returns it as it is now."""
        block = self._block(name) or self._add(name)
        known = [str(alias) for alias in block.get("aliases", ())]
        spelt = {spelling.casefold() for spelling in (name, *known)}
        new = [alias for alias in dict.fromkeys(aliases) if alias.casefold() not in spelt]
        if new:
            block["aliases"] = [*known, *new]
        if own:
            block["own"] = True
        if query is not None and "query" not in block:
            block["query"] = _text(query)
        return Brand(
            name=name,
            aliases=tuple(str(alias) for alias in block.get("aliases", ())),
            written=tuple(str(word) for word in block.get("written", ())),
            query=str(block["query"]) if "query" in block else None,
            logos=tuple(str(label) for label in block.get("logos", ())),
            references=tuple(str(file) for file in block.get("references", ())),
            own=bool(block.get("own", False)),
        )

    def take(self, brand: Brand, *, own: bool) -> None:
        """Add a brand with all it has, as those of the catalogue; one that is there already gets its aliases
        in addition, and becomes ours or a competitor."""
        block = self._block(brand.name)
        if block is not None:
            self.put(brand.name, brand.aliases, own=own)
        else:
            block = self._add(brand.name)
            lists = {"aliases": brand.aliases, "written": brand.written, "logos": brand.logos}
            for field, words in lists.items():
                if words:
                    block[field] = list(words)
            if brand.query is not None:
                block["query"] = _text(brand.query)
        _turn(block, own=own)

    def change(self, name: str, aliases: Iterable[str], *, own: bool) -> bool:
        """Give a brand these aliases instead of those it has, and make it ours or a competitor; returns
        whether there is one of that name."""
        block = self._block(name)
        if block is None:
            return False
        wanted = [alias for alias in dict.fromkeys(aliases) if alias.casefold() != name.casefold()]
        if wanted != [str(alias) for alias in block.get("aliases", ())]:
            block["aliases"] = wanted
        _turn(block, own=own)
        return True

    def choose(self, ours: Iterable[Brand], competitors: Iterable[Brand]) -> None:
        """Watch these, and of the catalogue's brands no other: what people wrote or changed stays."""
        chosen = {brand.name: (brand, True) for brand in ours}
        chosen = {**{brand.name: (brand, False) for brand in competitors}, **chosen}
        for brand in self._brands():
            if brand in catalogue() and brand.name not in chosen:
                self.drop(brand.name)
        for brand, own in sorted(chosen.values(), key=lambda one: not one[1]):
            self.take(brand, own=own)

    def drop(self, name: str) -> bool:
        """Take a brand's block out; returns whether there was one. What is written above the next block
        stays.

        Raises `SetupError` where the blocks' first lines cannot be told: one like them stands inside a text.
        """
        names = [str(block["name"]) for block in self._blocks()]
        if name not in names:
            return False
        # By lines: the parser takes comments above a block for the end of the one before.
        lines = tomlkit.dumps(self._document).splitlines(keepends=True)
        starts = [number for number, line in enumerate(lines) if _HEADER.match(line)]
        if len(starts) != len(names):
            raise SetupError(f"{self.path}: cannot tell the lines of {name!r}; take its block out by hand")
        start = starts[names.index(name)]
        end = min((later for later in starts if later > start), default=len(lines))
        while end < len(lines) and not lines[end - 1].split("#")[0].strip():
            end -= 1
        while end < len(lines) and not lines[end].strip() and not "".join(lines[:start][-1:]).strip():
            end += 1  # one empty line is enough where two were
        self._document = tomlkit.parse("".join(lines[:start] + lines[end:]))
        return True

    def check(self) -> Brands:
        """All brands of the file as changed. Raises `SetupError` where it would be ambiguous."""
        with tempfile.TemporaryDirectory() as folder:
            changed = Path(folder) / self.path.name
            changed.write_text(tomlkit.dumps(self._document), "utf-8")
            try:
                return load_brands(changed)
            except SetupError as error:
                told = str(error).replace(str(changed), f"{self.path} would be wrong")
                raise SetupError(told) from error

    def save(self) -> None:
        """Put the changed file in the place of the old one, whole or not at all; one that reads as before
        stays untouched, and one that was to be new and is there by now.

        Raises `SetupError` where it would be ambiguous or cannot be written.
        """
        if not self.changed:
            return
        self.check()
        try:
            # In the same folder: only there can it take the other's place in one step.
            handle, name = tempfile.mkstemp(prefix=".brands-", suffix=".toml", dir=self.path.parent)
            changed = Path(name)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(tomlkit.dumps(self._document))
                    file.flush()
                    os.fsync(file.fileno())
                if self._new:
                    changed.chmod(0o644)
                    os.link(changed, self.path)
                else:
                    changed.chmod(self.path.stat().st_mode & 0o777)
                    changed.replace(self.path)
            finally:
                changed.unlink(missing_ok=True)
        except FileExistsError as error:
            raise SetupError(f"{self.path} is there already; `brand-monitor brands` changes it") from error
        except OSError as error:
            raise SetupError(f"cannot write {self.path}: {error.strerror or error}") from error

    def _brands(self) -> Brands:
        """Those of the file as it is now, or none."""
        return Brands(msgspec.convert(block.unwrap(), Brand) for block in self._blocks())

    def _add(self, name: str) -> Table:
        block = tomlkit.table()
        block["name"] = name
        blocks = self._blocks()
        if len(blocks) and blocks is not self._begun:  # an empty line, as a person would leave one
            blocks[-1].add(tomlkit.nl())
        blocks.append(block)
        return block

    def _blocks(self) -> AoT:
        if "brand" not in self._document:
            self._document["brand"] = tomlkit.aot()
            self._begun = self._document["brand"]
        blocks = self._document["brand"]
        if not isinstance(blocks, AoT):
            raise SetupError(f"{self.path}: write brands as [[brand]] blocks to have them changed here")
        return blocks

    def _block(self, name: str) -> Table | None:
        return next((block for block in self._blocks() if block["name"] == name), None)


def _turn(block: Table, *, own: bool) -> None:
    """Make the brand ours, or a competitor."""
    if own:
        block["own"] = True
    elif block.get("own"):
        block.remove("own")


def _text(query: str) -> String:
    return tomlkit.string(query, literal=True, multiline="\n" in query)
