"""`brand-monitor brands add|try|remove|rebuild`: brands found by a few pictures of their logo."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.commands.files import pictures_of
from monitor.commands.output import beside, table
from monitor.commands.terminal import progress, say
from monitor.settings import Settings, load_settings

if TYPE_CHECKING:
    from monitor.gallery import Added
    from monitor.logos.gallery import GalleryDetector, Reference

_Name = Annotated[str, typer.Argument(metavar="NAME", help="The brand, as reports show it.")]


def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; nothing is overwritten.")],
) -> None:
    """Copy the packaged brands.toml, to have one of your own."""
    from monitor.brands_file import start_file

    start_file(file)
    typer.echo(f"wrote {file}; set MONITOR_BRANDS_FILE={file.resolve()}, in .env or for every worker")


def add(
    name: _Name,
    logo: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A picture of the logo: SVG, PNG, WebP or JPEG; or a folder of them. Repeat for more, up to "
            "about five. "
            "Without, the references of brands.toml.",
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
        list[str] | None, typer.Option(metavar="WORDS", help="Another spelling in texts; repeat for more.")
    ] = None,
    own: Annotated[bool, typer.Option("--own", help="The brand is ours, no competitor.")] = False,
    false_alarms: Annotated[
        float,
        typer.Option(
            min=0.00001, max=0.1, help="Share of pictures without the brand that may be said to show it."
        ),
    ] = 0.001,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would come of it; store nothing.")
    ] = False,
) -> None:
    """Add a brand by its logo, without training: workers find it from their next pictures on.

    A brand that is there already gets the references and aliases in addition.
    """
    from monitor.gallery import GalleryDesk

    settings = load_settings()
    references = _references(settings, name, logo or [], box or [])
    with GalleryDesk(settings) as desk:
        _tell(
            desk.add(name, references, alias or (), own=own, rate=false_alarms, dry_run=dry_run),
            settings.brands_file,
        )


def try_out(
    name: _Name,
    pictures: Annotated[
        list[str], typer.Argument(metavar="PICTURE...", help="Pictures and folders; - reads paths.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write copies with the boxes drawn to this folder.")
    ] = None,
) -> None:
    """Look for a gallery brand in pictures: what is found, and how near the rest came to its threshold."""
    from monitor.errors import SetupError
    from monitor.gallery import GalleryDesk

    settings = load_settings()
    with GalleryDesk(settings) as desk:
        detector = desk.detector()
    known = {entry.brand: entry for entry in detector.gallery.entries}
    if name not in known:
        stale = name in detector.gallery.stale
        remedy = "run `brand-monitor brands rebuild`" if stale else f"in it: {', '.join(known) or 'none'}"
        raise SetupError(f"{name!r} is not in the gallery that {detector.embedder.identity} made; {remedy}")
    typer.echo(f"{name}: found from a similarity of {known[name].threshold:.3f}")
    table(
        ("picture", "found", "most alike", "other brands"),
        _tried(detector, name, list(pictures_of(pictures)), settings, out),
    )


def remove(
    name: _Name,
    spellings: Annotated[
        bool, typer.Option("--spellings", help="Take its block out of brands.toml, too.")
    ] = False,
) -> None:
    """Take a brand out of the gallery; what was found stays."""
    from monitor.errors import SetupError
    from monitor.gallery import GalleryDesk

    with GalleryDesk(load_settings()) as desk:
        version = desk.remove(name, spellings=spellings)
    if version is None and not spellings:
        raise SetupError(f"{name!r} is not in the gallery; `brand-monitor brands list` shows what is")
    if version is not None:
        typer.echo(f"{name} is out of the gallery since version {version}; what was found stays")
    if spellings:
        typer.echo(f"{name} is no longer in brands.toml; restart the workers for that")


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
    from monitor.brands import load_brands
    from monitor.errors import SetupError
    from monitor.logos.gallery import parse_box, read_reference

    if not logos and settings.brands_file is not None:
        brands = {brand.name: brand for brand in load_brands(settings.brands_file)}
        listed = brands[name].references if name in brands else ()
        logos = [settings.brands_file.parent / file for file in listed]
    if not logos:
        raise SetupError(f"no picture of {name}'s logo: name one to five with --logo FILE")
    files = list(pictures_of(map(str, logos)))
    if logos and not files:
        raise SetupError(f"no picture of {name}'s logo in {', '.join(map(str, logos))}")
    if boxes and len(boxes) != len(files):
        raise SetupError(
            f"{len(boxes)} --box for {len(files)} --logo: write one for each, in their order; "
            "`--box whole` where the whole file is the logo"
        )
    places = [parse_box(text) for text in boxes] or [None] * len(files)
    return [read_reference(path, place) for path, place in zip(files, places, strict=True)]


def _tell(added: "Added", brands_file: Path | None) -> None:
    entry, facts = added.entry, added.entry.calibration
    names = ", ".join(reference.name for reference in added.references)
    count = f"{len(added.references)} reference{'s' if len(added.references) > 1 else ''} ({names})"
    if added.version is None:
        typer.echo(f"{entry.brand} would be found by {count}; nothing was stored")
    else:
        typer.echo(f"{entry.brand} is in the gallery since version {added.version}, by {count}")
    how = {
        "order-statistic": "counted among",
        "tail-extrapolation": "extrapolated from the largest similarities of",
    }[facts.method]
    typer.echo(
        f"threshold {entry.threshold:.3f}: of pictures without it, at most {facts.false_alarm_rate:.3%} "
        f"shall be said to show it ({facts.confidence:.0%} confidence), {how} "
        f"{facts.negatives:,} other boxes; the one most like it reached {facts.nearest_negative:.3f}"
    )
    typer.echo(
        f"margin {facts.margin:+.3f}: nine in ten views of the references "
        + ("lie above the threshold by that much or more" if facts.margin >= 0 else "do not all reach it")
    )
    if facts.margin < 0:
        say(
            "warning: small or turned pictures of this logo will be missed; add a photograph of it in use, "
            "or allow more with --false-alarms"
        )
    for one in added.likenesses:
        why = (
            f"the logo model takes a reference for it ({one.score:.2f} of {one.threshold:.2f} needed)"
            if one.trained
            else f"their references are {one.score:.3f} alike, {one.threshold:.3f} is enough for a match"
        )
        say(f"warning: {entry.brand} may be mixed up with {one.brand}: {why}")
    if added.version is not None:
        typer.echo(
            f"workers look for the logo from their next pictures on; its spellings are in {brands_file}, "
            "restart the workers for those"
        )


def _tried(
    detector: "GalleryDetector", name: str, paths: list[Path], settings: Settings, out: Path | None
) -> list[tuple[str, str, str, str]]:
    from monitor.errors import DataError
    from monitor.logos import decode_picture
    from monitor.scoring.annotations import AnnotatedFolder

    copies = AnnotatedFolder(out) if out else None
    (needed,) = (entry.threshold for entry in detector.gallery.entries if entry.brand == name)
    rows = []
    with progress() as display:
        for path in display.track(paths, description="looking at pictures"):
            try:
                picture = decode_picture(
                    path.read_bytes(),
                    max_bytes=settings.image_max_bytes,
                    max_pixels=settings.image_max_pixels,
                )
            except (DataError, OSError) as error:
                rows.append((str(path), f"error: {error}", "", ""))
                continue
            (seen,) = detector.compare([picture.pixels])
            if copies is not None:
                copies.write(path, picture, seen.detections)
            found = [f"{one.score:.3f}" for one in seen.detections if one.brand == name]
            others = [f"{one.brand} {one.score:.2f}" for one in seen.detections if one.brand != name]
            nearest = beside(seen.nearest[name], needed) if name in seen.nearest else "no logo there"
            rows.append((str(path), ", ".join(found) or "-", nearest, ", ".join(others) or "-"))
    return rows
