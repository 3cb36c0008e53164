"""Trains the talk's CNN on crops of one brand against the rest, as the talk did for VMware.

    brand-train logos --arch talk --data DIR --out onnx_models/logos-talk

Every epoch ends with a checkpoint; the same command goes on from it.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F  # noqa: N812
from tqdm import tqdm

from monitor.errors import SetupError
from training.data.pictures import AnnotatedPicture
from training.logos.convolutions import AS_THE_CPU, in_half
from training.logos.crops import Crop, CropKind, CropPlan, plan_crops
from training.logos.talk_network import (
    HEIGHT,
    WIDTH,
    TalkGraph,
    TalkNetwork,
    add_penalties,
    renormalise_layers,
)


@dataclass(frozen=True)
class TalkHyper:
    """The talk's settings, and where they are ours."""

    brand: str = (
        "cocacola"  # the fl27 brand with most boxes among those with most photographs; a wordmark, as VMware
    )
    sets: str = "fl27,tl10,negatives"  # photographs; comma-separated
    epochs: int = 10
    batch: int = 64  # crops; the slides do not say
    rate: float = 3e-4  # Adam, all layers but the first dense one; the slides' 1e-2 does not train
    first_dense_rate: float = 3e-5  # a tenth of the others, as in the slides (1e-3)
    bias_rate_factor: float = 2.0
    l1: float = 1e-4
    l2: float = 5e-4
    dropout: float = 0.2
    positives: int = 883  # crops of the brand, as in the talk: its boxes and moved copies of them
    negatives: int = 4318  # crops of anything else, as in the talk
    seed: int = 1
    threads: int = 1
    bits: int = AS_THE_CPU  # of convolutions in training: 16 is bfloat16, 32 float32, 0 the faster of both


@dataclass(frozen=True, slots=True)
class CropSet:
    """`pixels` uint8 (N, 22, 75, 3), BGR; `is_brand` (N,)."""

    pixels: NDArray[np.uint8]
    is_brand: NDArray[np.bool_]


_TALK_ASPECT: Final = WIDTH / HEIGHT
_CHECKPOINT: Final = "checkpoint.pt"


def training_crops(pictures: Sequence[AnnotatedPicture], hyper: TalkHyper) -> CropSet:
    """`hyper.positives` crops of the brand and `hyper.negatives` others: half of these near its logos or of
    others."""
    rng = np.random.default_rng(hyper.seed)
    with_brand = [p for p in pictures if any(box.label == hyper.brand for box in p.targets)]
    if not with_brand:
        raise SetupError(f"no picture shows {hyper.brand!r}; name a label of the data with --set brand=LABEL")
    boxes = sum(box.label == hyper.brand for picture in with_brand for box in picture.targets)
    moved = -(-hyper.positives // boxes) - 1
    own = list(
        plan_crops(with_brand, CropPlan(moved=moved, near=16, background=20, aspect=_TALK_ASPECT), hyper.seed)
    )
    logos = [crop for crop in own if crop.label == hyper.brand]
    around = [crop for crop in own if crop.label == "background"]
    others = [
        crop
        for crop in plan_crops(pictures, CropPlan(near=1, background=3, aspect=_TALK_ASPECT), hyper.seed + 1)
        if crop.label != hyper.brand
    ]
    chosen = [logos[number] for number in rng.permutation(len(logos))[: hyper.positives]]
    near = [around[number] for number in rng.permutation(len(around))[: hyper.negatives // 3]]
    rest = [others[number] for number in rng.permutation(len(others))[: hyper.negatives - len(near)]]
    return cut_crops([*chosen, *near, *rest], hyper.brand)


def held_out_crops(pictures: Sequence[AnnotatedPicture], hyper: TalkHyper) -> CropSet:
    """True crops only, none moved: every logo of the brand, every other logo, one hard and two plain
    backgrounds."""
    crops = plan_crops(pictures, CropPlan(near=1, background=2, aspect=_TALK_ASPECT), hyper.seed + 2)
    return cut_crops(
        [crop for crop in crops if crop.kind is CropKind.LOGO or crop.label == "background"], hyper.brand
    )


def cut_crops(crops: Sequence[Crop], brand: str) -> CropSet:
    """Cut and squeeze to 75 x 22."""
    by_picture = sorted(range(len(crops)), key=lambda number: str(crops[number].picture.path))
    pixels = np.empty((len(crops), HEIGHT, WIDTH, 3), np.uint8)
    path, picture = None, None
    for number in by_picture:
        crop = crops[number]
        if crop.picture.path != path or picture is None:
            path, picture = crop.picture.path, crop.picture.load()
        piece = crop.cut(picture)
        how = cv2.INTER_AREA if piece.shape[1] > WIDTH else cv2.INTER_LINEAR
        pixels[number] = cv2.resize(piece, (WIDTH, HEIGHT), interpolation=how)
    return CropSet(pixels, np.array([crop.label == brand for crop in crops]))


def train_talk(train: CropSet, val: CropSet, run: Path, hyper: TalkHyper) -> TalkNetwork:
    """Train (or go on training) in the folder `run`; returns the network in evaluation mode."""
    torch.set_num_threads(hyper.threads)
    run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(hyper.seed)
    network = TalkNetwork(hyper.dropout)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(_groups(network, hyper), foreach=False)
    first, half = 0, in_half(hyper.bits)
    if (run / _CHECKPOINT).exists():
        stored = torch.load(run / _CHECKPOINT, weights_only=True)
        network.load_state_dict(stored["network"])
        optimizer.load_state_dict(stored["optimizer"])
        first = stored["epoch"]
    with (run / "log.jsonl").open("a", encoding="utf-8") as log:
        for epoch in range(first, hyper.epochs):
            line = {
                "epoch": epoch + 1,
                **_epoch(network, optimizer, train, hyper, epoch, half),
                **_check(network, val),
            }
            print(json.dumps(line), file=log, flush=True)
            print(line, flush=True)
            partial = run / (_CHECKPOINT + ".partial")
            state = {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch + 1}
            torch.save(state, partial)
            partial.replace(run / _CHECKPOINT)
    return network.eval()


def _groups(network: TalkNetwork, hyper: TalkHyper) -> list[dict[str, Any]]:
    """Learning rates by layer, and twice that for biases, as the slides list them."""
    groups = []
    for layer in network.weighted_layers():
        rate = hyper.first_dense_rate if layer is network.dense[0] else hyper.rate
        groups.append({"params": [layer.weight], "lr": rate})
        groups.append({"params": [layer.bias], "lr": rate * hyper.bias_rate_factor})
    return groups


def _epoch(
    network: TalkNetwork,
    optimizer: torch.optim.Optimizer,
    train: CropSet,
    hyper: TalkHyper,
    epoch: int,
    half: bool,
) -> dict[str, float]:
    """One pass over the crops in an order fixed by seed and epoch."""
    network.train()
    torch.manual_seed(hyper.seed * 1000 + epoch)  # dropout; an epoch is the same whether resumed into or not
    order = np.random.default_rng([hyper.seed, epoch]).permutation(len(train.pixels))
    started, total = time.monotonic(), 0.0
    starts = range(0, len(order), hyper.batch)
    for start in tqdm(starts, desc=f"epoch {epoch + 1}/{hyper.epochs}", unit="batch", mininterval=5):
        chunk = order[start : start + hyper.batch]
        wanted = torch.from_numpy(train.is_brand[chunk].astype(np.int64))
        # Convolutions alone; weights, gradients and the optimiser stay in float32.
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            logits = network(_as_input(train.pixels[chunk]))
        loss = F.cross_entropy(logits.float(), wanted)
        optimizer.zero_grad(set_to_none=False)
        loss.backward()  # type: ignore[no-untyped-call]
        add_penalties(network, hyper.l1, hyper.l2)
        renormalise_layers(network)
        optimizer.step()
        total += loss.item() * len(chunk)
    return {"loss": round(total / len(order), 5), "seconds": round(time.monotonic() - started, 1)}


def hours_trained(run: Path) -> float:
    """Of all epochs of the run, whenever they were."""
    lines = (run / "log.jsonl").read_text("utf-8").splitlines()
    return float(sum(json.loads(line)["seconds"] for line in lines)) / 3600


def _as_input(pixels: NDArray[np.uint8]) -> torch.Tensor:
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255.0
    return x.contiguous(memory_format=torch.channels_last)


def _check(network: TalkNetwork, crops: CropSet) -> dict[str, float]:
    found = probabilities(network, crops.pixels) >= 0.5
    counts = confusion(found, crops.is_brand)
    return {"val_" + name: value for name, value in counts.items()}


def probabilities(network: TalkNetwork, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Probability of the brand for each window, (N,)."""
    graph = TalkGraph(network).eval()
    with torch.inference_mode():
        parts = [graph(torch.from_numpy(pixels[at : at + 128]))[:, 1] for at in range(0, len(pixels), 128)]
    return np.asarray(torch.cat(parts).numpy(), np.float32)


def confusion(found: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> dict[str, float]:
    """The talk's figures: hits, missed, false alarms, rightly silent; macro precision and recall."""
    hit, missed = int((found & wanted).sum()), int((~found & wanted).sum())
    false, silent = int((found & ~wanted).sum()), int((~found & ~wanted).sum())
    precision = (_share(hit, hit + false) + _share(silent, silent + missed)) / 2
    recall = (_share(hit, hit + missed) + _share(silent, silent + false)) / 2
    return {
        "hit": hit,
        "missed": missed,
        "false": false,
        "silent": silent,
        "macro_precision": round(precision, 4),
        "macro_recall": round(recall, 4),
    }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
