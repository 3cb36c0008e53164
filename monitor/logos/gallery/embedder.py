"""The embedder: crops in, unit vectors out; crops of one logo lie close together, those of others apart.

Architecture "crop-embedder" in the manifest. Its `preprocessing` holds a `CropGeometry`. Beside the model
lies `negatives.npz`: embeddings of boxes that a detector proposed on pictures without logos, or with those of
many brands; new brands' thresholds are calibrated on them.
"""

from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from monitor.errors import SetupError
from monitor.inference import ModelSession, open_session
from monitor.logos.crops import CropGeometry
from monitor.logos.gallery.entries import Embeddings
from monitor.logos.windows import Pixels
from monitor.settings import Device

_CROPS_A_RUN: Final = 16
"""Bounds memory (some MB a crop inside the network), and on a GPU the number of shapes to plan for."""
_NEGATIVES: Final = "negatives.npz"


class Embedder:
    """Makes embeddings. Thread-safe; `embed` blocks for as long as the model takes."""

    def __init__(self, model: ModelSession) -> None:
        self._model = model
        self.geometry = model.preprocessing(CropGeometry)

    @property
    def identity(self) -> str:
        """`name@version`; embeddings of different embedders are not comparable."""
        return self._model.manifest.identity

    @property
    def device(self) -> Device:
        """Where it really runs."""
        return self._model.device

    def warm_up(self) -> None:
        """Run a full set of crops once."""
        self.embed(np.zeros((_CROPS_A_RUN, self.geometry.side, self.geometry.side, 3), np.uint8))

    def embed(self, crops: Pixels) -> Embeddings:
        """(N, side, side, 3) uint8 BGR -> (N, D) float32, each row of length 1."""
        runs = []
        for start in range(0, len(crops), _CROPS_A_RUN):
            chunk = crops[start : start + _CROPS_A_RUN]
            count = len(chunk)
            if self.device is Device.CUDA and count < _CROPS_A_RUN:  # one shape, planned once
                chunk = np.concatenate([chunk, np.zeros((_CROPS_A_RUN - count, *chunk.shape[1:]), np.uint8)])
            (embeddings,) = self._model.run(pixels=chunk)
            runs.append(embeddings[:count])
        return unit(np.concatenate(runs)) if runs else np.empty((0, self._dimensions), np.float32)

    @property
    def _dimensions(self) -> int:
        last = self._model.manifest.outputs[0].shape[-1]
        assert isinstance(last, int), "the embedding's length is fixed"
        return last

    @cached_property
    def negatives(self) -> Embeddings:
        """(M, D) embeddings of boxes without the brand that is being added, whichever it is.

        Raises `SetupError` where the file is not there or not what the manifest promises.
        """
        path = self._model.directory / _NEGATIVES
        if _NEGATIVES not in self._model.manifest.files:
            raise SetupError(
                f"{self._model.directory}/manifest.json lists no {_NEGATIVES}: no threshold can be "
                "calibrated; train the embedder anew"
            )
        try:
            with np.load(path, allow_pickle=False) as stored:
                embeddings = stored["embeddings"]
        except (OSError, ValueError, KeyError) as error:
            raise SetupError(f"{path}: {error}; train the embedder anew") from error
        if embeddings.ndim != 2 or embeddings.shape[1] != self._dimensions:
            raise SetupError(
                f"{path} has embeddings of shape {embeddings.shape}, not (M, {self._dimensions}); "
                "train the embedder anew"
            )
        return unit(embeddings.astype(np.float32))


def unit(vectors: Embeddings) -> Embeddings:
    """Each row scaled to length 1; stored half precision and mean vectors are a little off."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def load_embedder(model_dir: Path, device: Device = Device.AUTO, threads: int = 0) -> Embedder:
    """Load the embedder of a model folder. Raises `SetupError` for a folder that holds none."""
    model = open_session(model_dir, device, threads)
    manifest = model.manifest
    if manifest.task != "logo-embedding" or manifest.architecture != "crop-embedder":
        raise SetupError(
            f"{model_dir} holds a {manifest.task} model of architecture {manifest.architecture!r}, not a "
            "crop-embedder: set MONITOR_LOGO_EMBEDDER to one"
        )
    return Embedder(model)
