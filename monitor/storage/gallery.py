"""The brand gallery in the database: read as of a version, changed one version at a time."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, and_, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from monitor.errors import SetupError
from monitor.logos.gallery import Calibration, Gallery, GalleryEntry, Reference
from monitor.logos.gallery.entries import pack, unpack
from monitor.logos.gallery.references import stored_reference
from monitor.storage.brands import add_brands
from monitor.storage.faults import translated
from monitor.storage.gallery_tables import gallery_entry, gallery_reference, gallery_version
from monitor.storage.tables import brand

# Two people who change the gallery at once get one version each, numbered in the order of their commits.
_ONE_AT_A_TIME: Final = text("SELECT pg_advisory_xact_lock(hashtext('brand-monitor gallery'))")
_LATEST: Final = select(func.coalesce(func.max(gallery_version.c.version), 0))


class GalleryStore:
    """The workers' way to the gallery. Safe for concurrent use; waits for the database only.

    Raises `OutageError` while the database is away.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def version(self) -> int:
        """The latest version; 0 before the first change. One round trip."""
        with translated():
            async with self._engine.connect() as connection:
                return int((await connection.execute(_LATEST)).scalar_one())

    async def read(self, embedder: str) -> Gallery:
        """The latest gallery for an embedder. Also raises `SetupError` where an entry is damaged."""
        with translated():
            async with self._engine.connect() as connection:
                return await connection.run_sync(read_gallery, embedder)


def read_gallery(connection: Connection, embedder: str, version: int | None = None) -> Gallery:
    """The gallery as it was in a version, by default the latest, for the embedder (name@version) that
    compares.

    Raises `SetupError` where an entry is damaged.
    """
    if version is None:
        version = int(connection.execute(_LATEST).scalar_one())
    entry = gallery_entry.c
    # As of that version, also if another one is made between these two statements.
    in_use = and_(entry.added_in <= version, or_(entry.removed_in.is_(None), entry.removed_in > version))
    found = connection.execute(
        select(brand.c.name, entry.embedder, entry.threshold, entry.calibration, entry.embeddings)
        .join_from(gallery_entry, brand)
        .where(in_use)
        .order_by(brand.c.name)
    ).all()
    return Gallery(
        version=version,
        entries=tuple(_entry(row) for row in found if row.embedder == embedder),
        stale=tuple(row.name for row in found if row.embedder != embedder),
    )


def read_references(connection: Connection, name: str) -> list[Reference]:
    """The pictures that the brand's entry in use was made from; empty where it has none.

    Raises `SetupError` where one is damaged.
    """
    found = connection.execute(
        select(gallery_reference)
        .join_from(gallery_reference, gallery_entry)
        .join(brand, brand.c.id == gallery_entry.c.brand_id)
        .where(brand.c.name == name, gallery_entry.c.removed_in.is_(None))
        .order_by(gallery_reference.c.position)
    )
    return [
        stored_reference(
            row.name, row.file_sha256, row.picture, (row.x, row.y, row.x + row.width, row.y + row.height)
        )
        for row in found
    ]


def claim(connection: Connection) -> None:
    """Wait for others who change the gallery, and keep them waiting until this transaction ends: for whoever
    reads, thinks and then writes."""
    connection.execute(_ONE_AT_A_TIME)


def put_entry(
    connection: Connection,
    entry: GalleryEntry,
    references: Sequence[Reference],
    *,
    embedder: str,
    own: bool,
    note: str,
) -> int:
    """Put a brand's entry in the place of the one in use, if any; returns the new version.

    The brand gets its row, too. The caller commits; workers see it then.
    """
    version = _next_version(connection, note)
    add_brands(connection, {entry.brand: own})
    brand_id = connection.execute(select(brand.c.id).where(brand.c.name == entry.brand)).scalar_one()
    _end(connection, brand_id, version)
    (entry_id,) = connection.execute(
        insert(gallery_entry)
        .values(
            brand_id=brand_id,
            embedder=embedder,
            threshold=entry.threshold,
            calibration=msgspec.to_builtins(entry.calibration),
            embeddings=pack(entry.embeddings),
            added_in=version,
        )
        .returning(gallery_entry.c.id)
    ).one()
    connection.execute(
        insert(gallery_reference),
        [_reference_row(entry_id, number, one) for number, one in enumerate(references, 1)],
    )
    return version


def remove_entry(connection: Connection, name: str) -> int | None:
    """End the brand's entry; returns the new version, None where there is no entry. What was found stays."""
    brand_id = connection.execute(
        select(brand.c.id)
        .join(gallery_entry)
        .where(brand.c.name == name, gallery_entry.c.removed_in.is_(None))
    ).scalar_one_or_none()
    if brand_id is None:
        return None
    version = _next_version(connection, f"removed {name}")
    _end(connection, brand_id, version)
    return version


class StoredBrand(msgspec.Struct, frozen=True, kw_only=True):
    """A gallery brand, for people."""

    brand: str
    own: bool
    references: tuple[str, ...]
    threshold: float
    calibration: Calibration
    embedder: str
    since_version: int


def stored_brands(connection: Connection) -> list[StoredBrand]:
    """The brands in use, by name."""
    entry = gallery_entry.c
    names = func.array_agg(gallery_reference.c.name).label("names")
    found = connection.execute(
        select(
            *(brand.c.name, brand.c.own, entry.threshold, entry.calibration, entry.embedder),
            *(entry.added_in, names),
        )
        .join_from(gallery_entry, brand)
        .join(gallery_reference, gallery_reference.c.entry_id == entry.id)
        .where(entry.removed_in.is_(None))
        .group_by(entry.id, brand.c.id)
        .order_by(brand.c.name)
    )
    return [
        StoredBrand(
            brand=row.name,
            own=row.own,
            references=tuple(row.names),
            threshold=row.threshold,
            calibration=msgspec.convert(row.calibration, Calibration),
            embedder=row.embedder,
            since_version=row.added_in,
        )
        for row in found
    ]


def _next_version(connection: Connection, note: str) -> int:
    claim(connection)
    made = insert(gallery_version).values(note=note).returning(gallery_version.c.version)
    return int(connection.execute(made).scalar_one())


def _end(connection: Connection, brand_id: int, version: int) -> None:
    in_use = and_(gallery_entry.c.brand_id == brand_id, gallery_entry.c.removed_in.is_(None))
    connection.execute(update(gallery_entry).where(in_use).values(removed_in=version))


def _entry(row: Any) -> GalleryEntry:
    try:
        calibration = msgspec.convert(row.calibration, Calibration)
    except msgspec.ValidationError as error:
        raise SetupError(
            f"gallery calibration of {row.name!r} is damaged: {error}; run `brand-monitor brands rebuild`"
        ) from error
    return GalleryEntry(
        brand=row.name,
        embeddings=unpack(row.embeddings, row.name),
        threshold=row.threshold,
        calibration=calibration,
    )


def _reference_row(entry_id: int, number: int, reference: Reference) -> dict[str, Any]:
    left, top, right, bottom = reference.box
    return {
        "entry_id": entry_id,
        "position": number,
        "name": reference.name,
        "file_sha256": reference.sha256,
        "picture": reference.png(),
        "x": left,
        "y": top,
        "width": right - left,
        "height": bottom - top,
    }
