"""`brand-train logos`, its `finish`, `evidence`, `crops` and `sheet`, and `evaluate logos`.

torch is imported when a command runs, not before.
"""

import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from monitor.settings import packaged


class Arch(StrEnum):
    """`dense`: what the service loads; `embedder`: what finds brands of the gallery; `talk`: the talk's own
    network on sliding windows, one brand."""

    DENSE = "dense"
    EMBEDDER = "embedder"
    TALK = "talk"


_DATA_HELP = "Folder with annotated picture sets (COCO annotations.json or imglab *.xml)."
Data = Annotated[Path, typer.Option("--data", help=_DATA_HELP, exists=True, file_okay=False)]


def register(app: typer.Typer, evaluations: typer.Typer) -> None:
    """Add the logo commands to `brand-train` and to `brand-train evaluate`."""
    logos = typer.Typer(invoke_without_command=True, help="Train a logo model, or cut crops for one.")
    logos.callback()(train)
    logos.command("crops")(crops)
    logos.command("sheet")(sheet)
    logos.command("finish")(finish)
    logos.command("evidence")(evidence)
    app.add_typer(logos, name="logos")
    evaluations.command("logos")(evaluate)


def train(
    context: typer.Context,
    data: Annotated[Path | None, typer.Option(help=_DATA_HELP, exists=True, file_okay=False)] = None,
    out: Annotated[
        Path | None, typer.Option(help="Model folder to write; default: under onnx_models.")
    ] = None,
    arch: Annotated[Arch, typer.Option(help="Which model.")] = Arch.DENSE,
    work: Annotated[Path, typer.Option(help="Folder for checkpoints; a run found there goes on.")] = Path(
        "runs"
    ),
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any hyper-parameter; repeatable.")
    ] = None,
    without: Annotated[
        str,
        typer.Option(help="Brands whose photographs are left out, comma-separated."),
    ] = "",
    vectors: Annotated[
        Path | None,
        typer.Option(
            help="Folder with vector logos (*.svg, *.tgz) for the embedder; default: fetched from npm.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    detector: Annotated[
        Path | None,
        typer.Option(
            help="Dense model whose boxes become the embedder's negatives; default: the one that ships."
        ),
    ] = None,
) -> None:
    """Train a logo model, export it to ONNX, measure it and write its card; resumes where it was cut off."""
    if context.invoked_subcommand:
        return
    if data is None:
        raise typer.BadParameter("give the folder with annotated picture sets", param_hint="--data")
    # Where the data lies on this machine is nobody's business and no help to whoever repeats the run.
    command = "brand-train " + shlex.join("DIR" if word == str(data) else word for word in sys.argv[1:])
    from training.logos.held_out import named_brands

    brands = named_brands(data, without)
    if arch is Arch.TALK:
        from training.logos.talk_recipe import make_talk_model

        target = out or packaged("onnx_models") / "logos-talk"
        manifest = make_talk_model(data, target, work / target.name, set_ or [], command)
    elif arch is Arch.EMBEDDER:
        from training.logos.embedder_recipe import make_embedder_model

        target = out or packaged("onnx_models") / "logos-embedder"
        run = work / target.name
        proposer = detector or packaged("onnx_models") / "logos"
        manifest = make_embedder_model(data, target, run, set_ or [], command, proposer, vectors, brands)
    else:
        from training.logos.dense_recipe import make_dense_model

        target = out or packaged("onnx_models") / "logos"
        manifest = make_dense_model(data, target, work / target.name, set_ or [], command, brands)
    typer.echo(f"wrote {manifest.identity} to {target}")


def finish(
    data: Data,
    model: Annotated[
        Path, typer.Option(help="Dense model in float32: `float` in the folder of its run.", exists=True)
    ],
    out: Annotated[
        Path | None, typer.Option(help="Model folder to write; default: under onnx_models.")
    ] = None,
    work: Annotated[Path, typer.Option(help="Folder for the measurements.")] = Path("runs"),
    bits: Annotated[int, typer.Option(help="Of the backbone: 8, or 32 for as it was trained.")] = 8,
) -> None:
    """Store, calibrate and measure a trained dense model again, on these pictures: no training."""
    from training.logos.dense_recipe import finish_dense_model

    if bits not in (8, 32):
        raise typer.BadParameter("8 or 32", param_hint="--bits")
    target = out or packaged("onnx_models") / "logos"
    manifest = finish_dense_model(data, model, target, work / target.name, bits=bits)
    typer.echo(f"wrote {manifest.identity} to {target}")


def crops(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for the crops, one folder a label, and crops.csv.")],
    sets: Annotated[str, typer.Option(help="Comma-separated set names; default: all.")] = "",
    label: Annotated[str, typer.Option(help="Only this brand's logos; everything else is background.")] = "",
    moved: Annotated[int, typer.Option(min=0, help="Moved copies of each logo.")] = 0,
    near: Annotated[int, typer.Option(min=0, help="Hard negatives beside each logo.")] = 1,
    background: Annotated[int, typer.Option(min=0, help="Background crops of each picture.")] = 2,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 1,
) -> None:
    """Cut logo, hard-negative and background crops out of annotated pictures, for a look or for other
    trainers."""
    from training.data.logo_sets import read_logo_sets
    from training.logos.crops import CropKind, CropPlan, plan_crops, write_crops

    pictures = read_logo_sets(data, [name for name in sets.split(",") if name])
    planned = plan_crops(pictures, CropPlan(moved=moved, near=near, background=background), seed)
    chosen = [crop for crop in planned if crop.kind is not CropKind.LOGO or label in ("", crop.label)]
    typer.echo(f"wrote {write_crops(chosen, out):,} crops of {len(pictures):,} pictures to {out}")


def sheet(
    data: Data,
    out: Annotated[Path, typer.Option(help="Picture to write, .jpg or .png.")],
    sets: Annotated[str, typer.Option(help="Comma-separated set names; default: all.")] = "",
    label: Annotated[str, typer.Option(help="Only this brand.")] = "",
    split: Annotated[str, typer.Option(help="Only pictures of this split: train, val or test.")] = "",
    judged: Annotated[
        bool, typer.Option(help="What look and letters find in the pictures that `evaluate logos` measures.")
    ] = False,
    show: Annotated[
        str, typer.Option(help="With --judged, comma-separated: hit, miss, false (alarm), veto.")
    ] = "hit,miss,false,veto",
    most: Annotated[int, typer.Option(min=1, help="Crops on the sheet, drawn at random.")] = 96,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 1,
) -> None:
    """Draw crops with their labels as one picture: to check labels, or what is found, missed and vetoed."""
    from monitor.brands import load_brands
    from monitor.settings import load_settings
    from training.data.logo_sets import read_logo_sets
    from training.logos.picture_figures import look_and_read
    from training.logos.sheets import Kind, chosen_tiles, judged_tiles, marked_tiles, write_sheet

    names = [name for name in sets.split(",") if name]
    kinds = [Kind.LABEL]
    if judged:
        unknown = sorted(set(show.split(",")) - {kind for kind in Kind if kind is not Kind.LABEL})
        if unknown:
            raise typer.BadParameter(f"no {', '.join(unknown)}", param_hint="--show")
        kinds = [Kind(name) for name in show.split(",")]
        models, brands = packaged("onnx_models"), load_brands(load_settings().brands_file)
        found = look_and_read(
            read_logo_sets(data), models / "logos", models / "logos-embedder", brands, _kept("logos")
        )
        seen = [one for one in found.measured if split in ("", one.picture.split)]
        own = [one for one in seen if not names or one.picture.folder in names]
        about = {name: brand.name for name, brand in brands.by_logo().items()}
        tiles = judged_tiles(own, about, label)
    else:
        pictures = [one for one in read_logo_sets(data, names) if split in ("", one.split)]
        tiles = marked_tiles(pictures, label)
    chosen = chosen_tiles(tiles, kinds, most, seed)
    write_sheet(out, chosen)
    typer.echo(f"{out}: {len(chosen)} of {sum(tile.kind in kinds for tile in tiles):,}")


def _kept(model: str) -> Path:
    """What was seen and read of the pictures that are measured."""
    return Path("runs") / f"evaluation-{model}" / "witnesses.jsonl"


def evidence(
    data: Data,
    out: Annotated[Path, typer.Option(help="Table to write; it ships as monitor/logos/evidence.toml.")],
    model: Annotated[str, typer.Option(help="Folder under onnx_models.")] = "logos",
    embedder: Annotated[str, typer.Option(help="Folder under onnx_models.")] = "logos-embedder",
) -> None:
    """Fit on val how much look and letters weigh and from where brands are reported; prints the curve.

    What was seen and read is kept: a run that was cut off goes on.
    """
    from training.logos.evidence_table import fit_evidence

    models = packaged("onnx_models")
    kept = Path("runs") / f"evidence-{model}" / "witnesses.jsonl"
    fitted = fit_evidence(data, models / model, models / embedder, kept)
    typer.echo(fitted.markdown())
    out.write_text(fitted.toml(), "utf-8")
    typer.echo(f"wrote {out}")


def evaluate(
    data: Data,
    model: Annotated[str, typer.Option(help="Folder under onnx_models.")] = "logos",
    baseline: Annotated[
        str,
        typer.Option(help="Measured beside it, on its own brand; empty: none (its windows take minutes)."),
    ] = "logos-talk",
    out: Annotated[Path | None, typer.Option(help="Folder for the tables, as JSON and Markdown.")] = None,
    embedder: Annotated[
        str, typer.Option(help="Folder under onnx_models, for brands that nobody trained.")
    ] = "logos-embedder",
    boxes: Annotated[
        bool, typer.Option(help="Also average precision and seconds, not pictures alone.")
    ] = True,
    draws: Annotated[int, typer.Option(min=10, help="Bootstrap draws of each interval.")] = 1000,
) -> None:
    """Measure committed models on the test splits: brands found in pictures by look, letters and both, and
    boxes.

    The table comes out on the terminal, as JSON and as Markdown. The brands are those of MONITOR_BRANDS_FILE.
    What was read is kept: a run that was cut off goes on.
    """
    import msgspec

    from monitor.brands import load_brands
    from monitor.settings import load_settings
    from training.data.logo_sets import read_logo_sets
    from training.logos.evaluation import evaluate_models
    from training.logos.picture_figures import look_and_read, measure_pictures

    models = packaged("onnx_models")
    folder = out or Path("runs") / f"evaluation-{model}"
    brands = load_brands(load_settings().brands_file)
    found = look_and_read(read_logo_sets(data), models / model, models / embedder, brands, _kept(model))
    shown = measure_pictures(found, brands)
    typer.echo(shown.markdown())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pictures.md").write_text(shown.markdown() + "\n", "utf-8")
    if not boxes:
        return
    talk = models / baseline if baseline else None
    report = evaluate_models(models / model, data, draws, baseline=talk)
    typer.echo(report.markdown())
    msgspec.structs.replace(report, shown=shown).write(folder)
    typer.echo(f"wrote pictures.md, evaluation.json and evaluation.md to {folder}")
