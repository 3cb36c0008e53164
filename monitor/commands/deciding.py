"""What only a person can say of a file: asked where one sits at the terminal, and asked of nobody else."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import typer

from monitor.commands.terminal import say
from monitor.files.interface import DateOrder
from monitor.files.reading import Understood, Wishes

_ORDERS: Final[Mapping[str, DateOrder]] = {"dmy": "dmy", "mdy": "mdy", "ymd": "ymd"}


def decided(found: Understood, wishes: Wishes) -> Wishes | None:
    """The wishes with the answer to the first question that the file leaves open; None: it leaves none that
    a word could answer. The file is as it was: it has to be understood anew."""
    for problem, ask in _QUESTIONS.items():
        if problem in found.problems and found.opened.columns:
            say(f"  {found.problems[problem]}")
            return ask(wishes)
    return None


def _text(wishes: Wishes) -> Wishes:
    column: str = typer.prompt("which column holds the text?", prompt_suffix=" ", err=True)
    return replace(wishes, columns={**wishes.columns, "text": [column]})


def _order(wishes: Wishes) -> Wishes:
    while True:
        order: str = typer.prompt("which comes first? (dmy, mdy or ymd)", prompt_suffix=" ", err=True)
        if order in _ORDERS:
            return replace(wishes, date_order=_ORDERS[order])


def _zone(wishes: Wishes) -> Wishes:
    zone: str = typer.prompt("which zone are they in? (Europe/Berlin, ...)", default="UTC", err=True)
    return replace(wishes, zone=zone)


_QUESTIONS: Final[Mapping[str, Callable[[Wishes], Wishes]]] = {
    "text": _text,
    "date_order": _order,
    "zone": _zone,
}
"""By what `Understood.problems` calls it."""
