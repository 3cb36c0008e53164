"""The yardstick: how a model does on a set of brand texts of which it has seen nothing.

Every set is left out together with a related one, as is every text of theirs that stands in another set; what
is trained on the rest is asked about at most 2,000 rows of each. Five trainings of teacher, student and
logistic regression, hours on two cores; every step is kept, and a run that was cut off goes on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from monitor.sentiment.scorer import SentimentScorer, load_scorer
from monitor.settings import Device
from training.data.sets import FAMILIES, SETS
from training.data.texts import Corpora, Example, held_out
from training.sentiment.calibration import Prior, fit_prior, reliability
from training.sentiment.handover import Product, write_product
from training.sentiment.raters import ModelRater, Rater, VaderRater, fit_logistic, rate, truth
from training.sentiment.recipe import StudentHyper, TeacherHyper
from training.sentiment.shipping import large_product, student_product
from training.sentiment.student import train_student
from training.sentiment.teacher import train_teacher
from training.sentiment.vectors import WordVectors, own_vectors
from training.sentiment.work import kept
from training.sentiment.yardstick import Figure, Yardstick

Answers = dict[str, NDArray[np.float64]]
"""Set -> (rows, 3)."""

TEACHER: Final = TeacherHyper(epochs=1, texts=4_000)
STUDENT: Final = StudentHyper(epochs=3, texts=2_000, reviews=500, short=12_000, sentences=6_000)
"""A fraction of what the shipped models learn from: five of each are trained."""

WHOLE: Final = "student, asked about the whole"


def leave_one_out(
    corpora: Corpora,
    unlabelled: Mapping[str, Sequence[str]],
    work: Path,
    *,
    teacher: TeacherHyper = TEACHER,
    student: StudentHyper = STUDENT,
    threads: int = 1,
) -> tuple[Yardstick, dict[str, Prior]]:
    """Train and measure, as they come from training. Also gives, for teacher and student, the prior under
    which what they answered to all left-out sets is likeliest: what one to ship with should be near."""
    torch.set_num_threads(threads)
    # Of no set with targets: vectors of words are the same for all five trainings.
    whole = [name for name in corpora.train if name in SETS and SETS[name].toward == "whole"]
    texts = [*(text for part in unlabelled.values() for text in part)]
    texts += (one.text for name in whole for one in corpora.train[name])
    seen = own_vectors(texts, work, student, threads)
    rows = {name: held_out(corpora, name) for pair in FAMILIES.values() for name in pair if corpora.of(name)}
    answers: dict[str, Answers] = {}
    for family, pair in FAMILIES.items():
        left = {name: rows[name] for name in pair if name in rows}
        if left:
            folder = work / family.replace(" ", "-")
            found = _family(corpora.without(pair), left, unlabelled, seen, folder, teacher, student)
            for rater, by_set in found.items():
                answers.setdefault(rater, {}).update(by_set)
    labels = {name: truth(examples) for name, examples in rows.items()}
    priors = {
        rater: fit_prior([(answers[rater][name], labels[name]) for name in rows])
        for rater in ("teacher", "student")
    }
    figures = {
        rater: {name: _figure(by_set[name], labels[name]) for name in rows}
        for rater, by_set in answers.items()
    }
    return Yardstick(figures), priors


def _family(
    rest: Corpora,
    left: Mapping[str, Sequence[Example]],
    unlabelled: Mapping[str, Sequence[str]],
    seen: WordVectors,
    work: Path,
    teacher: TeacherHyper,
    student: StudentHyper,
) -> dict[str, Answers]:
    """What each rater, trained on the rest, answers about the sets left out."""

    def scored(folder: str, make: Callable[[], Product]) -> SentimentScorer:
        if not (work / folder / "manifest.json").exists():
            write_product(make(), work / folder)
        return load_scorer(work / folder, Device.CPU, threads=torch.get_num_threads())

    def answered(
        name: str, make: Callable[[], Rater], about: Mapping[str, Sequence[Example]] = left
    ) -> Answers:
        def answers() -> Answers:
            rater = make()
            return {each: rate(rater, examples).scores for each, examples in about.items()}

        return kept(work / f"{name}.npz", answers)

    large = scored("large", lambda: large_product(train_teacher(rest, work, teacher), Prior()))
    small = scored(
        "small",
        lambda: student_product(train_student(rest, unlabelled, seen, large, work, student), Prior()),
    )
    whole = {name: [replace(one, target=None) for one in examples] for name, examples in left.items()}
    return {
        "VADER": answered("vader", VaderRater),
        "LR": answered("logistic", lambda: fit_logistic(rest)),
        WHOLE: answered("whole", lambda: ModelRater(small), whole),
        "student": answered("student", lambda: ModelRater(small)),
        "teacher": answered("teacher", lambda: ModelRater(large)),
    }


def _figure(found: NDArray[np.float64], labels: NDArray[np.int64]) -> Figure:
    decided = found.argmax(1)
    neutral = labels == 1
    return Figure(
        float(f1_score(labels, decided, average="macro")),
        float((decided[neutral] == 1).mean()),
        reliability(found, labels).error if (found >= 0).all() else float("nan"),
    )
