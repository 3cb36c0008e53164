"""`brand-train sentiment` and `brand-train evaluate sentiment`; torch is imported when the data are read."""

import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from monitor.errors import SetupError
from monitor.inference.manifest import sha256_of
from monitor.settings import packaged
from training.data.corrections import read_corrections, with_corrections
from training.data.reading import Data, Licence, read
from training.data.sets import FAMILIES, UNLABELLED_SETS, LicenceClass
from training.data.texts import Corpora, Split, data_files, load_unlabelled, text_files
from training.sentiment.recipe import (
    QUICK_STUDENT,
    QUICK_TEACHER,
    StudentHyper,
    TalkHyper,
    TeacherHyper,
    override,
)


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
    given = {"seed": seed, "epochs": epochs}
    changes = [*(set_ or []), *(f"{key}={value}" for key, value in given.items() if value is not None)]
    target = out or packaged("onnx_models") / _FOLDERS[arch]
    folder = work / target.name
    # Where things lie on this machine is nobody's business and no help to whoever repeats the run.
    command = "brand-train " + shlex.join(
        "DIR" if word == str(data) or Path(word).is_absolute() else word for word in sys.argv[1:]
    )
    if arch is Arch.TALK:
        if corrections or licence or quick:
            raise SetupError(
                "--corrections, --licence and --quick are not for the talk's model: it knows IMDB alone"
            )
        slides = override(TalkHyper(), changes)
        text_files(data, ["imdb"])
        from training.sentiment.talk import train_talk

        manifest = train_talk(data, target, folder, slides, threads=threads, command=command)
    elif arch is Arch.LARGE:
        large = override(QUICK_TEACHER if quick else TeacherHyper(), changes)
        corpora, sources = _read(data, licence, corrections, ("train", "dev", "test"))
        from training.sentiment.shipping import train_large

        manifest = train_large(corpora, sources, target, folder, large, threads=threads, command=command)
    else:
        small = override(QUICK_STUDENT if quick else StudentHyper(), changes)
        asked = teacher or packaged("onnx_models") / _FOLDERS[Arch.LARGE]
        if not (asked / "manifest.json").exists():
            raise SetupError(f"{asked}: no such model folder; give --teacher one, or train it: --arch large")
        corpora, sources = _read(data, licence, corrections, ("train", "dev", "test"))
        unlabelled = _unlabelled(data, corpora, licence)
        from training.sentiment.shipping import train_shipped

        manifest = train_shipped(
            corpora, unlabelled, sources, asked, target, folder, small, threads=threads, command=command
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
    """Measure a model on the test splits, by brand-swap and by behaviour; JSON and Markdown out."""
    corpora, _ = _read(data, None, None, ("test",))
    if leave_one_out:
        _leave_one_out(corpora, _unlabelled(data, corpora, None), work, threads)
    from monitor.sentiment.scorer import load_scorer
    from monitor.settings import Device
    from training.sentiment.raters import VaderRater, fit_logistic
    from training.sentiment.report import measure_model

    folder = packaged("onnx_models") / model
    scorer = load_scorer(folder if folder.exists() else Path(model), Device.CPU, threads)
    report = measure_model(scorer, corpora.test, [VaderRater(), fit_logistic(corpora)] if baselines else [])
    target = out or Path("runs") / scorer.manifest.name
    report.write(target)
    typer.echo(report.markdown())
    typer.echo(f"wrote evaluation.json and evaluation.md to {target}")


def _leave_one_out(corpora: Corpora, unlabelled: dict[str, list[str]], work: Path, threads: int) -> None:
    named = [name for pair in FAMILIES.values() for name in pair]
    if not any(corpora.of(name) for name in named):
        raise SetupError(f"--leave-one-out leaves out {', '.join(named)}, and none of them is there")
    from training.sentiment.leave_one_out import leave_one_out

    yardstick, priors = leave_one_out(corpora, unlabelled, work, threads=threads)
    (work / "figures.json").write_text(yardstick.to_json(), "utf-8")
    typer.echo(yardstick.table())
    for rater, one in priors.items():
        typer.echo(f"{rater}: temperature {one.temperature:.2f}, neutral {one.neutral:+.2f}")
    typer.echo(f"wrote {work / 'figures.json'}")


def _read(
    data: Path, licence: LicenceClass | None, corrections: Path | None, needs: tuple[Split, ...]
) -> tuple[Corpora, tuple[str, ...]]:
    """What is trained or measured on, told on the terminal, and names and hashes of the files."""
    corrected = read_corrections(corrections) if corrections else None
    corpora = read(data, licence, Console(), needs=needs)
    sources = data_files(data, [*text_files(data), *UNLABELLED_SETS])
    if corrections and corrected:
        corpora = with_corrections(corpora, corrected)
        sources += (f"{corrections.name} sha256:{sha256_of(corrections)}",)
    return corpora, sources


def _unlabelled(data: Path, corpora: Corpora, licence: LicenceClass | None) -> dict[str, list[str]]:
    """Set -> its texts, as far as they are there and `licence` allows, without those that stand in a dev or
    test split."""
    measured = [one for split in (corpora.dev, corpora.test) for part in split.values() for one in part]
    return {
        name: load_unlabelled(data, [name], measured)
        for name, its_licence in UNLABELLED_SETS.items()
        if licence in (None, its_licence) and (data / f"{name}.parquet").exists()
    }
