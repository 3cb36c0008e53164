"""Whose posts are answered: those about our brands, in words."""

from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection, text

from monitor.reports.filters import Filter


def our_brands(connection: Connection) -> dict[int, str]:
    """The watched brands that are ours: names by ids, in the order of names."""
    found = connection.execute(
        text("SELECT id, name FROM brand WHERE own AND watched ORDER BY lower(name), name")
    )
    return {row.id: row.name for row in found}


def of_them(ours: Mapping[int, str], chosen: Filter) -> dict[int, str]:
    """Those chosen; where none of them is, all. None where only pictures are chosen: they have no label."""
    if chosen.kinds and "text" not in chosen.kinds:
        return {}
    return {id: name for id, name in ours.items() if name in chosen.brands} or dict(ours)


def whole(chosen: Filter) -> Filter:
    """The view with every copy: each counts toward its story's reach, whatever figures count."""
    return msgspec.structs.replace(chosen, counting="posts")
