"""The brands of brands.toml as rows: whose they are, and which are watched."""

from sqlalchemy import Connection

from monitor.brands import Brands
from monitor.storage import statements
from monitor.storage.rows import clean


def write_brands(connection: Connection, brands: Brands) -> dict[str, int]:
    """Write all brands of a file; those neither in it nor in the gallery are watched no more, and keep
    row and history. The caller commits.

    Returns the ids of all brands there ever were, by name.
    """
    given = [{"name": clean(brand.name), "own": brand.own} for brand in brands]
    if given:
        connection.execute(statements.upsert_brands(), statements.arrays(given, statements.BRAND))
    connection.execute(statements.unwatch_brands(), {"listed": [each["name"] for each in given]})
    return {row.name: row.id for row in connection.execute(statements.select_brand_ids())}
