"""What commands that read files share: the bar while records are sent, and what was refused, by reason."""

import csv
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Self

from monitor.commands.terminal import run, say
from monitor.errors import SetupError
from monitor.settings import Settings

if TYPE_CHECKING:
    from monitor.files.interface import LeftOut
    from monitor.publishing import Outgoing, Refused

_STEPS: Final = 1_000
"""Of the bar."""
_FORMULA_STARTS: Final = tuple("=+-@\t\r\n")
"""What spreadsheet programs take for a formula: such a cell gets a quote in front."""
_HEADING: Final = ("file", "where", "code", "reason", "row")


class Refusals:
    """Rows that are not sent: told one by one, counted by reason, and written to a file if wanted."""

    def __init__(self, *, most_told: int | None = None, file: IO[str] | None = None) -> None:
        """`most_told` are said on standard error, the rest is only counted; None: all."""
        self.any = False
        self.left_out: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()
        self._name = ""
        self._most_told = most_told
        self._writer = csv.writer(file) if file is not None else None
        if self._writer is not None:
            self._writer.writerow(_HEADING)

    @classmethod
    @contextmanager
    def into(cls, path: Path | None, *, most_told: int | None = None) -> Iterator[Self]:
        """Into a CSV file. Raises `SetupError` where it cannot be written."""
        if path is None:
            yield cls(most_told=most_told)
            return
        try:
            # With a mark: without it Excel misreads UTF-8.
            file = path.open("w", encoding="utf-8-sig", newline="", errors="backslashreplace")
        except OSError as error:
            raise SetupError(f"cannot write {path}: {error.strerror}") from error
        with file:
            yield cls(most_told=most_told, file=file)

    def begin(self, name: str) -> None:
        """Those of another file from here on."""
        self._name = name
        self._codes.clear()
        self.left_out.clear()

    def add(self, refused: "Refused") -> None:
        """One more."""
        self.any = True
        self._codes[refused.error.code.value] += 1
        told = self._codes.total()
        if self._most_told is None or told <= self._most_told:
            say(f"{refused.where}: {refused.error}")
        elif told == self._most_told + 1:
            say("... further ones are counted")
        if self._writer is not None:
            row = (self._name, refused.where, refused.error.code.value, refused.error.detail, refused.raw)
            self._writer.writerow([f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell for cell in row])

    def said(self) -> str:
        """How many of the file, by reason."""
        refused = f"{self._codes.total():,} refused{_by_reason(self._codes)}"
        if not self.left_out:
            return refused
        return f"{refused}; {self.left_out.total():,} left out{_by_reason(self.left_out)}"


def send(
    settings: Settings | None,
    records: Iterable["Outgoing | Refused | LeftOut"],
    what: str,
    refusals: Refusals,
    *,
    share: Callable[[], float] = lambda: 0.0,
) -> int:
    """Publish the records with a bar, and return how many Kafka acknowledged; without settings nothing is
    sent, and those that would be are counted. `share` says how much was read, 0..1.

    Raises what `publish` raises.
    """
    from monitor.files.interface import LeftOut
    from monitor.publishing import Outgoing, Refused, publish

    def mentions() -> Iterator[Outgoing | Refused]:
        for record in records:
            if isinstance(record, LeftOut):
                refusals.left_out[record.reason] += 1
            else:
                yield record

    with _bar(what) as advance:

        def on_done(record: Outgoing | Refused) -> None:
            advance(share())
            if isinstance(record, Refused):
                refusals.add(record)

        if settings is not None:
            return run(publish(settings, mentions(), on_done)).sent
        sent = 0
        for record in mentions():
            sent += isinstance(record, Outgoing)
            on_done(record)
        return sent


@contextmanager
def _bar(what: str) -> Iterator[Callable[[float], None]]:
    """A bar on standard error that hears of each record; silent where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[done]:,}"),
        TimeElapsedColumn(),
    )
    done = 0
    with Progress(
        *columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True
    ) as display:
        task = display.add_task(what, total=None, done=0)

        def advance(share: float) -> None:
            nonlocal done
            done += 1
            total = _STEPS if share else None
            display.update(task, total=total, completed=share * _STEPS, done=done)

        yield advance


def _by_reason(counts: Counter[str]) -> str:
    return ": " + ", ".join(f"{count:,} {reason}" for reason, count in counts.most_common()) if counts else ""
