"""`brand-monitor seed`: a made-up database of any size, to try pages, reports and benchmarks on."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from monitor.commands.moments import end_of
from monitor.commands.terminal import progress, say
from monitor.settings import load_settings, packaged


def seed(
    mentions: Annotated[int, typer.Option(min=1, help="How many texts and pictures to make up.")],
    days: Annotated[int, typer.Option(min=1, max=3650, help="Over how many days.")] = 365,
    until: Annotated[
        str | None, typer.Option(metavar="DAY|MOMENT", help="Last day, included; default now.")
    ] = None,
    number: Annotated[int, typer.Option("--seed", help="Equal numbers make equal databases.")] = 1,
    events: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What happens, like samples/events.toml; default: something does."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Also into a database that holds mentions.")] = False,
    samples: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Pictures to show; default: those of the samples.")
    ] = None,
) -> None:
    """Fill a database with made-up mentions: brands, weekdays, spikes, sources, authors, pictures.

    Every page and report says from then on that the data is synthetic; it cannot be unsaid.
    """
    from monitor.brands import load_brands
    from monitor.logos.finder import load_finder
    from monitor.seeding import seed as fill
    from monitor.seeding.events import read_events
    from monitor.seeding.load import Seeding
    from monitor.storage.engine import sync_engine
    from monitor.storage.faults import translated
    from monitor.storage.pictures import PictureStore

    settings = load_settings()
    brands = load_brands(settings.brands_file or packaged("samples") / "brands.toml")
    end = end_of(until, UTC) if until else datetime.now(UTC)
    wanted = Seeding(
        mentions=mentions,
        days=days,
        until=end,
        number=number,
        events=read_events(events, end) if events else None,
        over_real=force,
    )
    folder = samples or packaged("samples") / "pictures"
    if not folder.is_dir():
        raise typer.BadParameter(
            f"{folder} is no folder; say with --samples where pictures are", param_hint="--samples"
        )
    finder = load_finder(settings, brands)
    engine = sync_engine(settings)
    try:
        with translated(), progress() as bar:
            task = bar.add_task("pictures", total=mentions)
            made = fill(
                engine,
                brands,
                wanted,
                folder,
                finder,
                PictureStore(settings.picture_store),
                lambda step, done: bar.update(task, description=step, completed=done),
            )
    finally:
        engine.dispose()
    say(f"{made:,} made-up mentions; the database is marked as synthetic")
