"""One small seeded database for the module that asks for it, with the real models on three pictures."""

import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.brands import Brand, Brands, load_brands
from monitor.local import EmbeddedDatabase
from monitor.logos.finder import LogoFinder, load_finder
from monitor.seeding import seed
from monitor.seeding.load import Seeding
from monitor.settings import Device, load_settings
from monitor.storage.engine import sync_engine
from monitor.storage.pictures import PictureStore

PICTURES = Path(__file__).parents[2] / "samples" / "pictures"
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
MENTIONS = 6_000
WANTED = Seeding(mentions=MENTIONS, days=56, until=UNTIL, number=5)


@dataclass(frozen=True)
class Maker:
    """Seeds databases of the server with the brands of brands.toml."""

    server: EmbeddedDatabase
    template: str
    folder: Path
    finder: LogoFinder
    store: PictureStore
    brands: Brands

    def database(self) -> tuple[str, Engine]:
        name = f"seeded_{uuid.uuid4().hex[:12]}"
        return name, sync_engine(load_settings(database_url=self.server.copy(self.template, name)))

    def fill(self, engine: Engine, wanted: Seeding = WANTED, brands: Brands | None = None) -> int:
        finder = self.finder if brands is None else load(brands)
        return seed(engine, brands or self.brands, wanted, self.folder, finder, self.store)


def load(brands: Brands) -> LogoFinder:
    return load_finder(load_settings(ocr=True, device=Device.CPU, inference_threads=1), brands)


@pytest.fixture(scope="session")
def maker(
    database_server: EmbeddedDatabase, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Maker:
    folder = tmp_path_factory.mktemp("shown")
    for name in ("vmware-wall.jpg", "cloudera-sign.jpg", "coffee.jpg"):
        shutil.copy(PICTURES / name, folder)
    (folder / "notes.txt").write_text("no picture")
    brands = load_brands()
    store = PictureStore(str(tmp_path_factory.mktemp("store")))
    return Maker(database_server, migrated, folder, load(brands), store, brands)


@pytest.fixture(scope="module")
def seeded(maker: Maker) -> Iterator[Engine]:
    name, engine = maker.database()
    maker.fill(engine)
    yield engine
    engine.dispose()
    maker.server.drop(name)


@pytest.fixture
def bare(maker: Maker) -> Iterator[Engine]:
    """A migrated database without mentions."""
    name, engine = maker.database()
    yield engine
    engine.dispose()
    maker.server.drop(name)


@pytest.fixture
def odd_brands() -> Brands:
    """Names that COPY's text format would take for something else."""
    return Brands((Brand("Back\\slash", logos=("vmware",), own=True), Brand("N\\N"), Brand('Quote\'d "x"')))
