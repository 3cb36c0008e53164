"""Writes the CARD.md of a sentiment model, and the pictures in it, from what its run measured."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from monitor.inference import Manifest
from monitor.sentiment.scorer import SentimentScorer
from training.data.corrections import CORRECTIONS
from training.data.sets import SETS, UNLABELLED_SETS, own_set
from training.data.texts import Corpora
from training.sentiment.baselines import rivals
from training.sentiment.behaviour import behaviour_section, run_own_suite
from training.sentiment.calibration import Reliability, draw_reliability, reliability
from training.sentiment.brand_swap import brand_swap
from training.sentiment.evaluation import Results, probabilities, talk_sentences, truth
from training.sentiment.loop import Progress
from training.sentiment.raters import ModelRater
from training.sentiment.tables import figures_table, talk_table
from training.sentiment.yardstick import load_yardstick

_CALIBRATION_PLOT: Final = "calibration.png"
_CURVES_PLOT: Final = "learning.png"
_CALIBRATED: Final = ("semeval2017", "airline", "sentfin")


def model_card(
    template: str,
    manifest: Manifest,
    results: Results,
    scorer: SentimentScorer,
    corpora: Corpora,
    hyper: object,
    progress: Progress,
    out: Path,
) -> str:
    """CARD.md of a three-class model by `cards/TEMPLATE.md.j2`; draws its pictures into `out`."""
    calibrated: dict[str, Reliability] = {
        name: reliability(probabilities(scorer, corpora.test[name]), truth(corpora.test[name]))
        for name in _CALIBRATED
        if name in corpora.test
    }
    draw_reliability(calibrated, out / _CALIBRATION_PLOT)
    draw_curves(progress, out / _CURVES_PLOT)
    return _rendered(
        f"{template}.md.j2",
        manifest=manifest,
        hyper=hyper,
        yardstick=load_yardstick().table(),
        swap=brand_swap(scorer).table(),
        figures=figures_table(results),
        talk=talk_table(talk_sentences(scorer)),
        behaviour=behaviour_section(run_own_suite([ModelRater(scorer), *rivals(corpora)])),
        data=_data_lines([*corpora.train, *UNLABELLED_SETS]),
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
    for name in (name for name in progress.history[-1] if name != "epoch"):
        axis.plot(epochs, [row[name] for row in progress.history], marker="o", label=name)
    axis.set(xlabel="epoch", ylabel="dev", xticks=epochs)
    axis.grid(alpha=0.3)
    figure.legend(loc="outside right upper", frameon=False, fontsize="small")
    figure.savefig(path, dpi=90)


def _rendered(template: str, **values: Any) -> str:
    environment = Environment(  # noqa: S701  # Markdown from our own figures, not HTML from strangers
        loader=PackageLoader("training.sentiment", "cards"), undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(template).render(values)


def _data_lines(names: Iterable[str]) -> str:
    """Every set a model learned from, with its licence."""
    lines = []
    for name in names:
        if name in UNLABELLED_SETS:
            lines.append(f"- {name} (no labels): {UNLABELLED_SETS[name]}")
        elif name == CORRECTIONS:
            lines.append(f"- {name}: labels people corrected in the texts of their own database")
        else:
            one = SETS.get(name) or own_set(name)
            lines.append(f"- {name} ({one.licence}): {one.terms}")
    return "\n".join(lines)
