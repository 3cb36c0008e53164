"""Adds brands by name or logo, takes them out, makes them anew: models, brands.toml and database at once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy import Connection

from monitor.brands import Brand, Brands, load_brands
from monitor.brands_file import BrandsFile
from monitor.errors import OutageError, SetupError
from monitor.everyday import is_everyday
from monitor.logos import LogoDetector, load_detector
from monitor.logos.finder import LogoFinder, load_finder
from monitor.logos.gallery import (
    MOST_PROPOSALS,
    Gallery,
    GalleryDetector,
    GalleryEntry,
    Likeness,
    LogoLetters,
    Reference,
    Target,
    alike,
    build_entry,
    in_common,
    named_already,
    open_gallery_detector,
    read_letters,
)
from monitor.logos.words.names import load_name_reader
from monitor.settings import Settings
from monitor.storage.engine import sync_engine
from monitor.storage.faults import translated
from monitor.storage.gallery import (
    StoredBrand,
    claim,
    put_entry,
    read_gallery,
    read_references,
    remove_entry,
    stored_brands,
)
from monitor.storage.schema import check_revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelt:
    """A brand as brands.toml has it now, or would have it."""

    brand: Brand
    everyday: tuple[str, ...]
    """Those of its spellings that people use for other things, too."""
    changed: bool
    """Whether the file had to be changed for it."""
    brands: Brands
    """All brands of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What came of adding a brand by its logo. `version` is None where it was only tried."""

    spelt: Spelt
    entry: GalleryEntry
    references: tuple[Reference, ...]
    cut_down: tuple[str, ...]
    """Names of those of which only what they have in common with the others counts (`in_common`)."""
    likenesses: tuple[Likeness, ...]
    letters: LogoLetters | None
    """None where nobody reads (`MONITOR_OCR=false`)."""
    version: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A brand as somebody wants it watched: what `brands.toml` shall hold of it."""

    name: str
    aliases: Sequence[str] = ()
    own: bool = False
    query: str | None = None


def add_name(settings: Settings, wanted: Wanted, *, dry_run: bool = False) -> Spelt:
    """Put a brand into brands.toml, with `dry_run` only say what would come of it.

    Blocks for a moment; needs no model and no database. Raises `SetupError`.
    """
    file, spelt = _spelt(settings, wanted)
    if not dry_run:
        file.save()
    return spelt


def _spelt(settings: Settings, wanted: Wanted) -> tuple[BrandsFile, Spelt]:
    """The file, changed and sound but not saved, and the brand as it has it."""
    file = BrandsFile(_own_file(settings))
    brand = file.put(wanted.name, wanted.aliases, own=wanted.own, query=wanted.query)
    brands = file.check()
    everyday = tuple(word for word in brand.spellings if word[0] not in "@#" and is_everyday(brand, word))
    return file, Spelt(brand=brand, everyday=everyday, changed=file.changed, brands=brands)


def _own_file(settings: Settings) -> Path:
    if settings.brands_file is None:
        raise SetupError(
            "the packaged brands.toml is not for changing: `brand-monitor init` makes one of your own "
            "(MONITOR_BRANDS_FILE, in .env or for every worker)"
        )
    return settings.brands_file


class GalleryDesk:
    """Where the gallery is changed. Blocks for seconds; every method raises `SetupError` or `OutageError`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine = sync_engine(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

    def finder(self) -> tuple[LogoFinder, str]:
        """What workers find logos with, the gallery as it is now; and why it is without one, else "": no
        embedder, or no database."""
        brands, detector = self._detector()
        models, why_not = open_gallery_detector(detector, self._settings)
        if models is not None:
            try:
                detector = models.with_gallery(self._gallery(models))
            except (OutageError, SetupError) as error:
                why_not = str(error)
        return load_finder(self._settings, brands, detector), why_not

    def add(
        self, wanted: Wanted, references: Sequence[Reference], *, rate: float, dry_run: bool = False
    ) -> Added:
        """Add references to a brand, new or there already, and make its entry from all it has.

        `rate` is the share of pictures without the brand that may be said to show it, 0..1. brands.toml gets
        the brand and its aliases, the database the entry: both, or with `dry_run` neither.
        """
        brand = wanted.name
        file, spelt = _spelt(self._settings, wanted)  # before the seconds that the models take
        models = self._models()
        reader = load_name_reader(self._settings, spelt.brands)
        with self._connection() as connection:
            claim(connection)
            stored = read_references(connection, brand)
            placed = in_common([*stored, *references], models.dense, models.embedder)[len(stored) :]
            letters = None if reader is None else read_letters(brand, placed, reader)
            every = _without_repetition([*stored, *placed])
            target = Target(rate=rate, proposals=MOST_PROPOSALS)
            entry = build_entry(brand, every, models.embedder, target)
            gallery = read_gallery(connection, models.embedder.identity)
            named = named_already(placed, models.dense)
            likenesses = [*(one for one in named if one.brand != brand), *alike(entry, gallery)]
            version = None
            if not dry_run:
                version = put_entry(
                    connection,
                    entry,
                    every,
                    embedder=models.embedder.identity,
                    own=spelt.brand.own,
                    note=f"{brand}: {', '.join(reference.name for reference in references)}",
                )
                # Last before the commit: what fails here leaves the database as it was.
                file.save()
                connection.commit()
        return Added(
            spelt=spelt,
            entry=entry,
            references=tuple(every),
            likenesses=tuple(likenesses),
            cut_down=tuple(
                one.name
                for one, given in zip(placed, references, strict=True)
                if given.photograph is not None and one.photograph is None
            ),
            letters=letters,
            version=version,
        )

    def remove(self, brand: str, *, spellings: bool = False) -> int | None:
        """Take a brand out of the gallery, with `spellings` out of brands.toml, too; returns the new version,
        None where it was not in the gallery."""
        file = BrandsFile(_own_file(self._settings)) if spellings else None
        with self._connection() as connection:
            version = remove_entry(connection, brand)
            if file is not None and file.drop(brand):
                file.save()
            connection.commit()
        return version

    def rebuild(self) -> list[tuple[GalleryEntry, int]]:
        """Make every entry anew from its stored references, for the embedder and negatives of now."""
        models = self._models()
        made = []
        with self._connection() as connection:
            claim(connection)
            for stored in stored_brands(connection):
                references = read_references(connection, stored.brand)
                target = Target(rate=stored.calibration.false_alarm_rate, proposals=MOST_PROPOSALS)
                entry = build_entry(stored.brand, references, models.embedder, target)
                version = put_entry(
                    connection,
                    entry,
                    references,
                    embedder=models.embedder.identity,
                    own=stored.own,
                    note=f"{stored.brand}: made anew",
                )
                made.append((entry, version))
            connection.commit()
        return made

    def stored(self) -> list[StoredBrand]:
        """The brands in the gallery; needs no model."""
        with self._connection() as connection:
            return stored_brands(connection)

    def _detector(self) -> tuple[Brands, LogoDetector]:
        settings = self._settings
        brands = load_brands(settings.brands_file)
        folder = settings.models_dir / settings.logo_model
        return brands, load_detector(folder, brands, settings.device, settings.inference_threads)

    def _models(self) -> GalleryDetector:
        _, detector = self._detector()
        models, why_not = open_gallery_detector(detector, self._settings)
        if models is None:
            raise SetupError(f"the brand gallery is off: {why_not}")
        return models

    def _gallery(self, models: GalleryDetector) -> Gallery:
        with self._connection() as connection:
            return read_gallery(connection, models.embedder.identity)

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        with translated(), self._engine.connect() as connection:
            check_revision(connection)
            yield connection


def _without_repetition(references: Sequence[Reference]) -> list[Reference]:
    """Each place of each file once: adding a logo twice does not make it count double."""
    return list({(one.sha256, one.pixels.shape, one.box): one for one in references}.values())
