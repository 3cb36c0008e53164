"""`brand-monitor brands`: what brands.toml says, and what is doubtful about it."""

from typing import Annotated

import typer

from monitor.commands.output import as_json, table
from monitor.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="The brands watched: list them, check the file.")

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_brands(json: _Json = False) -> None:
    """List the brands, their spellings and their logo labels."""
    from monitor.brands import load_brands

    brands = load_brands(load_settings().brands_file)
    if json:
        as_json(brands)
        return
    table(
        ("brand", "also written", "logo labels", "ours"),
        (
            (brand.name, ", ".join(brand.aliases), ", ".join(brand.logos), "yes" if brand.own else "")
            for brand in brands
        ),
    )


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
