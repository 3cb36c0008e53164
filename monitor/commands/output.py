"""Data on standard output: JSON for programs, a table for people."""

import sys
from collections.abc import Iterable
from typing import Any

import msgspec


def as_json(data: Any) -> None:
    """Indented JSON, one document."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(data), indent=2) + b"\n")
    sys.stdout.buffer.flush()


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """A table as wide as the terminal; in a pipe as wide as its content: nothing is cut for `grep`."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*headings)
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))  # Text: what publishers wrote is no markup
    console = Console()
    if not console.is_terminal:
        console = Console(width=max(console.measure(drawn).maximum, 80))
    console.print(drawn)
