"""The talk's CNN run as one convolution over each level of the pyramid, with the weights of its ONNX file.

Windows half a window apart share three quarters of their convolutions. Here a level passes the convolutions
once; each window takes its part of the map, and only the dense layers see it alone. Two things differ from
windows cut out first, and how much that matters is measured (`compare`): the layers pad ("same"), so that a
window cut out sees black beyond its edges where the level shows the picture, and the map has a cell every
4 px, so that a window stands up to 2 px off. Where the boxes have to be the same, the dense pass only
proposes (`DenseTalk.confirmed`): the few windows it does not rule out are cut out and judged as ever.
"""

import copy
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx.utils import Extractor
from tqdm import tqdm

from monitor.logos.boxes import clip, iou, suppress
from monitor.logos.sliding import SlidingWindowDetector
from monitor.logos.windows import Pixels
from training.data.pictures import AnnotatedPicture

PROPOSED_FROM: Final = 0.1
"""Dense score from which a window is cut out and judged alone: 5% of the windows of 28 val pictures, on which
every window above the threshold had a dense score of .99 or more."""
_STRIDE: Final = 4  # two max-pools of 2
_WINDOWS_A_RUN: Final = 64
_BRAND: Final = 1


class WayResult(msgspec.Struct, frozen=True, kw_only=True):
    """How another way compares with windows cut out."""

    met: int
    """Of the boxes found with windows cut out, how many a box of this way meets at IoU .5."""
    extra: int
    """Boxes of this way that meet none of those."""
    seconds: float
    """A picture, median."""


class DenseTalkResult(msgspec.Struct, frozen=True, kw_only=True):
    """Windows cut out, and the two other ways over the same pictures, one CPU thread."""

    pictures: int
    windows: int
    boxes: int
    """Found with windows cut out, after non-maximum suppression."""
    seconds: float
    """A picture with windows cut out, median."""
    correlation: float
    """Of the windows' scores, cut out and dense."""
    same_decision: float
    """Share of windows on the same side of the threshold, cut out and dense."""
    dense: WayResult
    confirmed: WayResult
    looked_again: float
    """Share of windows that are cut out after the dense pass."""


class DenseTalk:
    """Scores of all windows of a picture, in three ways."""

    def __init__(self, folder: Path, detector: SlidingWindowDetector) -> None:
        """`folder` holds the model that `detector` runs."""
        self._detector, self._geometry = detector, detector.geometry
        model = onnx.load(str(folder / "model.onnx"))
        flat = next(node for node in model.graph.node if node.op_type == "Reshape")
        self._map = _session(_any_size(_part(model, ["pixels"], [flat.input[0]])))
        self._dense = _session(_part(model, [flat.output[0]], ["probabilities"]))
        self._input = self._dense.get_inputs()[0].name
        self._whole = _session(model)

    def dense(self, picture: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Boxes (N, 4) in the picture and scores (N,)."""
        levels = list(self._detector.levels(picture))
        scores = [self.scores_of_level(scaled, corners) for scaled, corners, _ in levels]
        return np.concatenate([boxes for _, _, boxes in levels]), np.concatenate(scores)

    def windows(self, picture: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The same of windows cut out, as the service scores them."""
        levels = list(self._detector.windows(picture))
        scores = [self.scores_of_windows(pixels) for pixels, _ in levels]
        return np.concatenate([boxes for _, boxes in levels]), np.concatenate(scores)

    def confirmed(self, picture: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """As `windows`, but only windows that the dense pass proposes are cut out; all others score 0."""
        places, scores = [], []
        for scaled, corners, boxes in self._detector.levels(picture):
            proposed = np.flatnonzero(self.scores_of_level(scaled, corners) >= PROPOSED_FROM)
            found = np.zeros(len(corners), np.float32)
            if len(proposed):
                found[proposed] = self.scores_of_windows(self._detector.cut(scaled, corners[proposed]))
            places.append(boxes)
            scores.append(found)
        return np.concatenate(places), np.concatenate(scores)

    def scores_of_level(self, scaled: Pixels, corners: NDArray[np.int64]) -> NDArray[np.float32]:
        """Of the windows with these left and top edges (N, 2) in a scaled picture."""
        cells_x = self._geometry.window_width // _STRIDE
        cells_y = self._geometry.window_height // _STRIDE
        (cells,) = self._map.run(None, {"pixels": scaled[None]})
        most = np.array([cells.shape[3] - cells_x, cells.shape[2] - cells_y])
        columns, rows = np.minimum(np.rint(corners / _STRIDE).astype(int), most).T
        views = np.lib.stride_tricks.sliding_window_view(cells[0], (cells_y, cells_x), axis=(1, 2))
        parts = []
        for start in range(0, len(corners), _WINDOWS_A_RUN):
            end = start + _WINDOWS_A_RUN
            own = views[:, rows[start:end], columns[start:end]].transpose(1, 0, 2, 3)
            (found,) = self._dense.run(None, {self._input: own.reshape(len(own), -1)})
            parts.append(found[:, _BRAND])
        return np.concatenate(parts)

    def scores_of_windows(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Of windows cut out, (N, height, width, 3)."""
        parts = []
        for start in range(0, len(pixels), _WINDOWS_A_RUN):
            (found,) = self._whole.run(None, {"pixels": pixels[start : start + _WINDOWS_A_RUN]})
            parts.append(found[:, _BRAND])
        return np.concatenate(parts)


def compare(
    talk: DenseTalk, pictures: Sequence[AnnotatedPicture], threshold: float, most_overlap: float
) -> DenseTalkResult:
    """All ways over `pictures`; boxes from `threshold` on."""
    ways = (talk.windows, talk.dense, talk.confirmed)
    scores: list[list[NDArray[np.float32]]] = [[] for _ in ways]
    seconds: list[list[float]] = [[] for _ in ways]
    boxes, met, extra = 0, [0] * len(ways), [0] * len(ways)
    for picture in tqdm(pictures, desc="dense talk", unit="picture", mininterval=5):
        pixels = picture.load()
        found = []
        for number, way in enumerate(ways):
            started = time.perf_counter()
            places, chances = way(pixels)
            seconds[number].append(time.perf_counter() - started)
            scores[number].append(chances)
            found.append(
                _boxes(clip(places, picture.width, picture.height), chances, threshold, most_overlap)
            )
        boxes += len(found[0])
        for number, own in enumerate(found):
            overlap = iou(found[0], own) >= 0.5
            met[number] += int(overlap.any(1).sum())
            extra[number] += int((~overlap.any(0)).sum())
    cut, dense, again = (np.concatenate(parts) for parts in scores)
    other = [
        WayResult(met=met[number], extra=extra[number], seconds=float(np.median(seconds[number])))
        for number in (1, 2)
    ]
    return DenseTalkResult(
        pictures=len(pictures),
        windows=len(cut),
        boxes=boxes,
        seconds=float(np.median(seconds[0])),
        correlation=float(np.corrcoef(cut, dense)[0, 1]),
        same_decision=float(((cut >= threshold) == (dense >= threshold)).mean()),
        dense=other[0],
        confirmed=other[1],
        looked_again=float((again > 0).mean()),
    )


def _boxes(
    places: NDArray[np.float32], scores: NDArray[np.float32], threshold: float, most_overlap: float
) -> NDArray[np.float32]:
    above = scores >= threshold
    return places[above][suppress(places[above], scores[above], most_overlap)]


def _part(model: onnx.ModelProto, inputs: list[str], outputs: list[str]) -> onnx.ModelProto:
    """The nodes between `inputs` and `outputs`, with their weights."""
    typed = onnx.shape_inference.infer_shapes(model)
    part: onnx.ModelProto = Extractor(typed).extract_model(inputs, outputs)
    return part


def _any_size(model: onnx.ModelProto) -> onnx.ModelProto:
    """The convolutions with height and width left open; they were fixed for windows only."""
    freed = copy.deepcopy(model)
    freed.graph.ClearField("value_info")
    for value in (*freed.graph.input, *freed.graph.output):
        for number, axis in enumerate(value.type.tensor_type.shape.dim):
            if (value.name == "pixels" and number < 3) or (value.name != "pixels" and number != 1):
                axis.ClearField("dim_value")
                axis.dim_param = f"{value.name}_{number}"
    return freed


def _session(model: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
