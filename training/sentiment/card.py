"""What the CARD.md of a model shows beside its figures: pictures, and the sets it learned from."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from training.data.corrections import CORRECTIONS
from training.data.sets import SETS, UNLABELLED_SETS, LicenceClass, own_set
from training.data.texts import Example
from training.sentiment.calibration import Reliability, reliability
from training.sentiment.loop import Progress
from training.sentiment.raters import Rater, rate, truth

_CALIBRATED: Final = ("semeval2017", "airline", "sentfin")
"""What the calibration is drawn on; of one's own data on the first three sets."""


def draw_calibration(rater: Rater, test: Mapping[str, Sequence[Example]], path: Path) -> None:
    """Accuracy over confidence on some of the sets, as a PNG."""
    drawn = [name for name in _CALIBRATED if name in test] or list(test)[:3]
    draw_reliability(
        {name: reliability(rate(rater, test[name]).scores, truth(test[name])) for name in drawn}, path
    )


def draw_reliability(measured: Mapping[str, Reliability], path: Path) -> None:
    """Write reliability diagrams side by side as a PNG: accuracy over confidence, and each bin's texts."""
    figure = Figure(figsize=(4.2 * len(measured), 4.4), layout="constrained")
    axes = figure.subplots(1, len(measured), squeeze=False)[0]
    for axis, (name, bins) in zip(axes, measured.items(), strict=True):
        width = 1 / len(bins.edges)
        centres = bins.edges - width / 2
        filled = bins.counts > 0
        axis.bar(centres, bins.counts / bins.counts.sum(), width, color="#d9dde3", label="share of texts")
        axis.plot([0, 1], [0, 1], color="#888888", linestyle="--", linewidth=1, label="perfectly calibrated")
        axis.plot(
            bins.confidence[filled], bins.accuracy[filled], color="#1f5fa8", marker="o", label="accuracy"
        )
        axis.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", title=f"{name}: ECE {bins.error:.3f}")
        axis.set_aspect("equal")
    axes[0].set_ylabel("accuracy, share")
    axes[0].legend(loc="upper left", frameon=False)
    figure.savefig(path, dpi=90)


def draw_curves(progress: Progress, path: Path) -> None:
    """The dev figures of every epoch as a PNG."""
    figure = Figure(figsize=(8.0, 4.0), layout="constrained")
    axis = figure.subplots()
    epochs = [row["epoch"] for row in progress.history]
    for name in (name for name in progress.history[-1] if name != "epoch"):
        axis.plot(epochs, [row[name] for row in progress.history], marker="o", label=name)
    axis.set(xlabel="epoch", ylabel="dev", xticks=epochs)
    axis.grid(alpha=0.3)
    figure.legend(loc="outside right upper", frameon=False, fontsize="small")
    figure.savefig(path, dpi=90)


def data_lines(names: Iterable[str]) -> str:
    """Markdown: every set a model learned from, with its licence."""
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


def terms(names: Iterable[str]) -> str:
    """What the licences of these sets mean for a model that learned from them, in one sentence."""
    classes = {
        SETS[name].licence if name in SETS else UNLABELLED_SETS.get(name, LicenceClass.COMMERCIAL)
        for name in names
    }
    if classes <= {LicenceClass.COMMERCIAL}:
        return "learned only from texts whose licences allow commercial use, and your own"
    return "learned also from texts that forbid commercial use or state no licence (its CARD.md lists them)"
