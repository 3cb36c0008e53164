"""Data on standard output: JSON for programs, a table for people."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

_UNCUT: Final = 10_000
"""Columns of a table that is piped: nothing is wrapped or cut, so that `grep` and `awk` see whole lines."""


def as_json(data: Any) -> None:
    """Indented JSON, one document."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(data), indent=2) + b"\n")
    sys.stdout.buffer.flush()


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> None:
    """A table as wide as the terminal, long cells folded; in a pipe as wide as its content. One without rows
    says that there are none."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        drawn.add_column(heading, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))  # Text: what publishers wrote is no markup
    if not drawn.row_count:
        drawn.add_row("none")
    console = Console()
    if not console.is_terminal:
        console = Console(width=_UNCUT)
    console.print(drawn)


def beside(value: float, needed: float, digits: int = 3) -> str:
    """`value` as a person holds it against `needed`, written with as many digits: what rounding alone would
    make equal says that it is less."""
    written = f"{value:.{digits}f}"
    return f"just under {written}" if value < needed and written == f"{needed:.{digits}f}" else written
