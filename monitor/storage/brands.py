"""The brands of brands.toml as rows: whose they are, and which are watched."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, select, text

from monitor.brands import Brands
from monitor.storage import driver
from monitor.storage.driver import Statement, as_json
from monitor.storage.rows import clean
from monitor.storage.tables import brand

_UPSERT: Final = f"""{driver.insert(brand, ("name", "own"), order_by=("name",))}
    ON CONFLICT (name) DO UPDATE SET own = excluded.own, watched = true
    WHERE excluded.own <> kept.own OR NOT kept.watched
"""

_UNWATCH: Final = text("""
    UPDATE brand SET watched = false, own = false
    WHERE watched AND name <> ALL(CAST(:listed AS text[])) AND NOT EXISTS (
        SELECT FROM gallery_entry AS e WHERE e.brand_id = brand.id AND e.removed_in IS NULL)
""")


def add_brands(connection: Connection, brands: Mapping[str, bool]) -> None:
    """Write brands, which are watched from now on, by name and whether they are ours."""
    rows = [{"name": clean(name), "own": own} for name, own in brands.items()]
    Statement(_UPSERT, as_json(rows)).run(connection)


def write_brands(connection: Connection, brands: Brands) -> dict[str, int]:
    """Write all brands of a file; those neither in it nor in the gallery are watched no more, and keep
    row and history. The caller commits.

    Returns the ids of all brands there ever were, by name.
    """
    add_brands(connection, {brand.name: brand.own for brand in brands})
    connection.execute(_UNWATCH, {"listed": [clean(brand.name) for brand in brands]})
    return brand_ids(connection)


def brand_ids(connection: Connection) -> dict[str, int]:
    """Ids of all brands there ever were, by name."""
    return {row.name: row.id for row in connection.execute(select(brand.c.name, brand.c.id))}
