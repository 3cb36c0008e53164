"""The way of the `logos-embedder` model: data -> network -> loop -> ONNX -> negatives -> card."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.errors import SetupError
from monitor.inference.manifest import Manifest, Parity, TrainingRun, sha256_of
from monitor.logos.crops import CropGeometry, cut_crops
from monitor.logos.gallery import load_embedder
from training.data.logo_sets import read_logo_sets
from training.data.pictures import AnnotatedPicture, LogoBox, name_hash
from training.export import commit, machine, now, write_model_folder
from training.logos.canvases import VMWARE_WORDMARK, draw_svg
from training.logos.cards import embedder_card
from training.logos.eight_bit import mean_cosine, store_embedder_in_eight_bits
from training.logos.embedder_ensemble import members
from training.logos.embedder_export import OPSET, embedder_parity, embedder_specs, export_embedder
from training.logos.embedder_network import CropEmbedder
from training.logos.embedder_training import EmbedderHyper, train_embedder
from training.logos.held_out import DRAWN, leave_out
from training.logos.hyper import overridden
from training.logos.negatives import NEGATIVES_FILE, collect_negatives, write_negatives
from training.logos.selection import labels_of, select
from training.logos.training_run import hours_trained
from training.logos.vectors import draw_all, fetch_packages, read_vectors

Pixels = NDArray[np.uint8]

SIDE: Final = 96
"""px of a crop. Half of the logos in the photographs are smaller than this, and the boxes of a picture take
half the time of 128 px."""
STRETCH: Final = 0.5
"""How far crops are drawn toward a square: it names held-back logos better (docs/training-logos.md)."""
_PARITY_PICTURES: Final = 128
VECTORS: Final = "vectors"
"""Folder beside the runs for the fetched packages and their drawings."""


@dataclass(frozen=True)
class EmbedderData:
    """What a run learns from."""

    pictures: list[AnnotatedPicture]
    """With a box around each logo that is learned."""
    logo_free: list[AnnotatedPicture]
    """Whose proposed boxes become negatives."""
    labels: tuple[str, ...]
    drawings: list[Pixels]
    wordmarks: Mapping[str, Pixels]


def make_embedder_model(
    data: Path,
    out: Path,
    run: Path,
    changes: Sequence[str],
    command: str,
    proposer: Path,
    vectors: Path | None = None,
    without: Sequence[str] = (),
) -> Manifest:
    """Train, export, measure; writes the model folder `out` and returns its manifest.

    `vectors` holds vector logos (*.svg, or the packages' *.tgz); without it the packages are fetched once.
    `proposer` is a dense detector's folder: its boxes on logo-free pictures become the negatives.
    Photographs and drawings of the brands in `without` are left out of everything.
    """
    hyper = overridden(EmbedderHyper(), changes)
    material = embedder_data(data, run, vectors, without, hyper)
    geometry = CropGeometry(side=SIDE, stretch=STRETCH)
    learned = (material.pictures, material.labels, material.drawings, material.wordmarks)
    networks = [
        train_embedder(*learned, one.run, one.hyper, geometry, one.mix) for one in members(run, hyper)
    ]
    inputs, outputs = embedder_specs(SIDE, hyper.networks)
    draft = Manifest(
        name=out.name,
        version="",
        task="logo-embedding",
        architecture="crop-embedder",
        sha256="",
        inputs=inputs,
        outputs=outputs,
        preprocessing=msgspec.to_builtins(geometry),
        labels=material.labels,
        thresholds={},
        metrics=(),
        parity=Parity(max_abs_diff=0.0, inputs=0, dataset=""),
        opset=OPSET,
        training=TrainingRun(
            command=command,
            data=tuple(sorted({picture.folder for picture in material.pictures})),
            seed=hyper.seed,
            commit=commit(),
            finished_at=now(),
            hours=round(hours_trained(*(one.run for one in members(run, hyper))), 2),
            machine=machine(),
        ),
    )
    return _hand_over(networks, material, proposer, out, hyper, draft)


def embedder_data(
    data: Path, run: Path, vectors: Path | None, without: Sequence[str], hyper: EmbedderHyper
) -> EmbedderData:
    """Pictures, brands and drawings of a run: all of train and val teach, and close-ups with a label only.

    Raises `SetupError` where no picture has a box.
    """
    pictures = read_logo_sets(data)
    chosen = leave_out(select(pictures), without)
    boxed = [*chosen.train, *chosen.val]
    if not any(picture.targets for picture in boxed):
        raise SetupError(
            f"{data}: no train or val picture has a box around a logo; there is nothing to learn"
        )
    taught = [*boxed, *close_ups(chosen.labelled, hyper.close_ups.split(","))]
    folder = vectors or run.parent / VECTORS
    if vectors is None:
        fetch_packages(folder)
    # Vector logos of all brands of the photographs stay out, so that a run without some sees none of theirs.
    logos = read_vectors(folder, labels_of(pictures))
    logos = sorted(logos, key=lambda logo: name_hash(logo.name))[: hyper.vectors]
    drawings = draw_all(logos, run.parent / VECTORS / "drawings.npz")
    labels = labels_of(taught)
    own = {DRAWN: draw_svg(VMWARE_WORDMARK, 160)} if DRAWN in labels else {}
    logo_free = [picture for picture in [*boxed, *chosen.calibration] if picture.logo_free]
    return EmbedderData(taught, logo_free, labels, drawings, own)


def close_ups(pictures: Sequence[AnnotatedPicture], folders: Sequence[str]) -> list[AnnotatedPicture]:
    """Pictures of one label in these folders, each with a box: its own, or the whole picture."""
    return [
        replace(
            picture, boxes=picture.boxes or (LogoBox(picture.labels[0], 0, 0, picture.width, picture.height),)
        )
        for picture in pictures
        if picture.folder in folders and len(picture.labels) == 1
    ]


def _hand_over(
    networks: Sequence[CropEmbedder],
    material: EmbedderData,
    proposer: Path,
    out: Path,
    hyper: EmbedderHyper,
    draft: Manifest,
) -> Manifest:
    """ONNX file, negatives, card."""
    geometry = msgspec.convert(draft.preprocessing, CropGeometry)
    out.mkdir(parents=True, exist_ok=True)
    crops = _some_crops([picture for picture in material.pictures if picture.targets], geometry)
    parity = _write_model(networks, crops, hyper.export_bits, out / "model.onnx")
    version = f"{now()[:10].replace('-', '')}-{sha256_of(out / 'model.onnx')[:8]}"
    draft = msgspec.structs.replace(draft, version=version, parity=parity)
    write_model_folder(out, draft, "# logos-embedder\n\nBeing measured.")
    embedder = load_embedder(out, threads=hyper.threads)
    negatives = collect_negatives(material.logo_free, material.pictures, proposer, embedder)
    write_negatives(out, negatives)
    final = msgspec.structs.replace(draft, files={NEGATIVES_FILE: ""})
    card = embedder_card(final, material.pictures, len(material.drawings), hyper, len(negatives))
    return write_model_folder(out, final, card)


def _write_model(networks: Sequence[CropEmbedder], crops: Pixels, bits: int, file: Path) -> Parity:
    """Write `file`; the parity is of the same in float32, and says how near 8 bits stay to it."""
    with tempfile.TemporaryDirectory() as folder:
        exact = Path(folder) / "model.onnx"
        export_embedder(networks, crops.shape[1], exact)
        if bits == 8:
            store_embedder_in_eight_bits(exact, file, crops)
            dataset = f"train crops, before 8 bits: cosine to them {mean_cosine(exact, file, crops):.4f}"
        else:
            shutil.copyfile(exact, file)
            dataset = "train crops"
        return embedder_parity(networks, exact, crops, dataset)


def _some_crops(pictures: Sequence[AnnotatedPicture], geometry: CropGeometry) -> Pixels:
    drawn = np.random.default_rng(0).permutation(len(pictures))[:_PARITY_PICTURES]
    return np.concatenate(
        [
            cut_crops(
                pictures[number].load(),
                np.array([box.corners for box in pictures[number].targets], np.float32),
                geometry,
            )
            for number in drawn.tolist()
        ]
    )
