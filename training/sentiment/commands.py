"""`brand-train sentiment` and `brand-train evaluate sentiment`; torch is imported when the data are read."""

import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from monitor.errors import SetupError
from monitor.settings import packaged
from training.data.reading import Data, Licence, read
from training.data.sets import UNLABELLED_SETS
from training.data.texts import Corpora, data_files, load_unlabelled, text_files

_SHORT, _REVIEWS = "short_unlabelled", "imdb_unsup"


class Arch(StrEnum):
    """`shipped`: what the service loads; `large`: MiniLM, its teacher; `talk`: the talk's own network."""

    SHIPPED = "shipped"
    LARGE = "large"
    TALK = "talk"


_FOLDERS = {Arch.SHIPPED: "sentiment", Arch.LARGE: "sentiment-large", Arch.TALK: "sentiment-talk"}

Work = Annotated[Path, typer.Option(help="Folder for checkpoints; a run found there goes on.")]
Threads = Annotated[int, typer.Option(min=1, help="CPU threads; results repeat exactly only with 1.")]


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
    teacher: Annotated[
        Path | None, typer.Option(help="Model folder the shipped one learns from; default: sentiment-large.")
    ] = None,
    work: Work = Path("runs"),
    licence: Licence = None,
    quick: Annotated[bool, typer.Option("--quick", help="Few texts, for a first look: minutes.")] = False,
    corrections: Annotated[
        Path | None, typer.Option(help="Labels people corrected (CSV or JSON lines), to train on too.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Random seed.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs.")] = None,
    threads: Threads = 1,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any other hyper-parameter; repeatable."),
    ] = None,
) -> None:
    """Train a sentiment model, export, measure and document it; a run that was cut off goes on."""
    from training.sentiment.recipe import QUICK_STUDENT, QUICK_TEACHER, StudentHyper, TeacherHyper, override

    changes = [
        *(set_ or []),
        *([f"seed={seed}"] if seed is not None else []),
        *([f"epochs={epochs}"] if epochs is not None else []),
    ]
    target = out or packaged("onnx_models") / _FOLDERS[arch]
    folder = work / target.name
    # Where the data lies on this machine is nobody's business and no help to whoever repeats the run.
    command = "brand-train " + shlex.join("DIR" if word == str(data) else word for word in sys.argv[1:])
    if arch is Arch.TALK:
        from training.sentiment.talk import TalkHyper, train_talk

        if corrections is not None or licence is not None or quick:
            raise SetupError("--corrections, --licence and --quick are not for the talk's model: it knows IMDB alone")
        manifest = train_talk(data, target, folder, override(TalkHyper(), changes), threads=threads, command=command)
        typer.echo(f"wrote {manifest.identity} to {target}")
        return
    corpora, sources = _read(data, licence, corrections)
    if arch is Arch.LARGE:
        large = override(TeacherHyper(**QUICK_TEACHER if quick else {}), changes)
        from training.sentiment.shipping import train_large

        manifest = train_large(corpora, sources, target, folder, large, threads=threads, command=command)
    else:
        hyper = override(StudentHyper(**QUICK_STUDENT if quick else {}), changes)
        asked = teacher or packaged("onnx_models") / _FOLDERS[Arch.LARGE]
        if not (asked / "manifest.json").exists():
            raise SetupError(f"{asked}: no such model folder; give --teacher one, or train it: --arch large")
        from training.sentiment.shipping import train_shipped

        manifest = train_shipped(
            corpora,
            _unlabelled(data, corpora, licence is not None),
            sources,
            asked,
            target,
            folder,
            hyper,
            threads=threads,
            command=command,
        )
    typer.echo(f"wrote {manifest.identity} to {target}")


def evaluate(
    data: Data,
    model: Annotated[str, typer.Option(help="Folder under onnx_models, or its path.")] = "sentiment",
    out: Annotated[Path | None, typer.Option(help="Folder for evaluation.json and evaluation.md.")] = None,
    baselines: Annotated[
        bool, typer.Option(help="Also train and measure TF-IDF logistic regression (minutes) and VADER.")
    ] = False,
    leave_one_out: Annotated[
        bool,
        typer.Option(
            "--leave-one-out", help="Train teacher and student anew without each set, and test on it: hours."
        ),
    ] = False,
    work: Work = Path("runs/leave-one-out"),
    threads: Threads = 1,
) -> None:
    """Measure a model on the test splits, by brand-swap and by the behavioural suite; JSON and Markdown out."""
    corpora, _ = _read(data, None, None)
    if leave_one_out:
        from training.sentiment.leave_one_out import run_leave_one_out

        texts = _unlabelled(data, corpora, commercial=False)
        typer.echo(run_leave_one_out(corpora, texts, work, threads=threads))
    from training.sentiment.report import measure_model

    folder = packaged("onnx_models") / model
    report = measure_model(folder if folder.exists() else Path(model), corpora, baselines=baselines)
    target = out or Path("runs") / report.model.partition("@")[0]
    report.write(target)
    typer.echo(report.markdown())
    typer.echo(f"wrote evaluation.json and evaluation.md to {target}")


def _read(data: Path, licence: Licence, corrections: Path | None) -> tuple[Corpora, tuple[str, ...]]:
    """What is trained or measured on, told on the terminal, and names and hashes of the files."""
    from monitor.inference.manifest import sha256_of
    from training.data.corrections import read_corrections, with_corrections

    corpora = read(data, licence, Console())
    sources = data_files(data, [*text_files(data), *UNLABELLED_SETS])
    if corrections is not None:
        corpora = with_corrections(corpora, read_corrections(corrections))
        sources += (f"{corrections.name} sha256:{sha256_of(corrections)}",)
    return corpora, sources


def _unlabelled(data: Path, corpora: Corpora, commercial: bool) -> dict[str, list[str]]:
    """Texts without labels, as far as they are there, without those that stand in a dev or test split; both
    public sets state no licence."""
    measured = [one for split in (corpora.dev, corpora.test) for part in split.values() for one in part]
    there = {"short": _SHORT, "reviews": _REVIEWS}
    return {
        kind: load_unlabelled(data, [name], measured)
        for kind, name in there.items()
        if not commercial and (data / f"{name}.parquet").exists()
    }
