"""Pictures -> what they show: the look of them, the letters in them, and one decision."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from monitor.brands import Brands
from monitor.inference import Manifest
from monitor.inference.cores import shared_cores
from monitor.logos import evidence
from monitor.logos.detector import LogoDetector, load_detector
from monitor.logos.evidence import Look, Lost, Veto
from monitor.logos.words.names import Letters, NameReader, load_name_reader
from monitor.messages import Detection
from monitor.settings import Device, Settings


@dataclass(frozen=True, slots=True)
class Found:
    """What one picture shows, best first, and how that came about."""

    detections: tuple[Detection, ...]
    vetoes: tuple[Veto, ...] = ()
    lost: tuple[Lost, ...] = ()
    looks: tuple[Look, ...] = ()
    """All that was seen, weak ones too."""
    letters: Letters | None = None
    """All that was read; None where nobody reads, or they could not be read."""
    unread: str | None = None
    """Why its letters could not be read; then the look counts alone, and the picture is due again. None
    where they were read, and where nobody reads."""


@dataclass(frozen=True)
class LogoFinder:
    """Detector and reader of letters as one; cheap to make, safe to share between threads."""

    detector: LogoDetector
    letters: NameReader | None = None
    """None: nobody reads (`MONITOR_OCR=false`)."""
    side_by_side: Executor | None = None
    """Where pictures are looked at and read, each in a piece of work of its own; None: all in one run of the
    detector, then read one after the other, as suits a GPU."""

    @property
    def identity(self) -> str:
        """The model version in database rows: equal identities, equal detections."""
        if self.letters is None:
            return self.looking_alone
        return f"{self.detector.identity}+{self.letters.identity}+evidence-{evidence.digest()}"

    @property
    def looking_alone(self) -> str:
        """The version of a scan whose letters were not read."""
        return f"{self.detector.identity}+evidence-{evidence.digest()}"

    @property
    def manifest(self) -> Manifest:
        """The detector's."""
        return self.detector.manifest

    @property
    def device(self) -> Device:
        """Where the detector really runs."""
        return self.detector.device

    def warm_up(self) -> None:
        """Run the detector's usual shapes once; the reader has read a word when it was loaded."""
        self.detector.warm_up()

    def find(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Found]:
        """What each picture (uint8, height x width x 3, BGR, at least 1 x 1 pixel) shows.

        Blocks for as long as the models take: call it from a worker thread. Raises nothing for any picture.
        """
        looks: Iterable[tuple[Look, ...]]
        read: Iterable[tuple[Letters | None, str | None]]
        if self.side_by_side is None:
            looks, read = self.detector.look(pictures), map(self._read, pictures)
        else:
            alone = [[picture] for picture in pictures]
            looks = chain.from_iterable(self.side_by_side.map(self.detector.look, alone))
            read = self.side_by_side.map(self._read, pictures)
        return [_found(own, *letters) for own, letters in zip(looks, read, strict=True)]

    def _read(self, picture: NDArray[np.uint8]) -> tuple[Letters | None, str | None]:
        """The letters of a picture, or why they could not be read; neither where nobody reads."""
        if self.letters is None:
            return None, None
        try:
            return self.letters.read(picture), None
        except Exception as error:  # the library's; the look is an answer without it
            return None, f"{type(error).__name__}: {error}"


def _found(looks: tuple[Look, ...], letters: Letters | None, unread: str | None) -> Found:
    if letters is None:
        decision = evidence.by_look(looks)
    else:
        decision = evidence.decide(looks, letters.names, letters.lines)
    return Found(decision.detections, decision.vetoes, decision.lost, looks, letters, unread)


def load_finder(settings: Settings, brands: Brands, detector: LogoDetector | None = None) -> LogoFinder:
    """The finder of these settings; blocks for seconds. `detector` instead of the one they name.

    Raises `SetupError` for models that are not what they should be, or a device that does not come up.
    """
    if detector is None:
        folder = settings.models_dir / settings.logo_model
        detector = load_detector(folder, brands, settings.device, settings.inference_threads)
    letters = load_name_reader(settings, brands)
    if detector.device is Device.CUDA:
        return LogoFinder(detector, letters)
    count = shared_cores(settings.inference_threads).count
    return LogoFinder(detector, letters, ThreadPoolExecutor(count, thread_name_prefix="picture"))
