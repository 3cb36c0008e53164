"""The whole way of the `logos` model: data -> network -> loop -> ONNX -> thresholds -> figures -> card."""

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from monitor.errors import SetupError
from monitor.inference import load_manifest
from monitor.inference.manifest import Manifest, Metric, TrainingRun, sha256_of
from monitor.logos.dense import LARGE_LEVELS, DenseGeometry
from training.data.logo_sets import read_logo_sets
from training.export import commit, machine, now, write_model_folder
from training.logos.average_precision import average_precision, labels_marked, mean_average_precision
from training.logos.calibration import (
    CalibrationTarget,
    alarm_rate,
    calibrate,
    check_enough,
    without_look_alikes,
)
from training.logos.canvases import CanvasMix
from training.logos.cards import TRAINED_ON, dense_card, trained_section
from training.logos.dense_export import OPSET, PARITY_LEVEL, dense_parity, dense_specs, export_dense
from training.logos.dense_training import DenseHyper, train_dense
from training.logos.eight_bit import store_in_eight_bits
from training.logos.evaluation import MIN_BOXES, evaluate_models
from training.logos.held_out import leave_out, trained_labels
from training.logos.hyper import overridden
from training.logos.scoring import WEAKEST, label_detector, score_pictures
from training.logos.selection import Selection, labels_of, select
from training.logos.training_run import hours_trained

FLOAT: Final = "float"
"""Folder of a run for the model as it was trained."""
_PARITY_PICTURES: Final = 256
_DRAWS: Final = 1000


def make_dense_model(
    data: Path, out: Path, run: Path, changes: Sequence[str], command: str, without: Sequence[str] = ()
) -> Manifest:
    """Train, export, calibrate, measure; writes the model folder `out` and returns its manifest.

    Photographs of the brands in `without` are left out of every part of the data. The model as it was
    trained, in float32, stays in `run`/float.
    """
    hyper = overridden(DenseHyper(), changes)
    chosen = leave_out(select(read_logo_sets(data)), without)
    say_what_is_missing(chosen)
    labels = trained_labels(chosen.train, without)
    network = train_dense(chosen.train, labels, run, hyper, CanvasMix())
    exact = run / FLOAT
    exact.mkdir(parents=True, exist_ok=True)
    export_dense(network, exact / "model.onnx")
    split, compared = ("val", chosen.val) if chosen.val else ("train", chosen.train)
    drawn = np.random.default_rng(0).permutation(len(compared))[:_PARITY_PICTURES]
    parity = dense_parity(
        network,
        exact / "model.onnx",
        [compared[number] for number in drawn],
        f"{split} pictures, level of {PARITY_LEVEL} px",
    )
    inputs, outputs = dense_specs(len(labels))
    draft = Manifest(
        name="logos",
        version=_version(exact / "model.onnx"),
        task="logos",
        architecture="dense-pyramid",
        sha256="",
        inputs=inputs,
        outputs=outputs,
        preprocessing=msgspec.to_builtins(DenseGeometry(large_levels=LARGE_LEVELS)),
        labels=labels,
        thresholds=dict.fromkeys(labels, WEAKEST),
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
    write_model_folder(exact, draft, f"# logos\n\n{trained_section(draft, chosen, hyper)}")
    return finish_dense_model(data, exact, out, run, without, bits=hyper.export_bits)


def say_what_is_missing(chosen: Selection) -> None:
    """Before the training: what these pictures cannot show, on the terminal.

    Raises `SetupError` where there is nothing to learn, or too few logo-free pictures for thresholds.
    """
    if not labels_of(chosen.train):
        raise SetupError("no train picture has a box around a logo: there is nothing to learn")
    check_enough(len(chosen.calibration), CalibrationTarget())
    missing = {
        "pictures without logos (a folder of their own), so no false-alarm rate is known, and thresholds "
        "stand on pictures of other brands alone": not chosen.calibration,
        "val pictures with a box, so no figures on val": not labels_of(chosen.val),
        f"folder with {MIN_BOXES} boxes in test pictures, so no mAP on test": not any(
            boxes >= MIN_BOXES for boxes in Counter(p.folder for p in chosen.test for _ in p.targets).values()
        ),
    }
    for what, is_missing in missing.items():
        if is_missing:
            print(f"no {what}", flush=True)


def finish_dense_model(
    data: Path, exact: Path, out: Path, run: Path, without: Sequence[str] = (), *, bits: int = 8
) -> Manifest:
    """Store, calibrate and measure the trained model in the folder `exact`; writes `out` and returns its
    manifest.

    `bits` of the backbone: 8, or 32 for as it is. What `exact` says of its training stays; measurements go to
    `run`. Raises `SetupError` where `exact` holds no dense model in float32.
    """
    chosen = leave_out(select(read_logo_sets(data)), without)
    trained = load_manifest(exact)
    section = (exact / "CARD.md").read_text("utf-8").partition(TRAINED_ON)[2].partition("\n## ")[0]
    out.mkdir(parents=True, exist_ok=True)
    if bits == 8:
        store_in_eight_bits(exact / "model.onnx", out / "model.onnx", chosen.train, seed=0)
    else:
        shutil.copyfile(exact / "model.onnx", out / "model.onnx")
    draft = msgspec.structs.replace(trained, version=_version(out / "model.onnx"))
    draft = write_model_folder(out, draft, "# logos\n\nBeing calibrated.")
    calibrated, val_metrics = _calibrated(draft, out, chosen)
    write_model_folder(out, calibrated, "# logos\n\nBeing measured.")
    report = evaluate_models(out, data, _DRAWS, without=without)
    in_float = _calibrated(trained, exact, chosen)[1] if bits == 8 else []
    metrics = [*val_metrics]
    for row in report.folders:
        part = "photographs" if row.photographs_only else "all pictures"
        note = f"{part}; 95% interval {row.map50.low:.3f} to {row.map50.high:.3f}"
        metrics.append(
            Metric(name="mAP50", value=round(row.map50.value, 4), dataset=row.folder, split="test", note=note)
        )
    if report.false_alarm_share is not None:
        note = f"{report.negatives} pictures, shipped thresholds"
        share = round(report.false_alarm_share, 4)
        metrics.append(
            Metric(name="false alarm share", value=share, dataset="logo-free", split="test", note=note)
        )
    if report.seconds is not None:
        note = f"640 x 480, JPEG bytes to boxes, one CPU thread; {report.machine}"
        value = round(report.seconds, 3)
        metrics.append(
            Metric(name="seconds per picture", value=value, dataset=report.timed, split="test", note=note)
        )
    final = msgspec.structs.replace(calibrated, metrics=tuple(metrics))
    report.write(run)
    return write_model_folder(out, final, dense_card(final, report, f"{TRAINED_ON}{section}", in_float))


def _version(file: Path) -> str:
    return f"{now()[:10].replace('-', '')}-{sha256_of(file)[:8]}"


def _calibrated(draft: Manifest, out: Path, chosen: Selection) -> tuple[Manifest, list[Metric]]:
    """Thresholds from the calibration and the val pictures, and the val figures on the way, as far as there
    are pictures for them."""
    detector = label_detector(out, draft.labels, 0, WEAKEST)
    logo_free = score_pictures(detector, chosen.calibration, "calibration")
    others, metrics = [], []
    for folder in sorted({picture.folder for picture in chosen.val}):
        scored = score_pictures(detector, [p for p in chosen.val if p.folder == folder], f"{folder} val")
        others += without_look_alikes(scored)
        if not labels_marked(scored):
            continue
        found = mean_average_precision(scored, _DRAWS)
        note = f"95% interval {found.low:.3f} to {found.high:.3f}"
        metrics.append(
            Metric(name="mAP50", value=round(found.value, 4), dataset=folder, split="val", note=note)
        )
        if "vmware" in labels_marked(scored):
            boxes = sum(box.label == "vmware" and not box.ignore for s in scored for box in s.marked)
            value = round(average_precision(scored, "vmware"), 4)
            note = f"{boxes} boxes of one repository kept out of training"
            metrics[-1] = Metric(name="AP50 vmware", value=value, dataset=folder, split="val", note=note)
    target = CalibrationTarget()
    thresholds = calibrate(draft.labels, logo_free, others, target)
    if logo_free:
        note = f"{len(logo_free)} pictures that set the thresholds"
        share = round(alarm_rate(logo_free, thresholds), 4)
        metrics.append(
            Metric(name="false alarm share", value=share, dataset="logo-free", split="calibration", note=note)
        )
    return msgspec.structs.replace(draft, thresholds=thresholds), metrics
