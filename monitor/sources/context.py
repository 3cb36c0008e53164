"""What every source may use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from monitor.brands import Brands
from monitor.settings import Settings
from monitor.sources.http import Http


def _now() -> datetime:
    return datetime.now(UTC)


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
