"""The last steps of a sentiment run, the same for every architecture.

1. Write model.onnx and the files beside it.
2. Prove on real texts that the file equals the torch model.
3. Load the folder as the service does and measure it on the test splits.
4. Write the figures into manifest and card.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from monitor.inference import Manifest, TensorSpec
from monitor.inference.manifest import Parity, TrainingRun, sha256_of
from monitor.sentiment.encoding import Encoder, collate
from monitor.sentiment.pieces import PIECES_FILE, Pieces
from monitor.sentiment.scorer import load_scorer
from monitor.sentiment.vocabulary import WORDS_FILE, Vocabulary
from monitor.settings import Device
from training.data.texts import Corpora, Example
from training.export import Feed, commit, machine, measure_parity, now, write_model_folder
from training.sentiment.card import data_lines, draw_calibration, draw_curves, terms
from training.sentiment.graph import OPSET, SHAPES
from training.sentiment.loop import Progress
from training.sentiment.raters import ModelRater, VaderRater, fit_logistic
from training.sentiment.report import measure_model

_PARITY_TEXTS: Final = 64
"""Of each set, in small batches: many lengths and paddings are compared."""
_PARITY_BATCH: Final = 32


@dataclass(frozen=True)
class Product:
    """What a run has made: `network` gives logits for what `collate` makes of the encoder's windows, `write`
    writes it as model.onnx."""

    architecture: str
    labels: tuple[str, ...]
    encoder: Encoder
    network: nn.Module
    write: Callable[[Path], None]
    thresholds: Mapping[str, float] = dataclasses.field(default_factory=dict)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(SHAPES) if self.encoder.recipe.questions else ("tokens", "lengths")


@dataclass(frozen=True)
class Origin:
    """What a run made it of. `sources` are names and hashes of the files, `unlabelled` names of sets."""

    corpora: Corpora
    unlabelled: Sequence[str]
    sources: tuple[str, ...]
    hyper: Any
    progress: Progress
    command: str


def hand_over(product: Product, origin: Origin, card: str, out: Path) -> Manifest:
    """Write and measure the model folder `out`, its CARD.md by the template `card`."""
    run = TrainingRun(
        command=origin.command,
        data=origin.sources,
        seed=origin.hyper.seed,
        commit=commit(),
        finished_at=now(),
        hours=round(origin.progress.seconds / 3600, 2),
        machine=machine(),
    )
    written = write_product(product, out, run)
    dev, test = origin.corpora.dev, origin.corpora.test
    parity = measure_parity(
        out / "model.onnx",
        lambda feed: [_torch_probabilities(product, feed)],
        _feeds(product, [one for examples in dev.values() for one in examples[:_PARITY_TEXTS]]),
        f"dev texts of {', '.join(dev)}",
    )
    scorer = load_scorer(out, Device.CPU)
    report = measure_model(scorer, test, [VaderRater(), fit_logistic(origin.corpora)])
    learned_from = [*origin.corpora.train, *origin.unlabelled]
    measured = msgspec.structs.replace(
        written, parity=parity, metrics=report.metrics, terms=terms(learned_from)
    )
    draw_calibration(ModelRater(scorer), test, out / "calibration.png")
    draw_curves(origin.progress, out / "learning.png")
    told = dataclasses.replace(report, manifest=measured).markdown(
        f"{card}.md.j2",
        hyper=origin.hyper,
        data=data_lines(learned_from),
    )
    return write_model_folder(out, measured, told)


def write_product(product: Product, out: Path, run: TrainingRun | None = None) -> Manifest:
    """Write the model folder `out`, not measured yet."""
    out.mkdir(parents=True, exist_ok=True)
    product.write(out / "model.onnx")
    tokens = product.encoder.tokens
    assert isinstance(tokens, Vocabulary | Pieces)
    tokens.save(out)
    manifest = Manifest(
        name=out.name,
        version=f"{now()[:10].replace('-', '')}-{sha256_of(out / 'model.onnx')[:8]}",
        task="sentiment",
        architecture=product.architecture,
        sha256="",
        inputs=tuple(TensorSpec(name, SHAPES[name], "int32") for name in product.inputs),
        outputs=(TensorSpec("probabilities", ("rows", len(product.labels)), "float32"),),
        preprocessing=dataclasses.asdict(product.encoder.recipe),
        labels=product.labels,
        thresholds=dict(product.thresholds),
        metrics=(),
        parity=Parity(max_abs_diff=0.0, inputs=0, dataset=""),
        opset=OPSET,
        training=run or TrainingRun(command="", data=(), seed=0),
        languages=("en",),
        files={WORDS_FILE if isinstance(tokens, Vocabulary) else PIECES_FILE: ""},
    )
    return write_model_folder(out, manifest, "Being measured.")


def _feeds(product: Product, examples: Sequence[Example]) -> list[dict[str, NDArray[Any]]]:
    windows = [window for one in examples for window in product.encoder.encode(one.text, [one.target])]
    batches = [collate(windows[at : at + _PARITY_BATCH]) for at in range(0, len(windows), _PARITY_BATCH)]
    return [{name: feed[name] for name in product.inputs} for feed in batches]


def _torch_probabilities(product: Product, feed: Feed) -> NDArray[np.float32]:
    with torch.inference_mode():
        logits = product.network(*(torch.from_numpy(feed[name]).long() for name in product.inputs))
        found: NDArray[np.float32] = logits.softmax(1).numpy()
    return found
