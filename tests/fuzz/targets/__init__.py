"""What is fuzzed, a module each: `seeds()`, `check(data)`, `LONGEST` bytes of an input; perhaps `WORDS` to
use, and as `COST` how many executions of others one of them takes the time of.

`check` takes any bytes and returns, or lets through what the contract of the code under test does not allow.
"""

import importlib
from collections.abc import Iterator, Sequence
from typing import Protocol, cast

NAMES: Sequence[str] = (
    "messages",
    "pictures",
    "records",
    "tokens",
    "names",
    "queries",
    "languages",
    "lengths",
    "brands",
    "moments",
    "addresses",
    "texts",
    "images",
    "wire",
)


class Target(Protocol):
    """A module of this package."""

    LONGEST: int

    def seeds(self) -> Iterator[bytes]:
        """Inputs to begin with."""

    def check(self, data: bytes) -> None:
        """Run one input."""


def load(name: str) -> Target:
    """The target of that name."""
    return cast("Target", importlib.import_module(f"{__name__}.{name}"))
