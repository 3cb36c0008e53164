"""`brand-train sentiment`: the two models the service loads, from data to a model folder with its card."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import torch

from monitor.inference import Manifest
from monitor.sentiment.scorer import LABELS, load_scorer
from monitor.settings import Device
from training.data.texts import Corpora
from training.sentiment.calibration import LARGE_PRIOR, SHIPPED_PRIOR, Prior
from training.sentiment.graph import round_to_eight_bit, write_student, write_teacher
from training.sentiment.handover import Origin, Product, hand_over
from training.sentiment.loop import Learned
from training.sentiment.recipe import StudentHyper, TeacherHyper
from training.sentiment.student import Student, train_student
from training.sentiment.teacher import Teacher, train_teacher
from training.sentiment.vectors import own_vectors
from training.sentiment.work import claim

UNSURE: Final = 0.45
"""Verdicts less probable than this were right less often than not on sets left out."""


def train_large(
    corpora: Corpora,
    sources: tuple[str, ...],
    out: Path,
    work: Path,
    hyper: TeacherHyper,
    *,
    threads: int,
    command: str,
) -> Manifest:
    """Fine-tune MiniLM on `corpora`, export it to the model folder `out`, measure it.

    `work` gets the checkpoints. Raises `SetupError` where it holds another run.
    """
    claim(work, hyper, sources)
    torch.set_num_threads(threads)
    taught = train_teacher(corpora, work, hyper)
    origin = Origin(corpora, (), sources, hyper, taught.progress, command)
    return hand_over(large_product(taught, LARGE_PRIOR), origin, "large", out)


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
    """As `train_large`, the student: it learns from `corpora`, from texts without labels (set -> texts), and
    from what the model folder `teacher` answers to all of them."""
    asked = load_scorer(teacher, Device.AUTO, threads)
    claim(work, hyper, (*sources, asked.manifest.identity))
    torch.set_num_threads(threads)
    labelled = [one.text for part in corpora.train.values() for one in part]
    seen = own_vectors(
        [*labelled, *(text for part in unlabelled.values() for text in part)], work, hyper, threads
    )
    learned = train_student(corpora, unlabelled, seen, asked, work, hyper)
    origin = Origin(corpora, list(unlabelled), sources, hyper, learned.progress, command)
    return hand_over(student_product(learned, SHIPPED_PRIOR), origin, "shipped", out)


def large_product(taught: Learned[Teacher], prior: Prior) -> Product:
    """What `hand_over` writes of a teacher."""
    network = taught.network
    prior.settle(network.heads.toward)
    round_to_eight_bit(network.reader.words)
    return Product(
        "MiniLM-L6, fine-tuned; names masked, a question reads the state at its place",
        LABELS,
        taught.encoder,
        network,
        lambda path: write_teacher(network, path),
        {"unsure": UNSURE},
    )


def student_product(learned: Learned[Student], prior: Prior) -> Product:
    """What `hand_over` writes of a student."""
    network = learned.network
    prior.settle(network.toward)
    round_to_eight_bit(network.words)
    return Product(
        "word vectors -> one BiLSTM -> an attention a question; names masked",
        LABELS,
        learned.encoder,
        network,
        lambda path: write_student(network, path),
        {"unsure": UNSURE},
    )
