"""`brand-monitor status`: how far the workers are, what was stored, what was dead-lettered."""

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.commands.output import as_json, table
from monitor.commands.terminal import run, say
from monitor.settings import load_settings

if TYPE_CHECKING:
    from monitor.status import Status


def status(
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    audit: Annotated[
        bool,
        typer.Option(
            "--audit",
            help="Also say what does not add up, and what cannot be known; exit 1 if anything does not.",
        ),
    ] = False,
) -> None:
    """Lag, stored mentions and dead letters, per topic and partition.

    With --audit every committed offset must be accounted for, and the mentions must be those that came from
    records: what is not so is a fault, and the exit code is 1. Notes are true and no faults: what Kafka no
    longer holds, what was erased and why, what cannot be known.
    """
    from monitor.status import read_status

    found = run(read_status(load_settings()))
    if json:
        as_json(found)
    else:
        _show(found)
    if not audit:
        return
    books = found.audit
    for note in books.notes:
        say(f"note: {note}")
    for fault in books.faults:
        say(f"fault: {fault}")
    say(
        f"audit: {f'{len(books.faults)} faults' if books.faults else 'ok'}; "
        f"{books.mentions:,} mentions in the database (batches stored {books.stored:,}, "
        f"replaced {books.replaced:,}; deletions {books.deleted:,}; erased {books.erased:,}), "
        f"{books.dead_letters:,} dead letters; "
        f"lag {found.lag:,}"
    )
    if not books.ok:
        raise typer.Exit(1)


def _show(found: "Status") -> None:
    table(
        ("topic", "partition", "records", "committed", "lag", "stored", "replaced", "dead"),
        [
            (
                line.topic,
                str(line.partition),
                f"{line.records:,}",
                "-" if line.committed is None else f"{line.committed:,}",
                f"{line.lag:,}",
                f"{line.stored:,}",
                f"{line.replaced:,}",
                f"{line.dead_letters:,}",
            )
            for line in found.partitions
        ],
    )
