"""The whole way of the `logos-talk` model: crops -> the talk's CNN -> loop -> ONNX -> figures -> card."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from monitor.errors import SetupError
from monitor.inference.manifest import Manifest, Metric, TrainingRun, sha256_of
from monitor.logos.sliding import WindowGeometry
from training.data.logo_sets import read_logo_sets
from training.data.pictures import AnnotatedPicture
from training.export import Feed, commit, machine, measure_parity, now, write_model_folder
from training.logos.average_precision import mean_average_precision
from training.logos.calibration import CalibrationTarget, alarm_rate, calibrate
from training.logos.cards import talk_card
from training.logos.evaluation import only_label
from training.logos.hyper import overridden
from training.logos.scoring import WEAKEST, label_detector, score_pictures
from training.logos.selection import Selection, select
from training.logos.talk_export import OPSET, export_talk, talk_specs
from training.logos.talk_network import HEIGHT, WIDTH, TalkGraph
from training.logos.talk_training import (
    TalkHyper,
    confusion,
    held_out_crops,
    hours_trained,
    probabilities,
    train_talk,
    training_crops,
)
from training.logos.timing import seconds_a_picture

_PARITY_WINDOWS: Final = 512
_CALIBRATION_PICTURES: Final = 40
"""Sliding windows take seconds a picture: a part of the calibration pictures, drawn once, has to do."""


def make_talk_model(data: Path, out: Path, run: Path, changes: Sequence[str], command: str) -> Manifest:
    """Train, export, calibrate, measure; writes the model folder `out` and returns its manifest."""
    hyper = overridden(TalkHyper(), changes)
    chosen = select(read_logo_sets(data, hyper.sets.split(",")))
    for split, own in (("val", chosen.val), ("test", chosen.test)):
        if not any(picture.boxed and hyper.brand in picture.shown for picture in own):
            raise SetupError(f"no {split} picture has a box of {hyper.brand!r} to measure the model on")
    train, test = training_crops(chosen.train, hyper), held_out_crops(chosen.test, hyper)
    network = train_talk(train, held_out_crops(chosen.val, hyper), run, hyper)
    out.mkdir(parents=True, exist_ok=True)
    export_talk(network, out / "model.onnx")

    def torch_outputs(feed: Feed) -> Sequence[NDArray[np.float32]]:
        with torch.inference_mode():
            return [TalkGraph(network).eval()(torch.from_numpy(feed["pixels"])).numpy()]

    windows = test.pixels[np.random.default_rng(0).permutation(len(test.pixels))[:_PARITY_WINDOWS]]
    batches = [{"pixels": windows[at : at + 64]} for at in range(0, len(windows), 64)]
    parity = measure_parity(
        out / "model.onnx", torch_outputs, batches, "test crops; int8 file against float32 torch"
    )
    counts = confusion(probabilities(network, test.pixels) >= 0.5, test.is_brand)
    geometry = WindowGeometry(
        window_width=WIDTH, window_height=HEIGHT, aspect=_aspect(chosen.train, hyper.brand)
    )
    inputs, outputs = talk_specs()
    draft = Manifest(
        name="logos-talk",
        version=f"{now()[:10].replace('-', '')}-{sha256_of(out / 'model.onnx')[:8]}",
        task="logos",
        architecture="talk-cnn-sliding-windows",
        sha256="",
        inputs=inputs,
        outputs=outputs,
        preprocessing=msgspec.to_builtins(geometry),
        labels=(hyper.brand,),
        thresholds={hyper.brand: 0.5},
        metrics=(),
        parity=parity,
        opset=OPSET,
        training=TrainingRun(
            command=command,
            data=tuple(sorted({picture.folder for picture in chosen.train})),
            seed=hyper.seed,
            commit=commit(),
            finished_at=now(),
            hours=round(hours_trained(run), 2),
            machine=machine(),
        ),
    )
    write_model_folder(out, draft, "# logos-talk\n\nBeing measured.")
    thresholds, metrics = _measured(out, chosen, hyper)
    crops_note = f"{len(test.pixels)} crops, {int(test.is_brand.sum())} of them {hyper.brand}"
    metrics = [
        Metric(
            name=f"macro {name}",
            value=counts[f"macro_{name}"],
            dataset=f"crops of {hyper.sets.replace(',', ', ')}",
            split="test",
            note=crops_note,
        )
        for name in ("precision", "recall")
    ] + metrics
    final = msgspec.structs.replace(draft, thresholds=thresholds, metrics=tuple(metrics))
    (run / "confusion.json").write_text(json.dumps(counts, indent=1) + "\n", "utf-8")
    return write_model_folder(out, final, talk_card(final, counts, hyper, chosen, LEARNING_RATE_NOTE))


def _aspect(pictures: Sequence[AnnotatedPicture], brand: str) -> float:
    """The middle of the brand's boxes, width by height."""
    ratios = [
        box.width / box.height for p in pictures for box in p.targets if box.label == brand and box.height > 0
    ]
    return round(float(np.median(ratios)), 2)


def _measured(out: Path, chosen: Selection, hyper: TalkHyper) -> tuple[dict[str, float], list[Metric]]:
    """The threshold from a part of the calibration pictures, then AP50 over the brand's test folder and the
    time."""
    detector = label_detector(out, (hyper.brand,), 0, WEAKEST)
    drawn = np.random.default_rng(0).permutation(len(chosen.calibration))[:_CALIBRATION_PICTURES]
    logo_free = score_pictures(detector, [chosen.calibration[number] for number in drawn], "calibration")
    thresholds = calibrate((hyper.brand,), logo_free, [], CalibrationTarget(confidence=0, lowest=0.5))
    folder = next(p.folder for p in chosen.test if p.boxed and hyper.brand in p.shown)
    test = [picture for picture in chosen.test if picture.folder == folder and picture.boxed]
    found = mean_average_precision(only_label(score_pictures(detector, test, f"{folder} test"), hyper.brand))
    alarms = Metric(
        name="false alarm share",
        value=round(alarm_rate(logo_free, thresholds), 4),
        dataset="logo-free",
        split="calibration",
        note=f"{len(logo_free)} pictures that set the threshold",
    )
    return thresholds, [
        *([alarms] if logo_free else []),
        Metric(
            name=f"AP50 {hyper.brand}",
            value=round(found.value, 4),
            dataset=folder,
            split="test",
            note=f"windows over {len(test)} pictures; 95% interval {found.low:.3f} to {found.high:.3f}",
        ),
        Metric(
            name="seconds per picture",
            value=round(seconds_a_picture(label_detector(out, (hyper.brand,), 1, 0.5), test[:3]), 2),
            dataset=folder,
            split="test",
            note=f"640 x 480, one CPU thread; {machine()}",
        ),
    ]


LEARNING_RATE_NOTE: Final = """\
Learning rates: 3e-4, first dense layer 3e-5. The slides' (1e-2 and 1e-3, with torch's Adam) do not train:
after an epoch with them the mean loss was 227, where always guessing the same scores 0.46, and no val crop
was called the brand
(`brand-train logos --arch talk --set rate=1e-2 --set first_dense_rate=1e-3 --set epochs=1`).
"""
