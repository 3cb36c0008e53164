"""Adds brands to the gallery, takes them out, makes them anew: models, brands.toml and database at once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy import Connection

from monitor.brands import Brands, load_brands
from monitor.brands_file import BrandsFile
from monitor.errors import SetupError
from monitor.logos import load_detector
from monitor.logos.gallery import (
    MOST_PROPOSALS,
    Gallery,
    GalleryDetector,
    GalleryEntry,
    Likeness,
    Reference,
    Target,
    alike,
    build_entry,
    named_already,
    open_gallery_detector,
)
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
class Added:
    """What came of adding a brand. `version` is None where it was only tried."""

    entry: GalleryEntry
    references: tuple[Reference, ...]
    likenesses: tuple[Likeness, ...]
    version: int | None


class GalleryDesk:
    """Where the gallery is changed. Blocks for seconds; every method raises `SetupError` or `OutageError`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine = sync_engine(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

    def detector(self) -> GalleryDetector:
        """The models, with the gallery as it is now."""
        models = self._models()
        return models.with_gallery(self._gallery(models))

    def add(
        self,
        brand: str,
        references: Sequence[Reference],
        aliases: Sequence[str] = (),
        *,
        own: bool = False,
        rate: float,
        dry_run: bool = False,
    ) -> Added:
        """Add references to a brand, new or there already, and make its entry from all it has.

        `rate` is the share of pictures without the brand that may be said to show it, 0..1. brands.toml gets
        the brand and its aliases, the database the entry: both, or with `dry_run` neither.
        """
        file = BrandsFile(self._brands_file())
        put = file.put(brand, aliases, own=own)
        file.check()  # before the seconds that the models take
        models = self._models()
        with self._connection() as connection:
            claim(connection)
            every = _without_repetition([*read_references(connection, brand), *references])
            target = Target(rate=rate, proposals=MOST_PROPOSALS)
            entry = build_entry(brand, every, models.embedder, target)
            gallery = read_gallery(connection, models.embedder.identity)
            named = named_already(references, models.dense)
            likenesses = [*(one for one in named if one.brand != brand), *alike(entry, gallery)]
            version = None
            if not dry_run:
                version = put_entry(
                    connection,
                    entry,
                    every,
                    embedder=models.embedder.identity,
                    own=put.own,
                    note=f"{brand}: {', '.join(reference.name for reference in references)}",
                )
                # Last before the commit: what fails here leaves the database as it was.
                file.save()
                connection.commit()
        return Added(entry=entry, references=tuple(every), likenesses=tuple(likenesses), version=version)

    def remove(self, brand: str, *, spellings: bool = False) -> int | None:
        """Take a brand out of the gallery, with `spellings` out of brands.toml, too; returns the new version,
        None where it was not in the gallery."""
        file = BrandsFile(self._brands_file()) if spellings else None
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

    def _models(self) -> GalleryDetector:
        settings = self._settings
        brands: Brands = load_brands(settings.brands_file)
        detector = load_detector(
            settings.models_dir / settings.logo_model, brands, settings.device, settings.inference_threads
        )
        models, why_not = open_gallery_detector(detector, settings)
        if models is None:
            raise SetupError(f"the brand gallery is off: {why_not}")
        return models

    def _gallery(self, models: GalleryDetector) -> Gallery:
        with self._connection() as connection:
            return read_gallery(connection, models.embedder.identity)

    def _brands_file(self) -> Path:
        path = self._settings.brands_file
        if path is None:
            raise SetupError(
                "the packaged brands.toml is not for changing: `brand-monitor brands init brands.toml` "
                "copies it; then set MONITOR_BRANDS_FILE=brands.toml, in .env or for every worker"
            )
        return path

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        with translated(), self._engine.connect() as connection:
            check_revision(connection)
            yield connection


def _without_repetition(references: Sequence[Reference]) -> list[Reference]:
    """Each place of each file once: adding a logo twice does not make it count double."""
    return list({(one.sha256, one.pixels.shape, one.box): one for one in references}.values())
