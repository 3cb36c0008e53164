"""`brand-train fetch …`: public data from its own addresses."""

from pathlib import Path
from typing import Annotated

import typer


def register(fetches: typer.Typer) -> None:
    """Add the commands to `brand-train fetch`."""
    fetches.command("sentiment")(sentiment)


def sentiment(
    out: Annotated[Path, typer.Option(help="Folder for the corpora; give it to --data later.")],
    names: Annotated[list[str] | None, typer.Option("--set", help="Only this set; may be repeated.")] = None,
    given: Annotated[
        list[Path] | None, typer.Option("--from", help="A file you fetched by hand, for the one --set.")
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="Show addresses and licences; fetch nothing.")] = False,
) -> None:
    """Fetch the public text sets from their own addresses and convert them."""
    from rich.console import Console

    from training.data.fetch import choose, describe, fetch_sentiment, match_files, summarise

    console = Console()
    sets = choose(names or [])
    if show:
        describe(sets, console)
        return
    summarise(fetch_sentiment(out, sets, match_files(sets, given or []), console=console), console)
