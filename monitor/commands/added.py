"""What `brand-monitor brands add` says: from when a brand counts, by what, and what is doubtful about it."""

from typing import TYPE_CHECKING, Final

import typer

from monitor.commands.output import beside
from monitor.commands.terminal import say
from monitor.settings import Settings

if TYPE_CHECKING:
    from monitor.gallery import Added, Spelt
    from monitor.logos.gallery import GalleryEntry, LogoLetters

SOON: Final = "workers that read this file begin anew with it within seconds"
"""When a change of brands.toml counts (`monitor.stream.brands`)."""


def tell_name(spelt: "Spelt", settings: Settings, *, dry_run: bool) -> None:
    """A brand in brands.toml, without a logo."""
    _tell_spelt(spelt, settings, dry_run=dry_run)
    if settings.ocr:
        typer.echo("found in texts, and in pictures by its letters; --logo FILE adds the look of it")
    else:
        say(
            "warning: in texts only: pictures are not read (MONITOR_OCR=false); turn that on, "
            "or add a picture of the logo with --logo FILE"
        )


def tell_logo(added: "Added", settings: Settings) -> None:
    """A brand in the gallery."""
    entry = added.entry
    names = ", ".join(reference.name for reference in added.references)
    count = f"{len(added.references)} reference{'s' if len(added.references) > 1 else ''} ({names})"
    if added.version is None:
        typer.echo(f"{entry.brand} would be found by {count}; nothing was stored")
    else:
        typer.echo(
            f"{entry.brand} is in the gallery since version {added.version}, by {count}; "
            "workers look for it from their next pictures on"
        )
    if added.cut_down:
        typer.echo(
            f"the logo in {', '.join(added.cut_down)} is what the references have in common; where that is "
            "wrong, say where it is: --box x,y,w,h for each"
        )
    _tell_letters(entry.brand, added.letters)
    _tell_threshold(entry)
    for one in added.likenesses:
        why = (
            f"the logo model takes a reference for it ({one.score:.2f} of {one.threshold:.2f} needed)"
            if one.trained
            else f"their references are {one.score:.3f} alike, {one.threshold:.3f} is enough for a match"
        )
        say(f"warning: {entry.brand} may be mixed up with {one.brand}: {why}")
    _tell_spelt(added.spelt, settings, dry_run=added.version is None)


def _tell_letters(brand: str, letters: "LogoLetters | None") -> None:
    if letters is None:
        say("by look alone: letters are not read (MONITOR_OCR=false)")
        return
    if letters.unread is not None:
        say(f"warning: the letters of the logo could not be read: {letters.unread}")
        return
    read = ", ".join(f'"{line}"' for line in letters.lines)
    if not letters.lines:
        typer.echo(f"no letters in this logo: found by its look alone, and where somebody writes {brand}")
    elif letters.own:
        typer.echo(f"this logo reads {read}: look and letters work together")
    else:
        alias = letters.lines[0].replace("'", "")
        typer.echo(
            f"this logo reads {read}, which is no spelling of {brand}: found by its look alone. "
            f"If the brand is written so, add that: --alias '{alias}'"
        )
    for other, matched in letters.others:
        say(f'warning: this logo also reads "{matched}", a name of {other}: pictures of it will show {other}')


def _tell_threshold(entry: "GalleryEntry") -> None:
    facts = entry.calibration
    how = {
        "order-statistic": "counted among",
        "tail-extrapolation": "extrapolated from the largest similarities of",
    }[facts.method]
    typer.echo(
        f"threshold {entry.threshold:.3f}: of pictures without it, at most {facts.false_alarm_rate:.3%} "
        f"shall look like it ({facts.confidence:.0%} confidence), {how} {facts.negatives:,} other boxes; "
        f"the one most like it reached {beside(facts.nearest_negative, entry.threshold)}"
    )
    typer.echo(
        f"margin {facts.margin:+.3f}: nine in ten views of the references "
        + ("lie above the threshold by that much or more" if facts.margin >= 0 else "do not all reach it")
    )
    if facts.margin < 0:
        say(
            "warning: small or turned pictures of this logo will be missed where its letters do not help; "
            "add a photograph of it in use, or allow more with --false-alarms"
        )


def _tell_spelt(spelt: "Spelt", settings: Settings, *, dry_run: bool) -> None:
    from monitor.brands import brands_path
    from monitor.doctor.brands import Weight, check_brands
    from monitor.inference.manifest import load_manifest

    brand, file = spelt.brand, brands_path(settings.brands_file)
    spellings = ", ".join(f'"{word}"' for word in brand.spellings)
    if dry_run:
        typer.echo(f"{brand.name} would be in {file}, spelt {spellings}; nothing was stored")
    elif spelt.changed:
        typer.echo(f"{brand.name} is in {file}, spelt {spellings}; {SOON}")
    else:
        typer.echo(f"{brand.name} was in {file} already, spelt {spellings}")
    besides = [other.name for other in spelt.brands if other.own and other.name != brand.name]
    if brand.own and besides:
        typer.echo(
            f"ours, too: {', '.join(besides)}; where not, take `own = true` out, there or on page /setup"
        )
    for word in spelt.everyday:
        typer.echo(
            f'"{word}" means other things, too: in a picture it counts as a whole line, or where the logo '
            "is seen with it"
        )
    labels = load_manifest(settings.models_dir / settings.logo_model).labels
    for remark in check_brands(spelt.brands, labels, file.parent):
        if remark.brand == brand.name and remark.weight is Weight.HINT:
            say(f"hint: {remark.remark}")
