"""The yardstick: how a model does on a set of brand texts of which it has seen nothing.

Every set is left out together with a related one, as is every text of theirs that stands in another set; what
is trained on the rest is asked about at most 2,000 rows of each. Five trainings of teacher, student and
logistic regression, hours on two cores; every step is kept, and a run that was cut off goes on.
"""

from collections.abc import Callable, Mapping, Sequence
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
from training.sentiment.baselines import fit_logistic
from training.sentiment.calibration import Prior, fit_prior, reliability
from training.sentiment.evaluation import probabilities, truth
from training.sentiment.handover import Product, write_product
from training.sentiment.raters import VaderRater
from training.sentiment.recipe import StudentHyper, TeacherHyper
from training.sentiment.shipping import large_product, student_product
from training.sentiment.student import train_student
from training.sentiment.teacher import train_teacher
from training.sentiment.vectors import WordVectors, own_vectors
from training.sentiment.yardstick import Figure, Yardstick

Answers = dict[str, NDArray[np.float64]]
"""Set -> (rows, 3)."""

TEACHER: Final = TeacherHyper(epochs=1, texts=4_000)
STUDENT: Final = StudentHyper(epochs=3, texts=2_000, reviews=500, short=12_000, sentences=6_000)
"""A fraction of what the shipped models learn from: five of each are trained."""

_LOGISTIC_TEXTS: Final = 12_000
WHOLE: Final = "student, asked about the whole"


def run_leave_one_out(
    corpora: Corpora, unlabelled: Mapping[str, Sequence[str]], work: Path, *, threads: int
) -> str:
    """Train and measure; writes figures.json into `work` and gives the table, and the priors to ship with."""
    short, reviews = unlabelled.get("short", ()), unlabelled.get("reviews", ())
    # Of no set with targets: vectors of words are the same for all five trainings.
    whole = [one.text for name, part in corpora.train.items() if SETS[name].toward == "whole" for one in part]
    seen = own_vectors([*short, *reviews, *whole], work, STUDENT, threads)
    yardstick, priors = leave_one_out(corpora, short, reviews, seen, work, threads=threads)
    (work / "figures.json").write_text(yardstick.json(), "utf-8")
    lines = [f"{rater}: temperature {one.temperature:.2f}, neutral {one.neutral:+.2f}" for rater, one in priors.items()]
    return "\n".join([yardstick.table(), "", *lines])


def leave_one_out(
    corpora: Corpora,
    short: Sequence[str],
    reviews: Sequence[str],
    seen: WordVectors,
    work: Path,
    *,
    teacher: TeacherHyper = TEACHER,
    student: StudentHyper = STUDENT,
    threads: int = 1,
) -> tuple[Yardstick, dict[str, Prior]]:
    """Train and measure; `seen` are word vectors of texts in no set with targets. Also gives, for teacher and
    student, the prior under which what they answered to all left-out sets is likeliest."""
    torch.set_num_threads(threads)
    rows = {name: held_out(corpora, name) for pair in FAMILIES.values() for name in pair if corpora.of(name)}
    answers: dict[str, Answers] = {}
    for family, pair in FAMILIES.items():
        left = {name: rows[name] for name in pair if name in rows}
        if left:
            found = _family(corpora.without(pair), left, short, reviews, seen, work / family.replace(" ", "-"), teacher, student)
            for rater, by_set in found.items():
                answers.setdefault(rater, {}).update(by_set)
    labels = {name: truth(examples) for name, examples in rows.items()}
    priors = {rater: fit_prior([(answers[rater][name], labels[name]) for name in rows]) for rater in ("teacher", "student")}
    settled = {rater: _across(answers[rater], labels) if rater in priors else answers[rater] for rater in answers}
    figures = {rater: {name: _figure(by_set[name], labels[name]) for name in rows} for rater, by_set in settled.items()}
    return Yardstick(figures), priors


def _family(
    rest: Corpora,
    left: Mapping[str, Sequence[Example]],
    short: Sequence[str],
    reviews: Sequence[str],
    seen: WordVectors,
    work: Path,
    teacher: TeacherHyper,
    student: StudentHyper,
) -> dict[str, Answers]:
    """What each rater, trained on the rest, answers about the sets left out."""
    work.mkdir(parents=True, exist_ok=True)

    def scored(folder: str, make: Callable[[], Product]) -> SentimentScorer:
        if not (work / folder / "manifest.json").exists():
            write_product(make(), work / folder)
        return load_scorer(work / folder, Device.CPU, threads=torch.get_num_threads())

    def kept(name: str, answer: Callable[[], Answers]) -> Answers:
        path = work / f"{name}.npz"
        if not path.exists():
            np.savez(path, **answer())
        with np.load(path) as file:
            return {each: file[each] for each in file.files}

    def asked(scorer: SentimentScorer) -> Answers:
        return {name: probabilities(scorer, examples) for name, examples in left.items()}

    large = scored("large", lambda: large_product(train_teacher(rest, work, teacher), Prior()))
    small = scored(
        "small",
        lambda: student_product(train_student(rest, short, reviews, seen, large, work, student), Prior()),
    )
    vader = VaderRater()
    return {
        "VADER": kept("vader", lambda: {name: vader.rate([one.text for one in part]).scores for name, part in left.items()}),
        "LR": kept("logistic", lambda: _logistic(rest, left)),
        WHOLE: kept("whole", lambda: {name: small.probabilities([one.text for one in part]) for name, part in left.items()}),
        "student": kept("student", lambda: asked(small)),
        "teacher": kept("teacher", lambda: asked(large)),
    }


def _logistic(rest: Corpora, left: Mapping[str, Sequence[Example]]) -> Answers:
    rater = fit_logistic([one for part in rest.train.values() for one in part[:_LOGISTIC_TEXTS]])
    return {name: rater.rate([one.text for one in part]).scores for name, part in left.items()}


def _across(answers: Answers, labels: Mapping[str, NDArray[np.int64]]) -> Answers:
    """Each set's answers under the prior of the other families: what a new set would see."""
    settled = {}
    for pair in FAMILIES.values():
        others = [(answers[name], labels[name]) for name in answers if name not in pair]
        prior = fit_prior(others) if others else Prior()
        settled |= {name: prior.apply(answers[name]) for name in pair if name in answers}
    return settled


def _figure(found: NDArray[np.float64], labels: NDArray[np.int64]) -> Figure:
    decided = found.argmax(1)
    neutral = labels == 1
    return Figure(
        float(f1_score(labels, decided, average="macro")),
        float((decided[neutral] == 1).mean()),
        reliability(found / found.sum(1, keepdims=True), labels).error if (found >= 0).all() else float("nan"),
    )
