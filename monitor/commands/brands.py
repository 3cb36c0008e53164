"""`brand-monitor brands`: what brands.toml and the gallery hold, and what is doubtful about it."""

import textwrap
from typing import TYPE_CHECKING, Annotated, Final

import typer

from monitor.commands import gallery
from monitor.commands.output import as_json, table
from monitor.commands.query import show
from monitor.commands.terminal import say
from monitor.settings import Settings, load_settings

if TYPE_CHECKING:
    from monitor.brands import Brands
    from monitor.reports.preview import Checked
    from monitor.storage.gallery import StoredBrand

app = typer.Typer(no_args_is_help=True, help="The brands watched: list, check, add one by its logo.")
app.command("add")(gallery.add)
app.command("try")(gallery.try_out)
app.command("remove")(gallery.remove)
app.command("rebuild")(gallery.rebuild)

_LONGEST: Final = 100
"""Characters of a clause: enough to tell it from the others. The whole query stands above them."""

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
def check(
    last: Annotated[
        int, typer.Option(min=1, metavar="N", help="Stored mentions that each query is held against.")
    ] = 1000,
    json: _Json = False,
) -> None:
    """Look for spellings that will miscount, unknown logo labels and missing pictures; try the queries.

    Each query is shown in its canonical form, with how many of the last N stored mentions that hold a
    spelling of its brand each of its clauses is true of, and examples that it drops. Hints are for you to
    judge; the exit code is 1 only where something can never work.
    """
    from monitor.brands import brands_path, load_brands
    from monitor.doctor.brands import Weight, check_brands
    from monitor.inference.manifest import load_manifest

    settings = load_settings()
    brands = load_brands(settings.brands_file)
    manifest = load_manifest(settings.models_dir / settings.logo_model)
    remarks = check_brands(brands, manifest.labels, brands_path(settings.brands_file).parent)
    tried = _tried(settings, brands, last)
    if json:
        as_json({"remarks": remarks, "queries": tried})
    else:
        if remarks:
            table(
                ("brand", "weight", "remark"),
                ((remark.brand, remark.weight.value, remark.remark) for remark in remarks),
            )
        else:
            typer.echo(f"{len(brands)} brands, nothing to remark")
        for each in tried:
            _show(each)
    if any(remark.weight is Weight.FAULT for remark in remarks):
        raise typer.Exit(1)


def _tried(settings: Settings, brands: "Brands", last: int) -> "list[Checked]":
    """The queries beside what is stored; without a database by themselves."""
    from monitor.errors import OutageError, SetupError
    from monitor.reports.preview import checked, unchecked
    from monitor.storage.engine import sync_engine
    from monitor.storage.faults import translated
    from monitor.storage.schema import check_revision

    asking = [brand for brand in brands if brand.query is not None]
    if not asking:
        return []
    engine = sync_engine(settings)
    try:
        with translated(), engine.connect() as connection:
            check_revision(connection)
            return [checked(connection, brand, last=last) for brand in asking]
    except (OutageError, SetupError) as error:
        say(f"queries are read, but not held against stored mentions: {error}")
        return [unchecked(brand) for brand in asking]
    finally:
        engine.dispose()


def _show(tried: "Checked") -> None:
    typer.echo(f"\n{tried.brand}: {tried.query}")
    if tried.spelled is None:
        return
    typer.echo(
        f"  true of {tried.matches:,} of the last {tried.spelled:,} stored mentions that hold a spelling"
        if tried.spelled
        else "  no stored mention holds a spelling"
    )
    if len(tried.clauses) > 1 and tried.spelled:
        for clause in tried.clauses:
            typer.echo(
                f"  {clause.matches:>7,}  {textwrap.shorten(clause.query, _LONGEST, placeholder=' …')}"
            )
    if tried.dropped_examples:
        typer.echo("  dropped, for example:")
        show(tried.dropped_examples)
