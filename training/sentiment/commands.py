"""`brand-train sentiment` and `brand-train evaluate sentiment`; torch is imported when a command runs."""

import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from monitor.errors import SetupError
from monitor.settings import packaged


class Arch(StrEnum):
    """`shipped`: three classes, what the service loads; `talk`: the talk's own network, two classes."""

    SHIPPED = "shipped"
    TALK = "talk"


Data = Annotated[
    Path, typer.Option("--data", help="Folder with the parquet corpora.", exists=True, file_okay=False)
]


def register(app: typer.Typer, evaluations: typer.Typer) -> None:
    """Add the sentiment commands to `brand-train` and to `brand-train evaluate`."""
    app.command("sentiment")(train)
    evaluations.command("sentiment")(evaluate)


def train(
    data: Data,
    out: Annotated[
        Path | None, typer.Option(help="Model folder to write; default: under onnx_models.")
    ] = None,
    arch: Annotated[Arch, typer.Option(help="Which model.")] = Arch.SHIPPED,
    work: Annotated[Path, typer.Option(help="Folder for checkpoints; a run found there goes on.")] = Path(
        "runs"
    ),
    seed: Annotated[int | None, typer.Option(help="Random seed.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads; results repeat exactly only with 1.")] = 1,
    corrections: Annotated[
        Path | None, typer.Option(help="Labels people corrected (CSV or JSON lines), to train on too.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any other hyper-parameter; repeatable."),
    ] = None,
) -> None:
    """Train a sentiment model, export, measure and document it; a run that was cut off goes on."""
    from training.sentiment.recipe import Hyper, override
    from training.sentiment.shipped import train_shipped
    from training.sentiment.talk import TalkHyper, train_talk

    changes = [
        *(set_ or []),
        *([f"seed={seed}"] if seed is not None else []),
        *([f"epochs={epochs}"] if epochs is not None else []),
    ]
    # Where the data lies on this machine is nobody's business and no help to whoever repeats the run.
    command = "brand-train " + shlex.join("DIR" if word == str(data) else word for word in sys.argv[1:])
    if arch is Arch.TALK:
        if corrections is not None:
            raise SetupError("--corrections is for the shipped model; the talk's knows IMDB alone")
        target = out or packaged("onnx_models") / "sentiment-talk"
        talk = override(TalkHyper(), changes)
        manifest = train_talk(data, target, work / target.name, talk, threads=threads, command=command)
    else:
        target = out or packaged("onnx_models") / "sentiment"
        hyper = override(Hyper(), changes)
        manifest = train_shipped(
            data,
            target,
            work / target.name,
            hyper,
            threads=threads,
            command=command,
            corrections=corrections,
        )
    typer.echo(f"wrote {manifest.identity} to {target}")


def evaluate(
    data: Data,
    model: Annotated[str, typer.Option(help="Folder under onnx_models.")] = "sentiment",
    out: Annotated[Path | None, typer.Option(help="Folder for evaluation.json and evaluation.md.")] = None,
    baselines: Annotated[
        bool, typer.Option(help="Also train and measure TF-IDF logistic regression (minutes) and VADER.")
    ] = False,
) -> None:
    """Measure a committed model on the test splits; JSON and Markdown out, the table on the terminal."""
    from training.data.texts import available, load_corpora
    from training.sentiment.report import measure_model

    corpora = load_corpora(data, available(data))
    report = measure_model(packaged("onnx_models") / model, corpora, baselines=baselines)
    folder = out or Path("runs") / model
    report.write(folder)
    typer.echo(report.markdown())
    typer.echo(f"wrote evaluation.json and evaluation.md to {folder}")
