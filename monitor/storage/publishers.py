"""Programs that may send mentions by HTTP: table `publisher`. Tokens are shown once and kept nowhere."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from monitor.errors import SetupError
from monitor.storage.collector_tables import publisher
from monitor.storage.faults import translated

_TOKEN_BYTES: Final = 32
"""Of chance: nobody guesses one, so that a plain SHA-256 keeps it."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """A program that may send. `source`: the only one its mentions may say; None: any."""

    name: str
    source: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A publisher as people are shown it."""

    name: str
    source: str | None
    created_at: datetime
    revoked_at: datetime | None


def hashed(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def add(connection: Connection, name: str, source: str | None) -> str:
    """A new publisher's token. Raises `SetupError` for a name that is taken."""
    token = "bm_" + secrets.token_urlsafe(_TOKEN_BYTES)
    new = insert(publisher).values(name=name, source=source, token_sha256=hashed(token))
    added = connection.execute(
        new.on_conflict_do_nothing(index_elements=["name"]).returning(publisher.c.id)
    ).first()
    if added is None:
        raise SetupError(f"there is a publisher {name!r} already, perhaps revoked; choose another name")
    return token


def revoke(connection: Connection, name: str) -> None:
    """Its token holds no longer. Raises `SetupError` where there is none of that name whose token does."""
    revoked = connection.execute(
        update(publisher)
        .where(publisher.c.name == name, publisher.c.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(publisher.c.id)
    ).first()
    if revoked is None:
        raise SetupError(f"no publisher {name!r} has a token that holds; `brand-monitor publishers list`")


def listed(connection: Connection) -> list[Listed]:
    """All of them, by name."""
    table = publisher.c
    query = select(table.name, table.source, table.created_at, table.revoked_at).order_by(table.name)
    return [Listed(*row) for row in connection.execute(query)]


async def holding(engine: AsyncEngine) -> dict[str, Publisher]:
    """Those whose tokens hold, by what is kept of these. Raises `OutageError` or `SetupError`."""
    query = select(publisher.c.token_sha256, publisher.c.name, publisher.c.source).where(
        publisher.c.revoked_at.is_(None)
    )
    with translated():
        async with engine.connect() as connection:
            rows = (await connection.execute(query)).all()
    return {row.token_sha256: Publisher(row.name, row.source) for row in rows}
