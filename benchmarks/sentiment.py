"""Tweets per second of CPU: the sentiment models here, VADER and TF-IDF LR, in one run.

    make bench-sentiment
    make bench-sentiment DATA=DIR      with the logistic regression, which has to be trained first

A tweet names 1.4 brands, and is asked how it feels as a whole and toward each, as workers ask. The talk's
LSTM, VADER and LR read the same tweets and answer for the whole. Measured is the way from text to verdicts,
tokenizing included, on one thread; contenders take turns, round after round, so that a busy moment of the
machine hits all of them.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import onnxruntime
import typer

from monitor.sentiment import Asked, load_scorer
from monitor.sentiment.tokenizer import tokenize
from monitor.settings import Device, packaged
from training.data.texts import load_corpora
from training.export import commit, machine, now
from training.sentiment.brand_swap import BRAND, load_swap
from training.sentiment.raters import VaderRater, fit_logistic

TALK: Final = "sentiment-talk"
MODELS: Final = (TALK, "sentiment", "sentiment-large")
BATCHES: Final = (1, 64)
TWEETS: Final = 640
# Long enough that the clock's and the scheduler's grain do not matter, short enough for all to take turns.
ROUND_SECONDS: Final = 0.4

Run = Callable[[Sequence[Asked]], Any]


class Figure(msgspec.Struct, frozen=True):
    """One cell: milliseconds of CPU a tweet, in the median round, the fastest and the slowest."""

    contender: str
    batch: int
    median: float
    fastest: float
    slowest: float


class Report(msgspec.Struct, frozen=True):
    """All cells of one run, and what it ran on."""

    machine: str
    versions: dict[str, str]
    commit: str
    measured_at: str
    rounds: int
    brands_a_tweet: float
    tokens_a_tweet: float
    missing: list[str]
    figures: list[Figure]


def tweets(count: int) -> list[Asked]:
    """Sentences of the brand swap with a name each, always the same: two of five tweets have two."""
    draw = random.Random(0)
    sentences, names = load_swap()
    found = []
    for number in range(count):
        text, places = "", []
        for sentence in draw.sample(sentences, 2 if number % 5 < 2 else 1):
            name = draw.choice(names)
            text += " " * bool(text)
            start = len(text) + sentence.index(BRAND)
            text += sentence.replace(BRAND, name)
            places.append((start, start + len(name)))
        found.append(Asked(text, (None, *places), places))
    return found


def measure(contenders: dict[str, Run], batch: int, rounds: int) -> list[Figure]:
    """Let the contenders take turns on batches of one size."""
    pool = tweets(TWEETS)
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, run in contenders.items():
            milliseconds = _round(run, pool, batch)
            if number:  # the first round warms up: allocations, kernel choice, caches
                spent[name].append(milliseconds)
    return [
        Figure(name, batch, statistics.median(all_), min(all_), max(all_)) for name, all_ in spent.items()
    ]


def _round(run: Run, pool: Sequence[Asked], batch: int) -> float:
    """Milliseconds of CPU a tweet, over `ROUND_SECONDS` of whole batches."""
    done, started = 0, time.process_time()
    while (elapsed := time.process_time() - started) < ROUND_SECONDS:
        first = done % len(pool)
        run(pool[first : first + batch])
        done += batch
    return elapsed / done * 1e3


def gather(data: Path | None) -> tuple[dict[str, Run], list[str]]:
    """Whom this machine can run, the talk's model first, and who is missing and why."""
    found: dict[str, Run] = {}
    missing = []
    for name in MODELS:
        folder = packaged("onnx_models") / name
        if folder.is_dir():
            scorer = load_scorer(folder, Device.CPU, threads=1)
            found[scorer.manifest.identity] = scorer.answer
        else:
            missing.append(f"{name}: there is no such folder")
    vader = VaderRater()
    found[vader.name] = lambda asked: vader.rate([str(one.text) for one in asked])
    if data is None:
        missing.append("LR: no --data to train it on")
    else:
        logistic = fit_logistic(load_corpora(data))
        found[logistic.name] = lambda asked: logistic.rate([str(one.text) for one in asked])
    return found, missing


def markdown(report: Report) -> str:
    """A line per contender: tweets per second of CPU, and its cost a tweet as a multiple of the talk's."""
    names = list(dict.fromkeys(one.contender for one in report.figures))
    cells = {(one.contender, one.batch): one.median for one in report.figures}
    lines = [
        "# Sentiment: tweets per second of CPU, with their brands",
        "",
        f"{report.machine}; {', '.join(f'{name} {version}' for name, version in report.versions.items())}; "
        f"commit {report.commit or 'unknown'}, {report.measured_at}. {report.tokens_a_tweet:.0f} tokens and "
        f"{report.brands_a_tweet:.1f} brands a tweet; text to verdicts, of the whole and toward each brand, "
        f"on one thread; median of {report.rounds} rounds taken in turns. In brackets the CPU time as a "
        "multiple of the first line's, the talk's LSTM.",
        "",
        "| | " + " | ".join(f"batch {batch}" for batch in BATCHES) + " |",
        "|---|" + "---:|" * len(BATCHES),
    ]
    for name in names:
        row = [f"{1e3 / cells[name, b]:,.0f} ({cells[name, b] / cells[names[0], b]:.2f})" for b in BATCHES]
        lines.append(f"| {name} | {' | '.join(row)} |")
    lines += ["", *(f"Not measured here: {one}." for one in report.missing)]
    return "\n".join(lines).rstrip() + "\n"


def main(
    data: Annotated[Path | None, typer.Option(help="Sets, to train the logistic regression on.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for sentiment.md and sentiment.json.")] = Path(
        "benchmarks/results"
    ),
    rounds: Annotated[int, typer.Option(min=1, help="Rounds for each cell.")] = 7,
) -> None:
    """Measure and write the report."""
    contenders, missing = gather(data)
    pool = tweets(TWEETS)
    report = Report(
        machine=machine(),
        versions={"ONNX Runtime": onnxruntime.__version__},
        commit=commit(),
        measured_at=now(),
        rounds=rounds,
        brands_a_tweet=statistics.mean(len(one.names) for one in pool),
        tokens_a_tweet=statistics.mean(len(tokenize(one.text)) for one in pool),
        missing=missing,
        figures=[figure for batch in BATCHES for figure in measure(contenders, batch, rounds)],
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / "sentiment.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    (out / "sentiment.md").write_text(markdown(report), "utf-8")
    typer.echo(markdown(report))


if __name__ == "__main__":
    typer.run(main)
