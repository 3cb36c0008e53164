"""Writes the CARD.md of a sentiment model, and the pictures in it, from what its run measured."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from monitor.inference import Manifest
from monitor.sentiment.scorer import SentimentScorer
from training.data.corrections import CORRECTIONS
from training.data.public.registry import PUBLIC_SETS
from training.data.texts import Corpora
from training.sentiment.baselines import rivals
from training.sentiment.behaviour import behaviour_section, run_own_suite
from training.sentiment.calibration import Reliability, draw_reliability, reliability
from training.sentiment.evaluation import Results, probabilities, talk_sentences, truth
from training.sentiment.loop import Progress
from training.sentiment.metrics import HEADLINE
from training.sentiment.raters import ModelRater
from training.sentiment.tables import figures_table, talk_table

_CALIBRATION_PLOT: Final = "calibration.png"
_CURVES_PLOT: Final = "learning.png"
_CALIBRATED: Final = ("semeval2017", "airline")


def shipped_card(
    manifest: Manifest,
    results: Results,
    float_results: Results,
    scorer: SentimentScorer,
    corpora: Corpora,
    progress: Progress,
    hyper: object,
    out: Path,
) -> str:
    """CARD.md of the three-class model; draws its pictures into `out`.

    `float_results` are the figures of the same model with its tables in 32 bits.
    """
    calibrated: dict[str, Reliability] = {
        name: reliability(probabilities(scorer, corpora.test[name]), truth(corpora.test[name]))
        for name in _CALIBRATED
        if name in corpora.test
    }
    draw_reliability(calibrated, out / _CALIBRATION_PLOT)
    draw_curves(progress, out / _CURVES_PLOT)
    return _rendered(
        "shipped.md.j2",
        manifest=manifest,
        hyper=hyper,
        figures=figures_table(results),
        precision=_precision_table(float_results, results),
        talk=talk_table(talk_sentences(scorer)),
        calibration=_calibration_lines(calibrated),
        behaviour=behaviour_section(run_own_suite([ModelRater(scorer), *rivals(corpora)])),
        data=_data_lines([*corpora.train, "imdb_unsup", "glove"]),
    )


def talk_card(
    manifest: Manifest,
    results: Results,
    scorer: SentimentScorer,
    hyper: object,
    progress: Progress,
    out: Path,
) -> str:
    """CARD.md of the talk's model; draws its learning curve into `out`."""
    draw_curves(progress, out / _CURVES_PLOT)
    return _rendered(
        "talk.md.j2",
        manifest=manifest,
        hyper=hyper,
        figures=figures_table(results),
        talk=talk_table(talk_sentences(scorer)),
        data=_data_lines(["imdb", "imdb_unsup"]),
    )


def draw_curves(progress: Progress, path: Path) -> None:
    """The dev figures of every epoch as a PNG."""
    from matplotlib.figure import Figure  # here, because drawing is rare and matplotlib slow to import

    figure = Figure(figsize=(8.0, 4.0), layout="constrained")
    axis = figure.subplots()
    epochs = [row["epoch"] for row in progress.history]
    for name in (name for name in HEADLINE if name in progress.history[-1]):
        values = [row[name] for row in progress.history]
        axis.plot(epochs, values, marker="o", label=f"{name}, {HEADLINE[name]}")
    axis.set(xlabel="epoch", ylabel="dev", xticks=epochs)
    axis.grid(alpha=0.3)
    figure.legend(loc="outside right upper", frameon=False, fontsize="small")
    figure.savefig(path, dpi=90)


def _rendered(template: str, **values: Any) -> str:
    environment = Environment(  # noqa: S701  # Markdown from our own figures, not HTML from strangers
        loader=PackageLoader("training.sentiment", "cards"), undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(template).render(values)


def _precision_table(full: Results, shipped: Results) -> str:
    rows = [
        f"| {name} | {metric} | {full[name][metric]:.4f} | {shipped[name][metric]:.4f} |"
        for name, metric in HEADLINE.items()
        if name in full
    ]
    return "\n".join(["| set | metric | 32 bits | 8 bits |", "|---|---|---:|---:|", *rows])


def _calibration_lines(calibrated: Mapping[str, Reliability]) -> str:
    return "\n".join(
        f"- {name}, test: expected calibration error {bins.error:.3f}" for name, bins in calibrated.items()
    )


def _data_lines(names: Iterable[str]) -> str:
    licences = {one.name: one.licence for one in PUBLIC_SETS}
    licences[CORRECTIONS] = "labels people corrected in the texts of their own database"
    parts = {"imdb_unsup": "imdb", "sst_phrases": "sst"}
    return "\n".join(f"- {name}: {licences[parts.get(name, name)]}" for name in names)
