"""`brand-train fetch …`, `corrections …`, `data …`: public data, what people corrected, what is read."""

from pathlib import Path
from typing import Annotated

import typer

from training.data.reading import Data


def register(fetches: typer.Typer) -> None:
    """Add the commands to `brand-train fetch`."""
    fetches.command("sentiment")(sentiment)
    fetches.command("logos")(logos)


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


def register_corrections(corrections: typer.Typer) -> None:
    """Add the commands to `brand-train corrections`."""
    corrections.command("export")(export)


def export(
    out: Annotated[
        Path | None, typer.Option(help="File for corrected sentiment: .csv, .jsonl or .ndjson.")
    ] = None,
    logos: Annotated[
        Path | None, typer.Option(help="Folder for corrected pictures: annotations.json (COCO), images/.")
    ] = None,
) -> None:
    """Write the corrections in force, from MONITOR_DATABASE_URL, in the form that training reads."""
    from monitor.brands import load_brands
    from monitor.settings import load_settings
    from monitor.storage.engine import sync_engine
    from monitor.storage.faults import translated
    from monitor.storage.pictures import PictureStore
    from monitor.storage.schema import check_revision
    from training.data.exported import export_logos, export_sentiments

    if out is None and logos is None:
        raise typer.BadParameter("say what to write: --out FILE, --logos FOLDER, or both", param_hint="--out")
    settings = load_settings()
    engine = sync_engine(settings)
    try:
        with translated(), engine.connect() as connection:
            check_revision(connection)
            if out is not None:
                typer.echo(f"{out}: {export_sentiments(connection, out):,} corrected labels")
            if logos is not None:
                store, brands = PictureStore(settings.picture_store), load_brands(settings.brands_file)
                written, left_out = export_logos(connection, logos, store, brands)
                missing = f", {left_out:,} left out: not in the picture store" if left_out else ""
                typer.echo(f"{logos}: {written:,} corrected pictures{missing}")
    finally:
        engine.dispose()


def register_checks(data: typer.Typer) -> None:
    """Add the commands to `brand-train data`."""

    @data.callback()
    def group() -> None:
        """Keep `check` a command of its own name though it is alone."""

    data.command("check")(check)


def check(data: Data) -> None:
    """Say what is read, and what tells its labels without its words: exit code 1 where something does."""
    from rich.console import Console

    from training.data.leaks import find_leaks, leak_table
    from training.data.reading import read
    from training.data.texts import text_files

    console = Console()
    taken = {example.corpus for example in read(data, None, console).examples()}
    found = [find_leaks(file, name) for name, file in text_files(data).items() if name in taken]
    told = [leaks for leaks in found if leaks is not None]
    console.print(leak_table(told))
    leaking = [f"{leaks.corpus} ({', '.join(leaks.leaking)})" for leaks in told if leaks.leaking]
    if leaking:
        typer.secho(
            f"LEAK in {'; '.join(leaking)}: a model would learn this and not what the texts say. Give it to "
            "the rows that lack it, or leave rows out, until it is spread alike over the labels.",
            fg="red",
            bold=True,
            err=True,
        )
        raise typer.Exit(1)


def logos(
    out: Annotated[Path, typer.Option(help="Folder for the picture sets; give it to --data later.")],
    names: Annotated[list[str] | None, typer.Option("--set", help="Only this set; may be repeated.")] = None,
    given: Annotated[
        list[Path] | None, typer.Option("--from", help="A file you fetched by hand, for the one --set.")
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="Show addresses and licences; fetch nothing.")] = False,
) -> None:
    """Fetch the public picture sets from their own addresses and convert them."""
    from rich.console import Console

    from training.data.fetch import describe
    from training.data.fetch_logos import choose, fetch_logos, match_files

    console = Console()
    sets = choose(names or [])
    if show:
        describe(sets, console)
        return
    fetch_logos(out, sets, match_files(sets, given or []), console=console)
