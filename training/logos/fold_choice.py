"""One choice of how crops are named, from embedders that each held back another fold of the pictures.

    brand-train logos --arch embedder --data DIR --set held_back=1 --work runs/1 --out runs/1/logos-embedder
    brand-train evaluate crop-choice --data DIR --embedder runs/0/logos-embedder --embedder ...

What comes out goes into `EmbedderHyper`, for a run in which every picture teaches.
"""

from collections.abc import Sequence
from pathlib import Path

from monitor.errors import SetupError
from monitor.inference import load_manifest
from monitor.inference.manifest import Metric
from monitor.logos.gallery import load_embedder
from training.data.pictures import AnnotatedPicture
from training.logos.crop_choice import CropChoice, HeldBack, choose
from training.logos.crop_decision import read_decision
from training.logos.crop_figures import collect_crops, of_crop_sets
from training.logos.selection import FOLDS, Selection, fold_name, fold_named, hold_back, select


def choose_over_folds(
    embedders: Sequence[Path], pictures: Sequence[AnnotatedPicture]
) -> tuple[CropChoice, list[Metric]]:
    """`pictures` are those the embedders were trained with; what each held back says its manifest.

    Raises `SetupError` for an embedder that learned from everything, and for two of one fold.
    """
    folds = [_held_back_by(embedder) for embedder in embedders]
    if len(set(folds)) < len(folds):
        raise SetupError(f"held back twice: {', '.join(sorted(f for f in folds if folds.count(f) > 1))}")
    chosen = select(pictures)
    return choose([_held_back(path, fold, chosen) for path, fold in zip(embedders, folds, strict=True)])


def _held_back_by(embedder: Path) -> str:
    splits = {metric.split for metric in load_manifest(embedder).metrics}
    known = splits & {fold_name(fold) for fold in range(FOLDS + 1)}
    if len(known) != 1:
        raise SetupError(
            f"{embedder} held no pictures back: "
            "train one with brand-train logos --arch embedder --set held_back=0"
        )
    return known.pop()


def _held_back(path: Path, fold: str, chosen: Selection) -> HeldBack:
    own = of_crop_sets(hold_back(chosen, fold_named(fold)).val)
    return HeldBack(fold, read_decision(path), collect_crops(own, load_embedder(path, threads=1)))


def markdown(choice: CropChoice, metrics: Sequence[Metric]) -> str:
    """The choice as hyper-parameters, and the figures."""
    rows = [f"| {m.name} | {m.dataset} | {m.value:.4f} | {m.note} |" for m in metrics]
    return "\n".join(
        [
            f"--set reference_weight={choice.weight} --set lowered={choice.lowered} "
            f"--set told_lowered={choice.told_lowered}",
            "",
            f"On {metrics[0].split}:",
            "",
            "| | sets | | |",
            "|---|---|---|---|",
            *rows,
        ]
    )
