"""`brand-monitor doctor`: examines installation, models and servers, and says what to do."""

from typing import Annotated

import typer

from monitor.commands.output import as_json
from monitor.commands.terminal import quiet_clients
from monitor.settings import load_settings


def doctor(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Examine driver, providers, versions, codecs, models, brands, broker, database and picture store.

    Each problem comes with what to do about it; the exit code is 1 if there is any.
    """
    from rich.console import Console
    from rich.text import Text

    from monitor.doctor import Examination, Verdict, examine

    quiet_clients()
    console = Console()
    styles = {Verdict.OK: "green", Verdict.NOTE: "yellow", Verdict.PROBLEM: "bold red"}
    done: list[Examination] = []
    for examination in examine(load_settings()):
        done.append(examination)
        if json:
            continue
        line = Text.assemble(
            (f"{examination.verdict.value:8}", styles[examination.verdict]),
            (f"{examination.subject}: ", "bold"),
            examination.found,
        )
        if examination.remedy:
            line.append(f"\n        -> {examination.remedy}")
        console.print(line, soft_wrap=True)
    if json:
        as_json(done)
    if any(examination.verdict is Verdict.PROBLEM for examination in done):
        raise typer.Exit(1)
