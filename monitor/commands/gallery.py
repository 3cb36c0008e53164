"""`brand-monitor brands add|try|remove|rebuild`: brands found by their name and pictures of their logo."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.commands.files import pictures_of
from monitor.commands.terminal import progress, say
from monitor.settings import Settings, load_settings

if TYPE_CHECKING:
    from monitor.gallery import Wanted
    from monitor.logos.gallery import Reference

_Name = Annotated[str, typer.Argument(metavar="NAME", help="The brand, as reports show it.")]


def add(
    name: _Name,
    logo: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A picture of the logo: SVG, PNG, WebP or JPEG; or a folder of them. Repeat for more, up to "
            "about five. "
            "Without, the references of brands.toml; without those, the name alone.",
        ),
    ] = None,
    box: Annotated[
        list[str] | None,
        typer.Option(
            metavar="x,y,w,h",
            help="Where a photograph shows it, in px from the top left; one for each --logo, or `whole`.",
        ),
    ] = None,
    alias: Annotated[
        list[str] | None,
        typer.Option(metavar="WORDS", help="Another spelling, in texts and pictures; repeat for more."),
    ] = None,
    ready_query: Annotated[
        bool,
        typer.Option("--ready-query", help="Take the query that is ready for a name that is a word, too."),
    ] = False,
    own: Annotated[bool, typer.Option("--own", help="The brand is ours, no competitor.")] = False,
    false_alarms: Annotated[
        float,
        typer.Option(min=0.00001, max=0.1, help="Share of pictures without the brand that may look like it."),
    ] = 0.001,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would come of it; store nothing.")
    ] = False,
) -> None:
    """Add a brand by its name, better with a logo, without training.

    The name is found in texts and in the letters of pictures; a logo is found by its look as well. A brand
    that is there already gets the references and aliases in addition.
    """
    from monitor.commands.added import tell_logo, tell_name
    from monitor.gallery import GalleryDesk, add_name

    settings = load_settings()
    wanted = _wanted(name, alias or [], own=own, ready_query=ready_query)
    references = _references(settings, name, logo or [], box or [])
    if not references:
        tell_name(add_name(settings, wanted, dry_run=dry_run), settings, dry_run=dry_run)
        return
    with GalleryDesk(settings) as desk:
        tell_logo(desk.add(wanted, references, rate=false_alarms, dry_run=dry_run), settings)


def try_out(
    pictures: Annotated[
        list[str], typer.Argument(metavar="PICTURE...", help="Pictures and folders; - reads paths.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write copies with the boxes drawn to this folder.")
    ] = None,
) -> None:
    """Look at pictures as workers do: what each shows, by its look, its letters or both, and what not.

    Nothing is stored. Without a database the gallery's brands are not looked for.
    """
    from monitor.commands.witnesses import told
    from monitor.errors import DataError
    from monitor.gallery import GalleryDesk
    from monitor.logos import decode_picture
    from monitor.scoring.annotations import AnnotatedFolder

    settings = load_settings()
    with GalleryDesk(settings) as desk:
        finder, why_without = desk.finder()
    if why_without:
        say(f"without the gallery: {why_without}")
    if finder.letters is None:
        say("by look alone: letters are not read (MONITOR_OCR=false)")
    copies = AnnotatedFolder(out) if out else None
    with progress(beside_output=True) as display:
        for path in display.track(list(pictures_of(pictures)), description="looking at pictures"):
            typer.echo(str(path))
            try:
                picture = decode_picture(
                    path.read_bytes(),
                    max_bytes=settings.image_max_bytes,
                    max_pixels=settings.image_max_pixels,
                )
            except (DataError, OSError) as error:
                typer.echo(f"  error: {error}")
                continue
            (found,) = finder.find([picture.pixels])
            for line in told(found):
                typer.echo(f"  {line}")
            if copies is not None:
                copies.write(path, picture, found.detections, found.vetoes)


def remove(
    name: _Name,
    spellings: Annotated[
        bool, typer.Option("--spellings", help="Take its block out of brands.toml, too.")
    ] = False,
) -> None:
    """Take a brand out of the gallery; what was found stays."""
    from monitor.commands.added import SOON
    from monitor.errors import SetupError
    from monitor.gallery import GalleryDesk

    with GalleryDesk(load_settings()) as desk:
        version = desk.remove(name, spellings=spellings)
    if version is None and not spellings:
        raise SetupError(
            f"{name!r} is not in the gallery; `brand-monitor brands list` shows what is, and --spellings "
            "takes a brand out of brands.toml"
        )
    if version is not None:
        typer.echo(f"{name} is out of the gallery since version {version}; what was found stays")
    if spellings:
        typer.echo(f"{name} is no longer in brands.toml; {SOON}")


def rebuild() -> None:
    """Make all gallery entries anew from their stored pictures, after a change of the embedder."""
    from monitor.gallery import GalleryDesk

    with GalleryDesk(load_settings()) as desk:
        made = desk.rebuild()
    for entry, version in made:
        typer.echo(f"{entry.brand}: threshold {entry.threshold:.3f}, version {version}")
    if not made:
        typer.echo("the gallery is empty")


def _references(settings: Settings, name: str, logos: list[Path], boxes: list[str]) -> "list[Reference]":
    """Those named, else those of brands.toml; empty where it lists none."""
    from monitor.brands import load_brands
    from monitor.errors import SetupError
    from monitor.logos.gallery import parse_box, read_reference

    if not logos and settings.brands_file is not None:
        brands = {brand.name: brand for brand in load_brands(settings.brands_file)}
        listed = brands[name].references if name in brands else ()
        logos = [settings.brands_file.parent / file for file in listed]
    files = list(pictures_of(map(str, logos)))
    if logos and not files:
        raise SetupError(f"no picture of {name}'s logo in {', '.join(map(str, logos))}")
    if boxes and len(boxes) != len(files):
        raise SetupError(
            f"{len(boxes)} --box for {len(files)} --logo: write one for each, in their order; "
            "`--box whole` where the whole file is the logo"
        )
    places = [parse_box(text) for text in boxes] or [None] * len(files)
    references = [read_reference(path, place) for path, place in zip(files, places, strict=True)]
    # Who says that a file is all logo needs nobody to look for it.
    return [replace(one, photograph=None) for one in references] if boxes else references


def _wanted(name: str, aliases: list[str], *, own: bool, ready_query: bool) -> "Wanted":
    from monitor.brands import ready_queries
    from monitor.errors import SetupError
    from monitor.gallery import Wanted
    from monitor.texts import read

    if not ready_query:
        return Wanted(name=name, aliases=aliases, own=own)
    blocks = ready_queries()
    if read(name).folded not in blocks:
        ready = ", ".join(sorted({brand.name for brand, _ in blocks.values()}))
        raise SetupError(
            f"no query is ready for {name!r}, only for {ready}; docs/brands.md says how to write one"
        )
    block, _ = blocks[read(name).folded]
    return Wanted(name=name, aliases=[*aliases, *block.aliases], own=own, query=block.query)
