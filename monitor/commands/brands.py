"""`brand-monitor brands`: what brands.toml and the gallery hold, and what is doubtful about it."""

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.commands import gallery
from monitor.commands.output import as_json, table
from monitor.commands.terminal import say
from monitor.settings import Settings, load_settings

if TYPE_CHECKING:
    from monitor.storage.gallery import StoredBrand

app = typer.Typer(no_args_is_help=True, help="The brands watched: list, check, add one by its logo.")
app.command("init")(gallery.init)
app.command("add")(gallery.add)
app.command("try")(gallery.try_out)
app.command("remove")(gallery.remove)
app.command("rebuild")(gallery.rebuild)

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_brands(json: _Json = False) -> None:
    """List the brands, their spellings, their logo labels, and which of them are in the gallery."""
    import msgspec

    from monitor.brands import load_brands

    settings = load_settings()
    brands = load_brands(settings.brands_file)
    stored = _stored(settings)
    spelt = {brand.name for brand in brands}
    if json:
        in_file = [{**msgspec.to_builtins(brand), "gallery": stored.get(brand.name)} for brand in brands]
        others = [{"name": name, "gallery": one} for name, one in stored.items() if name not in spelt]
        as_json([*in_file, *others])
        return
    rows = [
        (
            *(brand.name, ", ".join(brand.aliases), ", ".join(brand.logos)),
            *(_in_gallery(stored.get(brand.name)), "yes" if brand.own else ""),
        )
        for brand in brands
    ]
    rows += [
        (name, "(not in brands.toml)", "", _in_gallery(one), "yes" if one.own else "")
        for name, one in stored.items()
        if name not in spelt
    ]
    table(("brand", "also written", "logo labels", "gallery", "ours"), rows)


def _stored(settings: Settings) -> "dict[str, StoredBrand]":
    """Gallery brands by name; the file can be listed without a database."""
    from monitor.errors import OutageError, SetupError
    from monitor.gallery import GalleryDesk

    try:
        with GalleryDesk(settings) as desk:
            return {one.brand: one for one in desk.stored()}
    except (OutageError, SetupError) as error:
        say(f"without the gallery: {error}")
        return {}


def _in_gallery(stored: "StoredBrand | None") -> str:
    if stored is None:
        return ""
    count = len(stored.references)
    return f"{count} reference{'s' if count > 1 else ''}, from {stored.threshold:.3f}"


@app.command()
def check(json: _Json = False) -> None:
    """Look for spellings that will miscount, unknown logo labels and missing pictures.

    Hints are for you to judge; the exit code is 1 only where something can never work.
    """
    from monitor.brands import brands_path, load_brands
    from monitor.doctor.brands import Weight, check_brands
    from monitor.inference.manifest import load_manifest

    settings = load_settings()
    brands = load_brands(settings.brands_file)
    manifest = load_manifest(settings.models_dir / settings.logo_model)
    remarks = check_brands(brands, manifest.labels, brands_path(settings.brands_file).parent)
    if json:
        as_json(remarks)
    elif remarks:
        table(
            ("brand", "weight", "remark"),
            ((remark.brand, remark.weight.value, remark.remark) for remark in remarks),
        )
    else:
        typer.echo(f"{len(brands)} brands, nothing to remark")
    if any(remark.weight is Weight.FAULT for remark in remarks):
        raise typer.Exit(1)
