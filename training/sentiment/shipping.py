"""`brand-train sentiment`: the two models the service loads, from data to a model folder with its card."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import torch

from monitor.inference import Manifest
from monitor.inference.manifest import TrainingRun
from monitor.sentiment.pieces import PIECES_FILE
from monitor.sentiment.scorer import LABELS, load_scorer
from monitor.sentiment.vocabulary import WORDS_FILE
from monitor.settings import Device
from training.data.texts import Corpora, Example
from training.export import commit, machine, now
from training.sentiment.calibration import LARGE_PRIOR, SHIPPED_PRIOR, Prior
from training.sentiment.card import model_card
from training.sentiment.graph import round_to_eight_bit
from training.sentiment.handover import Product, hand_over
from training.sentiment.question_graphs import write_student, write_teacher
from training.sentiment.recipe import StudentHyper, TeacherHyper
from training.sentiment.student import Learned, train_student
from training.sentiment.teacher import Taught, train_teacher
from training.sentiment.vectors import own_vectors
from training.sentiment.work import claim

UNSURE: Final = 0.45
"""Verdicts less probable than this were right less often than not on sets left out."""
_PARITY_TEXTS: Final = 64
_INPUTS: Final = ("tokens", "lengths", "questions")


def train_large(
    corpora: Corpora, sources: tuple[str, ...], out: Path, work: Path, hyper: TeacherHyper, *, threads: int, command: str
) -> Manifest:
    """Fine-tune MiniLM on `corpora`, export it in 8 bits to the model folder `out`, measure it.

    `work` gets the checkpoints. Raises `SetupError` where it holds another run.
    """
    claim(work, hyper, sources)
    torch.set_num_threads(threads)
    started = time.monotonic()
    taught = train_teacher(corpora, work, hyper)
    return hand_over(
        large_product(taught, LARGE_PRIOR),
        out,
        _parity(corpora),
        corpora.test,
        _run(command, sources, hyper.seed, time.monotonic() - started),
        lambda manifest, results, scorer: model_card(
            "large", manifest, results, scorer, corpora, hyper, taught.progress, out
        ),
    )


def train_shipped(
    corpora: Corpora,
    unlabelled: Mapping[str, Sequence[str]],
    sources: tuple[str, ...],
    teacher: Path,
    out: Path,
    work: Path,
    hyper: StudentHyper,
    *,
    threads: int,
    command: str,
) -> Manifest:
    """As `train_large`, the student: it learns from `corpora`, from the texts without labels (`short` and
    `reviews`), and from what the model folder `teacher` answers to all of them."""
    asked = load_scorer(teacher, Device.AUTO, threads)
    claim(work, hyper, (*sources, asked.manifest.identity))
    torch.set_num_threads(threads)
    started = time.monotonic()
    short, reviews = unlabelled.get("short", ()), unlabelled.get("reviews", ())
    texts = [*(one.text for part in corpora.train.values() for one in part), *short, *reviews]
    seen = own_vectors(texts, work, hyper, threads)
    learned = train_student(corpora, short, reviews, seen, asked, work, hyper)
    return hand_over(
        student_product(learned, SHIPPED_PRIOR),
        out,
        _parity(corpora),
        corpora.test,
        _run(command, sources, hyper.seed, time.monotonic() - started),
        lambda manifest, results, scorer: model_card(
            "shipped", manifest, results, scorer, corpora, hyper, learned.progress, out
        ),
    )


def large_product(taught: Taught, prior: Prior) -> Product:
    """What `hand_over` writes of a teacher."""
    network = taught.network
    prior.settle(network.heads.toward)
    round_to_eight_bit(network.reader.words)
    return Product(
        architecture="MiniLM-L6, fine-tuned; names masked, a question reads the state at its place",
        labels=LABELS,
        inputs=_INPUTS,
        encoder=taught.encoder,
        probabilities=lambda *feed: network(*feed).softmax(1),
        write=lambda path: write_teacher(network, path),
        files={PIECES_FILE: taught.encoder.tokens.save},
        thresholds={"unsure": UNSURE},
    )


def student_product(learned: Learned, prior: Prior) -> Product:
    """What `hand_over` writes of a student."""
    network = learned.network
    prior.settle(network.toward)
    round_to_eight_bit(network.words)
    return Product(
        architecture="word vectors -> one BiLSTM -> an attention a question; names masked",
        labels=LABELS,
        inputs=_INPUTS,
        encoder=learned.encoder,
        probabilities=lambda *feed: network(*feed).softmax(1),
        write=lambda path: write_student(network, path),
        files={WORDS_FILE: learned.encoder.tokens.save},
        thresholds={"unsure": UNSURE},
    )


def _parity(corpora: Corpora) -> dict[str, list[Example]]:
    return {name: examples[:_PARITY_TEXTS] for name, examples in corpora.dev.items()}


def _run(command: str, sources: tuple[str, ...], seed: int, seconds: float) -> TrainingRun:
    return TrainingRun(
        command=command,
        data=sources,
        seed=seed,
        commit=commit(),
        finished_at=now(),
        hours=round(seconds / 3600, 2),
        machine=machine(),
    )
