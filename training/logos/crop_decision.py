"""Which trained brand a crop shows, by its embedding and what the embedder learned of the brands.

`brands.npz` beside the embedder holds `vectors` (brands, D) in the order of the manifest's labels, `none`
(networks, V, D / networks) for crops without a logo, and `lowered`: how much is taken off the logit of
"no logo" when a crop is named among given brands. To tell one brand from
the rest is another question, with an operating point of its own, `told_lowered`: the rest are all other
brands, and none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.errors import SetupError
from monitor.inference import load_manifest
from monitor.logos.gallery.embedder import unit

BRANDS_FILE: Final = "brands.npz"
_PARTS: Final = frozenset({"vectors", "none", "lowered", "told_lowered"})
_SCALE: Final = 20.0
"""Cosines times this are logits, as in training (`training.logos.embedder_loss`)."""

Embeddings = NDArray[np.float32]


@dataclass(frozen=True)
class CropDecision:
    """Turns embeddings into probabilities of brands and of none."""

    labels: tuple[str, ...]
    vectors: Embeddings
    none: Embeddings
    lowered: float
    told_lowered: float

    def probabilities(self, embeddings: Embeddings, among: Sequence[str] = ()) -> NDArray[np.float32]:
        """(N, D) -> (N, brands + 1), none last; only over `among` where given, in its order."""
        logits = self._logits(embeddings)
        logits[:, -1] -= self.lowered
        if among:
            logits = logits[:, [*(self.labels.index(label) for label in among), -1]]
        raised = np.exp(logits - logits.max(1, keepdims=True))
        return np.asarray(raised / raised.sum(1, keepdims=True), np.float32)

    def told(self, embeddings: Embeddings) -> NDArray[np.int64]:
        """(N, D) -> (N,): the brand told from all others and none; none is as many as there are brands."""
        logits = self._logits(embeddings)
        logits[:, -1] -= self.told_lowered
        return np.asarray(logits.argmax(1), np.int64)

    def _logits(self, embeddings: Embeddings) -> Embeddings:
        """(N, brands + 1), none last and not lowered."""
        none = self._none(embeddings)[:, None]
        return np.asarray(_SCALE * np.concatenate([embeddings @ self.vectors.T, none], 1), np.float32)

    def _none(self, embeddings: Embeddings) -> Embeddings:
        """Cosine to the nearest vector of none, the mean over the networks whose embeddings lie side by
        side."""
        parts = unit(embeddings.reshape(-1, self.none.shape[2])).reshape(len(embeddings), len(self.none), -1)
        cosines = np.einsum("nkd,kvd->nkv", parts, self.none)
        return np.asarray(cosines.max(2).mean(1), np.float32)

    def write(self, folder: Path) -> None:
        """brands.npz."""
        np.savez_compressed(
            folder / BRANDS_FILE,
            vectors=self.vectors.astype(np.float16),
            none=self.none.astype(np.float16),
            lowered=np.float32(self.lowered),
            told_lowered=np.float32(self.told_lowered),
        )


def read_decision(folder: Path) -> CropDecision:
    """Of a trained embedder's folder; raises `SetupError` where there is none or it was changed."""
    manifest = load_manifest(folder)
    if BRANDS_FILE not in manifest.files:
        raise SetupError(f"{folder}/manifest.json lists no {BRANDS_FILE}: train the embedder anew")
    with np.load(folder / BRANDS_FILE, allow_pickle=False) as stored:
        if missing := _PARTS - set(stored.files):
            raise SetupError(
                f"{folder}/{BRANDS_FILE} lacks {', '.join(sorted(missing))}: train the embedder anew"
            )
        parts = {name: stored[name].astype(np.float32) for name in ("vectors", "none")}
        if parts["none"].ndim != 3:
            raise SetupError(f"{folder}/{BRANDS_FILE} is of an older form: train the embedder anew")
        return CropDecision(
            labels=manifest.labels,
            **parts,
            lowered=float(stored["lowered"]),
            told_lowered=float(stored["told_lowered"]),
        )
