"""The one interface of all logo detectors, and the choice among them by the model's manifest."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.brands import Brands
from monitor.errors import SetupError
from monitor.inference import Manifest, ModelSession, open_session
from monitor.logos.dense import DenseDetector
from monitor.logos.evidence import Look
from monitor.logos.sliding import SlidingWindowDetector
from monitor.messages import Detection
from monitor.settings import Device


class LogoDetector(Protocol):
    """Finds logos in pictures.

    `detect` blocks for as long as the model takes and may be called from several threads at once; call it
    from a worker thread, never from the event loop. It raises nothing for any picture of at least 1 x 1
    pixel: whatever reaches it was decoded by `monitor.logos.decoding`.
    """

    @property
    def manifest(self) -> Manifest:
        """The model behind it."""

    @property
    def identity(self) -> str:
        """The model version in database rows: equal identities, equal detections."""

    @property
    def device(self) -> Device:
        """Where it really runs."""

    def warm_up(self) -> None:
        """Run the usual shapes once, so that the first picture does not pay for planning."""

    def detect(self, pictures: Sequence[NDArray[np.uint8]]) -> list[tuple[Detection, ...]]:
        """Detections of each picture (uint8, height x width x 3, BGR), best score first.

        Boxes are relative and inside 0..1; a picture scores the same alone and in a batch; labels that no
        brand of brands.toml lists are not reported.
        """

    def look(self, pictures: Sequence[NDArray[np.uint8]]) -> list[tuple[Look, ...]]:
        """What `detect` finds and weaker places too, each with the score it would need alone, best first.

        For whoever has further evidence (`monitor.logos.evidence`); as blocking and as safe as `detect`.
        """


_Implementation = Callable[[ModelSession, Mapping[str, str], Mapping[str, float]], LogoDetector]

_ARCHITECTURES: Final[dict[str, _Implementation]] = {
    "dense-pyramid": DenseDetector,
    "talk-cnn-sliding-windows": SlidingWindowDetector,
}
"""Manifest architecture -> implementation. A single-shot detector is one more line here; the brand gallery
(`monitor.logos.gallery`) wraps the dense one."""


def load_detector(
    model_dir: Path,
    brands: Brands,
    device: Device = Device.AUTO,
    threads: int = 0,
    *,
    threshold: float | None = None,
) -> LogoDetector:
    """Load the detector of a model folder.

    `threshold` replaces every label's calibrated one (evaluation needs the weak detections too).
    Raises `SetupError` for a folder that is no logo model, or a device that does not come up.
    """
    model = open_session(model_dir, device, threads)
    manifest = model.manifest
    implementation = _ARCHITECTURES.get(manifest.architecture)
    if manifest.task != "logos" or implementation is None:
        raise SetupError(
            f"{model_dir} holds a {manifest.task} model of architecture {manifest.architecture!r}; "
            f"the logo room knows {', '.join(_ARCHITECTURES)}: set MONITOR_LOGO_MODEL to one of those"
        )
    names = {label: brand.name for label, brand in brands.by_logo().items()}
    if threshold is None:
        missing = sorted(set(manifest.labels) - set(manifest.thresholds))
        if missing:
            raise SetupError(
                f"{model_dir}/manifest.json has no threshold for {', '.join(missing)}; train it anew"
            )
        thresholds = manifest.thresholds
    else:
        thresholds = dict.fromkeys(manifest.labels, threshold)
    return implementation(model, names, thresholds)
