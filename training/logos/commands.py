"""`brand-train logos`, `logos crops` and `evaluate logos`; torch is imported when a command runs, not
before."""

import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from monitor.settings import packaged


class Arch(StrEnum):
    """`dense`: what the service loads; `talk`: the talk's own network on sliding windows, one brand."""

    DENSE = "dense"
    TALK = "talk"


_DATA_HELP = "Folder with annotated picture sets (COCO annotations.json or imglab *.xml)."
Data = Annotated[Path, typer.Option("--data", help=_DATA_HELP, exists=True, file_okay=False)]


def register(app: typer.Typer, evaluations: typer.Typer) -> None:
    """Add the logo commands to `brand-train` and to `brand-train evaluate`."""
    logos = typer.Typer(invoke_without_command=True, help="Train a logo model, or cut crops for one.")
    logos.callback()(train)
    logos.command("crops")(crops)
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
) -> None:
    """Train a logo model, export it to ONNX, measure it and write its card; resumes where it was cut off."""
    if context.invoked_subcommand:
        return
    if data is None:
        raise typer.BadParameter("give the folder with annotated picture sets", param_hint="--data")
    # Where the data lies on this machine is nobody's business and no help to whoever repeats the run.
    command = "brand-train " + shlex.join("DIR" if word == str(data) else word for word in sys.argv[1:])
    if arch is Arch.TALK:
        from training.logos.talk_recipe import make_talk_model

        target = out or packaged("onnx_models") / "logos-talk"
        manifest = make_talk_model(data, target, work / target.name, set_ or [], command)
    else:
        from training.logos.dense_recipe import make_dense_model

        target = out or packaged("onnx_models") / "logos"
        manifest = make_dense_model(data, target, work / target.name, set_ or [], command)
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


def evaluate(
    data: Data,
    model: Annotated[str, typer.Option(help="Folder under onnx_models.")] = "logos",
    baseline: Annotated[
        str,
        typer.Option(help="Measured beside it, on its own brand; empty: none (its windows take minutes)."),
    ] = "logos-talk",
    out: Annotated[Path | None, typer.Option(help="Folder for evaluation.json and evaluation.md.")] = None,
    draws: Annotated[int, typer.Option(min=10, help="Bootstrap draws of each interval.")] = 1000,
) -> None:
    """Measure a committed model on the test splits; JSON and Markdown out, the table on the terminal."""
    from training.logos.evaluation import evaluate_models

    models = packaged("onnx_models")
    report = evaluate_models(models / model, models / baseline if baseline else None, data, draws)
    folder = out or Path("runs") / f"evaluation-{model}"
    report.write(folder)
    typer.echo(report.markdown())
    typer.echo(f"wrote evaluation.json and evaluation.md to {folder}")
