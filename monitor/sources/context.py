"""What every source may use."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from monitor.brands import Brands
from monitor.settings import Settings
from monitor.sources.http import Http
from monitor.storage.collectors import Collected


def _now() -> datetime:
    return datetime.now(UTC)


async def _nothing(*_: object) -> Sequence[Collected]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Shared by all sources of a process."""

    http: Http
    brands: Brands
    settings: Settings
    folder: Path = field(default_factory=Path)
    """Where sources.toml lies: paths in it are relative to this."""
    now: Callable[[], datetime] = _now
    """The moment, in UTC; tests say another."""
    collected: Callable[[str, str, int], Awaitable[Sequence[Collected]]] = _nothing
    """Posts of a source that were published, in the order of their ids: so many after that id."""
