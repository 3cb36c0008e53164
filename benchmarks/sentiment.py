"""Mentions per second: the sentiment model, the same weights in torch, VADER and TF-IDF LR, in one run.

    make bench-sentiment
    make bench-sentiment DATA=DIR      with the logistic regression, which has to be trained first

Measured is the whole way from text to probabilities, tokenizing included, as the service pays for it.
Contenders take turns, round after round, so that a busy moment of the machine hits all of them; a figure is
the median round.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import onnxruntime
import torch
import typer

from monitor.sentiment.scorer import load_scorer
from monitor.sentiment.tokenizer import tokenize
from monitor.settings import Device, packaged
from training.data.texts import load_corpora
from training.export import commit, machine, now
from training.sentiment.baselines import JOINT_CORPORA, fit_jointly
from training.sentiment.behaviour import load_suite
from training.sentiment.from_onnx import TorchScorer
from training.sentiment.raters import VaderRater

BATCHES: Final = (1, 64, 512)
LENGTHS: Final = (20, 200)
# Long enough that the clock's and the scheduler's grain do not matter, short enough for all to take turns.
ROUND_SECONDS: Final = 0.4
SUITE: Final = Path(__file__).parent.parent / "tests" / "sentiment" / "behaviour.toml"

Run = Callable[[Sequence[str]], Any]


class Contender(msgspec.Struct, frozen=True):
    """One way to score: `prepare` sets what the process shares (torch's threads) right before each round."""

    name: str
    run: Run
    prepare: Callable[[], None] = lambda: None


class Figure(msgspec.Struct, frozen=True):
    """One cell: median of the rounds, and the slowest and fastest of them, in mentions per second."""

    contender: str
    tokens: int
    batch: int
    median: float
    slowest: float
    fastest: float


class Report(msgspec.Struct, frozen=True):
    """All cells of one run, and what it ran on."""

    model: str
    machine: str
    versions: dict[str, str]
    commit: str
    measured_at: str
    rounds: int
    missing: list[str]
    figures: list[Figure]


def texts(tokens: int, count: int) -> list[str]:
    """`count` texts of exactly `tokens` tokens, of the behavioural suite's sentences, always the same."""
    # Lower case: a text of capitals only has fewer tokens than the same with one small word added.
    cases = load_suite(SUITE).cases
    sentences = [text.lower() for case in cases for text in case.texts if len(text) < 300]
    draw = random.Random(tokens)
    found: list[str] = []
    while len(found) < count:
        words: list[str] = []
        while len(tokenize(" ".join(words))) < tokens:
            words += draw.choice(sentences).split()
        # Tokens are cut within words too ("don't", "great!"): drop words, then fill up with one-token ones.
        while len(tokenize(" ".join(words))) > tokens:
            words.pop()
        words += ["and"] * (tokens - len(tokenize(" ".join(words))))
        found.append(" ".join(words))
    return found


def measure(contenders: Sequence[Contender], tokens: int, batch: int, rounds: int) -> list[Figure]:
    """Let the contenders take turns on texts of one length in batches of one size."""
    pool = texts(tokens, max(BATCHES))
    speeds: dict[str, list[float]] = {one.name: [] for one in contenders}
    for number in range(rounds + 1):
        for one in contenders:
            one.prepare()
            speed = _round(one.run, pool, batch)
            if number:  # the first round warms up: allocations, kernel choice, caches
                speeds[one.name].append(speed)
    return [
        Figure(name, tokens, batch, statistics.median(found), min(found), max(found))
        for name, found in speeds.items()
    ]


def _round(run: Run, pool: Sequence[str], batch: int) -> float:
    """Mentions per second over `ROUND_SECONDS` of whole batches."""
    done, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < ROUND_SECONDS:
        first = done % len(pool)
        run(pool[first : first + batch])
        done += batch
    return done / elapsed


def gather(model: Path, data: Path | None) -> tuple[list[Contender], list[str]]:
    """Whom this machine can run, and who is missing and why."""
    missing: list[str] = []
    torch_cpu = TorchScorer(model)
    contenders = [
        *(
            Contender(f"ONNX, {n} CPU thread{'s' * (n > 1)}", load_scorer(model, Device.CPU, n).probabilities)
            for n in (1, 2)
        ),
        *(
            Contender(f"torch, {n} CPU thread{'s' * (n > 1)}", torch_cpu.probabilities, _torch_threads(n))
            for n in (1, 2)
        ),
        Contender(VaderRater.name, VaderRater().rate),
    ]
    if data is None:
        missing.append("TF-IDF LR: no --data to train it on")
    else:
        contenders.append(Contender("TF-IDF LR", fit_jointly(load_corpora(data, JOINT_CORPORA)).rate))
    fastest = load_scorer(model, Device.AUTO)
    if fastest.device is Device.CUDA:
        contenders.append(Contender("ONNX, GPU", fastest.probabilities))
    else:
        missing.append("GPU: ONNX Runtime finds none here")
    if torch.cuda.is_available():
        contenders.append(Contender("torch, GPU", TorchScorer(model, "cuda").probabilities))
    return contenders, missing


def _torch_threads(count: int) -> Callable[[], None]:
    return lambda: torch.set_num_threads(count)


def markdown(report: Report) -> str:
    """A table per text length: mentions per second, and each contender's share of the first one's."""
    lines = [
        f"# Sentiment: mentions per second, {report.model}",
        "",
        f"{report.machine}; {', '.join(f'{name} {version}' for name, version in report.versions.items())}; "
        f"commit {report.commit or 'unknown'}, {report.measured_at}. Text to probabilities, with tokenizing; "
        f"median of {report.rounds} rounds taken in turns, in brackets times the first line.",
    ]
    cells = {(one.contender, one.tokens, one.batch): one.median for one in report.figures}
    names = list(dict.fromkeys(one.contender for one in report.figures))
    for tokens in LENGTHS:
        lines += ["", f"## {tokens} tokens", ""]
        lines += [
            "| | " + " | ".join(f"batch {batch}" for batch in BATCHES) + " |",
            "|---|" + "---:|" * len(BATCHES),
        ]
        for name in names:
            row = []
            for batch in BATCHES:
                speed, first = cells[name, tokens, batch], cells[names[0], tokens, batch]
                row.append(f"{speed:,.{0 if speed >= 10 else 1}f} ({speed / first:.2f})")
            lines.append(f"| {name} | {' | '.join(row)} |")
    lines += ["", *(f"Not measured here: {one}." for one in report.missing)]
    return "\n".join(lines).rstrip() + "\n"


def main(
    model: Annotated[str, typer.Option(help="Folder under onnx_models.")] = "sentiment",
    data: Annotated[Path | None, typer.Option(help="Corpora, to train the logistic regression on.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for sentiment.md and sentiment.json.")] = Path(
        "benchmarks/results"
    ),
    rounds: Annotated[int, typer.Option(min=1, help="Rounds for each cell.")] = 7,
) -> None:
    """Measure and write the report."""
    folder = packaged("onnx_models") / model
    contenders, missing = gather(folder, data)
    figures = []
    for tokens in LENGTHS:
        for batch in BATCHES:
            figures += measure(contenders, tokens, batch, rounds)
            typer.echo(f"{tokens} tokens, batch {batch}: done", err=True)
    report = Report(
        model=load_scorer(folder, Device.CPU, 1).manifest.identity,
        machine=machine(),
        versions={"ONNX Runtime": onnxruntime.__version__, "torch": str(torch.__version__)},
        commit=commit(),
        measured_at=now(),
        rounds=rounds,
        missing=missing,
        figures=figures,
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / "sentiment.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    (out / "sentiment.md").write_text(markdown(report), "utf-8")
    typer.echo(markdown(report))


if __name__ == "__main__":
    typer.run(main)
