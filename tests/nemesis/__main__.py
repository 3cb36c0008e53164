"""`python -m tests.nemesis run --seeds 100`, `python -m tests.nemesis report`; `make faults` calls it.

Finished seeds are appended to a file of JSON lines and not run again: a long run can be done in pieces.
"""

import asyncio
import logging
import signal
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from tests.nemesis import results
from tests.nemesis.run import Options, Servers, run_seed, servers

RESULTS = Path(".cache/nemesis/results.jsonl")

cli = typer.Typer(no_args_is_help=True, add_completion=False)
console = Console()

Results = Annotated[Path, typer.Option(help="Where finished seeds are written.")]


@cli.command()
def run(
    seeds: Annotated[int, typer.Option(help="Seeds 1 to this, but those finished.")] = 0,
    seed: Annotated[int | None, typer.Option(help="This one, finished or not.")] = None,
    faults: Annotated[str, typer.Option(help="Names, comma-separated; `old` for the tame ones.")] = "",
    seconds: Annotated[float | None, typer.Option(help="No further seed or phase after this.")] = None,
    phases: int = 10,
    records: Annotated[int, typer.Option(help="A phase.")] = 1000,
    workers: int = 3,
    output: Results = RESULTS,
) -> None:
    """Run seeds; exit code 1 if anything was lost, doubled, wrong or stuck."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    # A run that is told to end takes its workers with it, also those that no longer hear anything.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    only = tuple(name for name in faults.split(",") if name)
    options = Options(phases=phases, records=records, workers=workers, only=only, seconds=seconds)
    options.kinds  # noqa: B018 - a wrong name is told before any server starts
    done = {one.seed for one in results.read(output)}
    wanted = [seed] if seed is not None else [n for n in range(1, seeds + 1) if n not in done]
    with servers() as shared:
        # One loop for all seeds: servers that its threads started again would end with them.
        bad = asyncio.run(_run(shared, wanted, options, output))
    raise typer.Exit(min(bad, 1))


@cli.command()
def report(output: Results = RESULTS) -> None:
    """Print the table of all finished seeds, and what went wrong in which."""
    kept = results.read(output)
    print(results.table(kept))
    for one in kept:
        if not one.ok:
            print(f"\nseed {one.seed} at {one.commit}: {one.wrong} {one.stuck}")
            for example in one.examples:
                print(f"  {example}")


async def _run(shared: Servers, wanted: list[int], options: Options, output: Path) -> int:
    """How many seeds were not well."""
    started, bad = time.monotonic(), 0
    with _progress() as progress:
        task = progress.add_task("", total=len(wanted))
        for number in wanted:
            if options.seconds is not None and time.monotonic() - started > options.seconds:
                break
            bad += not await _one(shared, number, options, output, progress, task)
            progress.advance(task)
    return bad


async def _one(
    shared: Servers, seed: int, options: Options, output: Path, progress: Progress, task: TaskID
) -> bool:
    def say(what: str) -> None:
        progress.update(task, description=f"seed {seed}: {what}")
        if not console.is_terminal:
            console.print(f"{time.strftime('%H:%M:%S')} seed {seed}: {what}", highlight=False)

    outcome = await run_seed(shared, seed, options, say, output.with_suffix(""))
    results.append(output, outcome)
    slowest = max((phase.recovery or 0 for phase in outcome.phases), default=0)
    console.print(
        f"seed {seed}: {len(outcome.phases)} phases, {outcome.records:,} records, {outcome.seconds:.0f} s, "
        f"slowest recovery {slowest:.1f} s, {outcome.cut} sockets cut, exits {outcome.exits}, "
        f"memory {outcome.memory_mb} MB: " + ("ok" if outcome.ok else f"[bold red]{outcome.wrong}[/]"),
        highlight=False,
    )
    for what, times in outcome.crashes.items():
        console.print(f"  {times} workers ended by {what}", highlight=False, markup=False)
    for example in outcome.examples:
        console.print(f"  {example}", highlight=False, markup=False)
    if outcome.stuck:
        console.print(outcome.stuck, highlight=False, markup=False)
    return outcome.ok


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.completed}/{task.total} {task.description}"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )


if __name__ == "__main__":
    cli()
