"""`brand-monitor init`: asks whose brand it is and whom to compare it with, and says how mentions come in."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from monitor.commands.terminal import say
from monitor.errors import SetupError
from monitor.settings import load_settings

if TYPE_CHECKING:
    from monitor.brands import Brand, Brands

_VARIABLE: Final = "MONITOR_BRANDS_FILE"


def init(
    own: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Our brand; repeat for more. Without, everything is asked for."),
    ] = None,
    competitor: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A brand to compare with; repeat for more.")
    ] = None,
    alias: Annotated[
        list[str] | None,
        typer.Option(metavar="WORDS", help="Another spelling of our (first) brand; repeat for more."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help=f"The brands file to make; default {_VARIABLE}, else brands.toml."),
    ] = None,
    whole: Annotated[
        bool,
        typer.Option(
            "--catalogue",
            help="Ask nothing: watch all of it until /setup is answered. A file that is there stays.",
        ),
    ] = False,
) -> None:
    """Say which brand is yours and which are its competitors: makes brands.toml, and a line in .env.

    A name of the catalogue brings its spellings and logos, a name that is a word (Target, Gap) the query that
    tells the brand from the word; any other name will do.
    """
    from monitor.brands import load_brands
    from monitor.brands_file import BrandsFile, start_file

    settings = load_settings()
    path = (file or settings.brands_file or Path("brands.toml")).resolve()
    if whole:
        if not path.exists():
            start_file(path)
        typer.echo(f"{path} is there: {_names(load_brands(path), own=True) or 'none of its brands'} is ours")
        return
    brands_file = BrandsFile(path, new=not path.exists())
    if brands_file.ours:
        raise SetupError(
            f"{path} says already whose brand it is: {', '.join(brands_file.ours)}; "
            "`brand-monitor brands add NAME [--own]` and the page /setup change it"
        )
    if not own:
        own, alias, competitor = _ask()
    ours, others = _picked(own, alias or []), _picked(competitor or [], [])
    brands_file.choose(ours, others)
    brands = brands_file.check()
    brands_file.save()
    noted = _note(path) if path != _resolved(settings.brands_file) else ""
    _tell(brands, [*ours, *others], path, noted)


def _ask() -> tuple[list[str], list[str], list[str]]:
    """Names of ours, further spellings of the first, names of competitors."""
    from monitor.catalogue import catalogue, picked

    say("The catalogue, of which you may pick; any other name will do, too:")
    say(f"  {', '.join(brand.name for brand in catalogue())}\n")
    own = _several("Which brand is yours? (several: with commas)", needed=True)
    known = picked(own[0]).aliases
    more = f"besides {', '.join(known)} " if known else ""
    alias = _several(f"How else do people write {own[0]}? ({more}with commas; Enter: not)")
    return own, alias, _several("Which are its competitors? (with commas; Enter: none yet)")


def _several(question: str, *, needed: bool = False) -> list[str]:
    while True:
        answer = typer.prompt(question, default="", show_default=False, prompt_suffix=" ", err=True)
        names = [name.strip() for name in answer.split(",") if name.strip()]
        if names or not needed:
            return names


def _picked(names: list[str], aliases: list[str]) -> "list[Brand]":
    """Brands of these names, each once; `aliases` are of the first."""
    import msgspec

    from monitor.catalogue import picked

    brands = list({brand.name: brand for brand in map(picked, names)}.values())
    if aliases:
        first = brands[0]
        brands[0] = msgspec.structs.replace(first, aliases=tuple(dict.fromkeys((*first.aliases, *aliases))))
    return brands


def _resolved(path: Path | None) -> Path | None:
    return None if path is None else path.resolve()


def _note(path: Path) -> str:
    """Write the path to .env; returns what to do where that does not count."""
    line, env = f"{_VARIABLE}={path}\n", Path(".env")
    if os.environ.get(_VARIABLE):
        return f"{_VARIABLE} is set to another file here; set it to {path}"
    kept = env.read_text("utf-8-sig").splitlines(keepends=True) if env.exists() else []
    kept = [each for each in kept if not each.startswith(f"{_VARIABLE}=")]
    if kept and not kept[-1].endswith("\n"):
        kept[-1] += "\n"
    if not env.exists():
        env.touch(mode=0o600)  # people put passwords there
    env.write_text("".join([*kept, line]), "utf-8")
    return f"{env.resolve()} says {line.strip()}, for commands run in this folder"


def _names(brands: "Brands", *, own: bool) -> str:
    return ", ".join(brand.name for brand in brands if brand.own is own)


def _tell(brands: "Brands", chosen: "list[Brand]", path: Path, noted: str) -> None:
    from monitor.doctor.brands import check_brands

    typer.echo(f"ours: {_names(brands, own=True)}; competitors: {_names(brands, own=False) or 'none yet'}")
    for brand in chosen:
        if brand.query is not None:
            typer.echo(f"{brand.name} is a word, too: its query tells the brand from it")
    typer.echo(f"wrote {path}")
    if noted:
        typer.echo(noted)
    for remark in check_brands(brands, brands.by_logo(), path.parent):
        say(f"hint: {remark.brand}: {remark.remark}")
    logo = f"brand-monitor brands add {shlex.quote(chosen[0].name)} --logo FILE"
    steps = (
        ("brand-monitor up", "broker, database, worker and pages on this machine, where none run yet"),
        ("brand-monitor import FILE", "mentions come in: a table or an export; or collect, or publish"),
        (logo, "finds the logo in pictures by its look, too"),
        ("brand-monitor query --backfill", "searches what is stored already"),
    )
    typer.echo("\nnext:")
    for command, does in steps:
        typer.echo(f"  {command}\n      {does}")
    typer.echo("The page /setup changes all this later.")
