"""Reads lines of text in pictures with rapidocr: the PP-OCRv6 small models that its wheel carries.

rapidocr brings the network's pre- and postprocessing; device, size and number of lines are decided here. It
would fetch a model that it does not find: it is handed the files of its own wheel, checked against the hashes
below, so that nothing is ever fetched and the version in a database row says what was used.
"""

import hashlib
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.errors import SetupError
from monitor.inference.manifest import sha256_of
from monitor.inference.session import on_cuda, wants_cuda
from monitor.logos.words.lines import UPRIGHT_FROM, TextLine
from monitor.settings import Device

if TYPE_CHECKING:
    from rapidocr import RapidOCR

_PACKAGE: Final = "rapidocr"
_INSTALL: Final = "pip install 'brand-monitor[ocr]', or set MONITOR_OCR=false"

_MODELS: Final = {
    "Det": ("PP-OCRv6_det_small.onnx", "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f"),
    "Rec": ("PP-OCRv6_rec_small.onnx", "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"),
}
"""Files in the wheel of rapidocr 3.10.0 and their SHA-256 (its MODEL_LICENSES.md names the same ones)."""


class ReadingPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How pictures are read. Any change makes another version: scans made with the old one stay as they
    are."""

    longest_side: int = 1280
    """Px at which text is looked for. Larger pictures are scaled down: at 960 px, 27 instead of 28 of 36
    names were read in photographs for training, at 1,600 no more. Smaller ones stay as they are: enlarged by
    half they took 1.6 times as long for 108 instead of 107 names of 199 in val pictures."""
    most_lines: int = 64
    """Lines read in one picture, the tallest first: a photographed page of print must not hold up the
    stream."""
    surest_from: float = 0.5
    """Confidence from which a line counts as read, 0..1; rapidocr's own default."""


class PictureReader(Protocol):
    """Reads words in pictures.

    `read` blocks for as long as the models take; call it from a worker thread, never from the event loop. It
    may raise anything: whoever calls it goes on without words.
    """

    @property
    def identity(self) -> str:
        """Version of library, models and plan: equal identities, equal lines."""

    @property
    def device(self) -> Device:
        """Where the models really run."""

    def read(self, pixels: NDArray[np.uint8]) -> tuple[TextLine, ...]:
        """Lines in the picture (uint8, height x width x 3, BGR), from top to bottom."""


@dataclass(frozen=True)
class WordReader:
    """The reader behind `MONITOR_OCR`; see `PictureReader` for the contract."""

    engine: "RapidOCR"
    plan: ReadingPlan
    identity: str
    device: Device

    def read(self, pixels: NDArray[np.uint8]) -> tuple[TextLine, ...]:
        """See `PictureReader.read`."""
        from rapidocr.main import RapidOCRError
        from rapidocr.utils.process_img import map_boxes_to_original

        shown = self._scaled(pixels)
        height, width = shown.shape[:2]
        moved: dict[str, Any] = {}  # how rapidocr padded the picture
        try:
            crops, found = self.engine.detect_and_crop(shown, moved)
        except RapidOCRError:  # its word for "no text here"
            return ()
        boxes = map_boxes_to_original(np.asarray(found.boxes, np.float64), moved, height, width)
        upright = [_upright(box) for box in boxes]
        heights = [min(_sides(box)) for box in boxes]
        tallest = sorted(range(len(crops)), key=lambda index: -heights[index])[: self.plan.most_lines]
        kept = sorted(tallest)
        try:
            said = self.engine.recognize_txt([crops[index] for index in kept])
        except RapidOCRError:  # no box holds a letter
            return ()
        return tuple(
            TextLine(text.strip(), float(score), _relative(boxes[index], width, height), upright[index])
            for index, text, score in zip(kept, said.txts or (), said.scores, strict=True)
            if score >= self.plan.surest_from and text.strip()
        )

    def warm_up(self) -> None:
        """Read a drawn word, so that the first picture does not pay for loading and planning."""
        canvas = np.full((480, 640, 3), 255, np.uint8)
        cv2.putText(canvas, "warm-up", (120, 260), cv2.FONT_HERSHEY_SIMPLEX, 3.0, (0, 0, 0), 6)
        self.read(canvas)

    def _scaled(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = pixels.shape[:2]
        scale = self.plan.longest_side / max(height, width)
        if scale >= 1:
            return pixels
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def load_reader(device: Device = Device.AUTO, threads: int = 0) -> WordReader:
    """Load the models on `device` and read a word with them; blocks for a second or two.

    `threads` bounds the CPU threads of one run; 0 takes all cores. Raises `SetupError` where the extra is not
    installed, its models are not those this version was measured with, or `device` is `cuda` and CUDA does
    not come up.
    """
    if util.find_spec(_PACKAGE) is None:
        raise SetupError(f"reading words in pictures needs rapidocr, which is not installed; {_INSTALL}")
    from rapidocr import RapidOCR

    plan = ReadingPlan()
    parameters: dict[str, Any] = {
        "Global.use_cls": False,  # turns lines that stand on their head; logos rarely do
        "Global.log_level": "critical",  # "no text found" is no warning, and what it raises is told by us
        "Det.limit_type": "max",  # scaled here already, to a size with bounds
        "Det.limit_side_len": plan.longest_side,
        "EngineConfig.onnxruntime.intra_op_num_threads": threads or -1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        "EngineConfig.onnxruntime.use_cuda": wants_cuda(device),
        # As for our own models: EXHAUSTIVE costs seconds for every new shape, and every picture is one.
        "EngineConfig.onnxruntime.cuda_ep_cfg.cudnn_conv_algo_search": "HEURISTIC",
    }
    parameters |= {f"{part}.model_path": str(path) for part, path in _checked_models().items()}
    try:
        engine = RapidOCR(params=parameters)
        WordReader(engine, plan, "", device).warm_up()  # which loads them
        parts: list[Any] = [engine.text_det, engine.text_rec]
        sessions = [part.session.session for part in parts]
    except Exception as error:
        raise SetupError(
            f"rapidocr {metadata.version(_PACKAGE)} does not come up: {error}; reinstall it, "
            "or set MONITOR_OCR=false"
        ) from error
    came_up = Device.CUDA if all(map(on_cuda, sessions)) else Device.CPU
    if device is Device.CUDA and came_up is not Device.CUDA:
        raise SetupError(
            "device is cuda, but the reader of words came up on the CPU; `brand-monitor doctor` shows what "
            "is missing; MONITOR_DEVICE=cpu runs without a GPU"
        )
    return WordReader(engine, plan, _identity(plan), came_up)


def _checked_models() -> dict[str, Path]:
    """The model files by rapidocr's name for them. Raises `SetupError` for one that differs."""
    spec = util.find_spec(_PACKAGE)
    assert spec is not None, "asked for before"
    assert spec.origin is not None, "rapidocr is a package with an __init__"
    folder = Path(spec.origin).parent / "models"
    paths = {part: folder / name for part, (name, _) in _MODELS.items()}
    for part, path in paths.items():
        if not path.is_file() or sha256_of(path) != _MODELS[part][1]:
            raise SetupError(
                f"{path} is missing or another one than this version of Brand Monitor was measured with; "
                "pip install --force-reinstall --no-deps rapidocr==3.10.0"
            )
    return paths


def _identity(plan: ReadingPlan) -> str:
    """`3.10.0-1f2e3d4c`: the library's version, and a digest of models and plan."""
    used = msgspec.json.encode((sorted(sha256 for _, sha256 in _MODELS.values()), plan))
    return f"{metadata.version(_PACKAGE)}-{hashlib.sha256(used).hexdigest()[:8]}"


def _sides(box: NDArray[np.float64]) -> tuple[float, float]:
    """Width and height in px of a quadrilateral, the longer of each two edges."""
    edges = np.linalg.norm(box - np.roll(box, -1, axis=0), axis=1)
    return float(max(edges[0], edges[2])), float(max(edges[1], edges[3]))


def _upright(box: NDArray[np.float64]) -> bool:
    width, height = _sides(box)
    return height >= UPRIGHT_FROM * width


def _relative(box: NDArray[np.float64], width: int, height: int) -> Any:
    return tuple((float(x) / width, float(y) / height) for x, y in box)
