"""The last steps of a sentiment run, the same for every architecture.

1. Write model.onnx and the files beside it.
2. Prove on real texts that the file equals the torch model.
3. Write the manifest, load the folder as the service does, measure it on the test splits.
4. Write figures into manifest and card.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from monitor.inference import Manifest, TensorSpec
from monitor.inference.manifest import Parity, TrainingRun, sha256_of
from monitor.sentiment.encoding import Encoder, collate
from monitor.sentiment.scorer import SentimentScorer, load_scorer
from monitor.settings import Device
from training.data.texts import Example
from training.export import Feed, measure_parity, now, write_model_folder
from training.sentiment.evaluation import Results, as_metrics, evaluate
from training.sentiment.graph import OPSET

# Small batches, so that many lengths and paddings are compared.
_PARITY_BATCH: Final = 32
_SHAPES: Final[dict[str, tuple[int | str, ...]]] = {
    "tokens": ("windows", "length"),
    "lengths": ("windows",),
    "questions": ("rows", 3),
}


@dataclass(frozen=True)
class Product:
    """What a run has made.

    `inputs` are names that `collate` gives; `probabilities` runs the torch model on them, in this order, as
    int64; `write` writes model.onnx, `files` the further files (name -> writer into the folder).
    """

    architecture: str
    labels: tuple[str, ...]
    inputs: tuple[str, ...]
    encoder: Encoder
    probabilities: Callable[..., Tensor]
    write: Callable[[Path], None]
    files: Mapping[str, Callable[[Path], None]]
    thresholds: Mapping[str, float] = field(default_factory=dict)
    languages: tuple[str, ...] = ("en",)
    """Primary subtags of the languages of the texts it learned from; texts in others are not scored."""


def hand_over(
    product: Product,
    out: Path,
    parity: Mapping[str, Sequence[Example]],
    test: Mapping[str, Sequence[Example]],
    run: TrainingRun,
    card: Callable[[Manifest, Results, SentimentScorer], str],
) -> Manifest:
    """Write and measure the model folder `out`; `parity` and `test` map sets to examples."""
    sealed = write_product(product, out, run)
    compared = measure_parity(
        out / "model.onnx",
        lambda feed: [_torch_probabilities(product, feed)],
        _feeds(product, [one for examples in parity.values() for one in examples]),
        f"dev texts of {', '.join(parity)}",
    )
    scorer = load_scorer(out, Device.CPU)
    results = evaluate(scorer, test)
    measured = msgspec.structs.replace(sealed, parity=compared, metrics=as_metrics(results, "test"))
    return write_model_folder(out, measured, card(measured, results, scorer))


def write_product(product: Product, out: Path, run: TrainingRun | None = None) -> Manifest:
    """Write the model folder `out`, not measured yet."""
    out.mkdir(parents=True, exist_ok=True)
    product.write(out / "model.onnx")
    for write in product.files.values():
        write(out)
    manifest = Manifest(
        name=out.name,
        version=f"{now()[:10].replace('-', '')}-{sha256_of(out / 'model.onnx')[:8]}",
        task="sentiment",
        architecture=product.architecture,
        sha256="",
        inputs=tuple(TensorSpec(name, _SHAPES[name], "int32") for name in product.inputs),
        outputs=(TensorSpec("probabilities", ("rows", len(product.labels)), "float32"),),
        preprocessing=dataclasses.asdict(product.encoder.recipe),
        labels=product.labels,
        thresholds=dict(product.thresholds),
        metrics=(),
        parity=Parity(max_abs_diff=0.0, inputs=0, dataset=""),
        opset=OPSET,
        training=run or TrainingRun(command="", data=(), seed=0),
        languages=product.languages,
        files=dict.fromkeys(product.files, ""),
    )
    return write_model_folder(out, manifest, "Being measured.")


def _feeds(product: Product, examples: Sequence[Example]) -> list[dict[str, NDArray[Any]]]:
    windows = [window for one in examples for window in product.encoder.encode(one.text, [one.target])]
    batches = [collate(windows[i : i + _PARITY_BATCH]) for i in range(0, len(windows), _PARITY_BATCH)]
    return [{name: feed[name] for name in product.inputs} for feed in batches]


def _torch_probabilities(product: Product, feed: Feed) -> NDArray[np.float32]:
    with torch.inference_mode():
        inputs = [torch.from_numpy(feed[name]).long() for name in product.inputs]
        found: NDArray[np.float32] = product.probabilities(*inputs).numpy()
    return found
