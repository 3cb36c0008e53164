"""`brand-monitor demo`: the whole system on the samples, from an empty folder to a report."""

import signal
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from monitor.commands.output import table
from monitor.commands.terminal import progress, quiet_clients, say

if TYPE_CHECKING:
    from monitor.demo import DemoOutcome
    from monitor.local.system import LocalSystem
    from monitor.reports.figures import BrandFeeling

_LOOK: Final = 1.0
"""Seconds between looks at the parts while the pages are served."""


def demo(
    samples: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder like the checkout's samples, which are the default."),
    ] = None,
    report: Annotated[Path, typer.Option(metavar="DIR", help="Where report.html goes.")] = Path(
        "demo-report"
    ),
    data_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="An empty folder to keep database, pictures and logs; default none is kept."
        ),
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Afterwards serve the pages until Ctrl-C or SIGTERM.")
    ] = False,
) -> None:
    """Start broker, database and worker, publish the samples, wait for each, and write a report.

    Exits 0 only where every sample ended as it must: stored, or dead-lettered with the right code.
    """
    from monitor.demo import read_samples, run_demo
    from monitor.local.system import LocalSystem
    from monitor.settings import load_settings, packaged

    started = time.monotonic()
    quiet_clients()
    settings, folder_of_samples = load_settings(), samples or packaged("samples")
    chosen = read_samples(folder_of_samples, settings)
    brands_file = folder_of_samples.resolve() / "brands.toml"
    if data_dir is not None and data_dir.is_dir() and any(data_dir.iterdir()):
        raise typer.BadParameter(
            f"{data_dir} is not empty, and the demo counts from zero", param_hint="--data-dir"
        )
    say(f"{len(chosen.records)} samples through a system of their own ...")
    with ExitStack() as stack:
        folder = data_dir or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="brand-monitor-demo-"))
        )
        display = stack.enter_context(progress())
        bar = display.add_task("starting broker, database and worker", total=None)
        system = stack.enter_context(LocalSystem(folder, brands_file=brands_file))

        def on_progress(step: str, done: int, total: int) -> None:
            display.update(
                bar, description=f"{step} {len(chosen.records)} samples", completed=done, total=total
            )

        outcome = run_demo(system, chosen, report / "report.html", on_progress)
        display.stop()
        _show(outcome)
        for fault in outcome.faults:
            say(f"fault: {fault}")
        say(f"report: {outcome.report} ({time.monotonic() - started:.0f} s in all)")
        if serve:
            _serve(system)
    if outcome.faults:
        raise typer.Exit(1)


def _serve(system: "LocalSystem") -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    system.start_pages()
    say(f"pages: {system.pages_url} (Ctrl-C stops)")
    while not stop.wait(_LOOK):
        system.check()


def _show(outcome: "DemoOutcome") -> None:
    books, figures = outcome.audit, outcome.figures
    table(
        ("samples", ""),
        [
            ("published", str(outcome.published)),
            ("stored", f"{books.mentions}"),
            ("dead-lettered", f"{books.dead_letters}"),
            *((f"  {code}", str(count)) for code, count in sorted(outcome.codes.items())),
            ("audit", "ok" if books.ok else f"{len(books.faults)} faults"),
        ],
    )
    feeling = {each.brand: each for each in figures.feeling}
    table(
        ("brand", "posts", "share of voice", "in words", "in pictures", "net sentiment", "+", "0", "-", "?"),
        [
            (
                f"{voice.brand} (ours)" if voice.own else voice.brand,
                str(voice.posts),
                f"{voice.share:.0%}",
                str(voice.words),
                str(voice.picture),
                *_feeling(feeling.get(voice.brand)),
            )
            for voice in figures.voice
        ],
    )


def _feeling(feeling: "BrandFeeling | None") -> tuple[str, str, str, str, str]:
    """Net sentiment, and how many texts are positive, neutral, negative and unsure; blank for a brand
    nobody names."""
    from monitor.reports.wording import signed

    if feeling is None:
        return ("", "", "", "", "")
    return (
        signed(feeling.net_sentiment),
        str(feeling.positive),
        str(feeling.neutral),
        str(feeling.negative),
        str(feeling.unsure),
    )
