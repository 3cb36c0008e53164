"""Makes the two models that read letters in pictures from those in rapidocr's wheel.

    python -m training.reader_files

PP-OCRv6 small by PaddlePaddle (Apache-2.0): one network finds lines of text, one reads them. Nothing is
trained here; what is changed makes them cheap to run and small to carry:

* Weights below 1e-20 become 0. In two layers of the finder over half of them are, as training left them,
  too small for a CPU to multiply at its usual pace: without them the finder takes a third of the time.
* Weights are stored in 8 bits, a scale to each channel, and spread to float32 when the model is loaded: a
  quarter of the file. Everything is computed in float32; in 8 bits neither network was faster on a CPU.
* Pictures go in as bytes, and of the 18,710 probabilities at each place only the greatest comes out.
"""

from collections.abc import Sequence
from importlib import util
from pathlib import Path
from typing import Annotated, Any, Final

import cv2
import numpy as np
import onnx
import onnxruntime as ort
import typer
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from monitor.errors import SetupError
from monitor.inference.manifest import Manifest, Parity, TensorSpec, TrainingRun, sha256_of
from monitor.logos import decode_picture
from monitor.logos.words.finding import FINDER, Pixels, cut_line, find_lines, sides
from monitor.logos.words.reader import LETTERS, LINE_HEIGHT, READER
from monitor.settings import packaged
from training.export import machine, now, write_model_folder
from training.logos.onnx_files import save_plain

SOURCES: Final = {
    FINDER: ("PP-OCRv6_det_small.onnx", "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f"),
    READER: ("PP-OCRv6_rec_small.onnx", "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"),
}
"""By model folder: the file in the wheel of rapidocr 3.10.0, and its SHA-256."""

_NOTHING: Final = 1e-20
_STORED_FROM: Final = 4096
"""Numbers from which a tensor of weights is worth storing in 8 bits."""
_SAMPLES: Final = Path(__file__).parents[1] / "samples" / "pictures"
_COMPARED: Final = (640, 480)
"""px, width and height of the sample pictures on which the files are compared."""

_CARD: Final = """# {name}

{what}

PP-OCRv6 small (`{source}` in the wheel of rapidocr 3.10.0), Copyright PaddlePaddle Authors and RapidOCR
Authors, [Apache License 2.0](https://www.apache.org/licenses/LICENSE-2.0). **Changed** by
`python -m training.reader_files`, whose first lines say how: weights below 1e-20 are 0, weights are stored in
8 bits, pictures go in as bytes. Not trained here.

On the sample pictures no probability lies further than {difference:.2f} from the original's. What is read on
val pictures, and what that costs: "Letters in pictures" in docs/operations.md.
"""


def main(
    out: Annotated[
        Path | None, typer.Option(help="Folder for the model folders; default: onnx_models.")
    ] = None,
) -> None:
    """Write both model folders."""
    for name in SOURCES:
        make(name, (out or packaged("onnx_models")) / name)


def make(name: str, folder: Path) -> Manifest:
    """Write the model folder `name` at `folder`.

    Raises `SetupError` without rapidocr's wheel, or where its files are others.
    """
    source = _source(name)
    model = onnx.load(str(source))
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, str] = {}
    if name == READER:
        (letters,) = (entry.value for entry in model.metadata_props if entry.key == "character")
        (folder / LETTERS).write_text(letters + "\n", "utf-8")
        files[LETTERS] = ""
    _store_in_eight_bits(model.graph)
    _take_bytes(model.graph, "height" if name == FINDER else LINE_HEIGHT)
    if name == READER:
        _give_the_greatest(model.graph)
    del model.graph.value_info[:], model.metadata_props[:]
    save_plain(model, folder / "model.onnx")
    session = ort.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    parity = _parity(name, session)
    manifest = Manifest(
        name=name,
        version=f"ppocr-v6-small-{sha256_of(folder / 'model.onnx')[:8]}",
        task="reading",
        architecture="text-lines" if name == FINDER else "text-letters",
        sha256="",
        inputs=tuple(_spec(each) for each in session.get_inputs()),
        outputs=tuple(_spec(each) for each in session.get_outputs()),
        preprocessing={},
        labels=(),
        thresholds={},
        metrics=(),
        parity=parity,
        opset=model.opset_import[0].version,
        training=TrainingRun(
            command="python -m training.reader_files",
            data=(f"{source.name} of rapidocr 3.10.0, SHA-256 {SOURCES[name][1]}",),
            seed=0,
            finished_at=now(),
            machine=machine(),
        ),
        files=files,
    )
    what = (
        "Where text is: pictures -> the probability of text at every pixel."
        if name == FINDER
        else "What is written: a line of text, 48 px high -> letters."
    )
    card = _CARD.format(name=name, what=what, source=source.name, difference=parity.max_abs_diff)
    return write_model_folder(folder, manifest, card)


def _source(name: str) -> Path:
    spec = util.find_spec("rapidocr")
    file, expected = SOURCES[name]
    if spec is None or spec.origin is None:
        raise SetupError(
            "the models come in rapidocr's wheel, which is not there: pip install 'brand-monitor[training]'"
        )
    path = Path(spec.origin).parent / "models" / file
    if not path.is_file() or sha256_of(path) != expected:
        raise SetupError(
            f"{path} is missing or another; pip install --force-reinstall --no-deps rapidocr==3.10.0"
        )
    return path


def _store_in_eight_bits(graph: onnx.GraphProto) -> None:
    """Replace large tensors of weights by 8-bit ones and the two nodes that spread them."""
    spread: list[onnx.NodeProto] = []
    for tensor in [each for each in graph.initializer if each.data_type == TensorProto.FLOAT]:
        values = numpy_helper.to_array(tensor)
        values = np.where(np.abs(values) < _NOTHING, np.float32(0), values)
        if values.ndim < 2 or values.size < _STORED_FROM:
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
            continue
        # Convolutions have their channels first, products of matrices last.
        channel = 0 if values.ndim > 2 else values.ndim - 1
        others = tuple(axis for axis in range(values.ndim) if axis != channel)
        greatest = np.abs(values).max(axis=others, keepdims=True)
        scale = (np.where(greatest > 0, greatest, 1) / 127).astype(np.float32)
        stored = np.rint(values / scale).astype(np.int8)
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(stored, f"{name}.stored"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
        spread += [
            helper.make_node("Cast", [f"{name}.stored"], [f"{name}.cast"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}.cast", f"{name}.scale"], [name]),
        ]
    _put_first(graph, spread)


def _take_bytes(graph: onnx.GraphProto, height: str | int) -> None:
    """Bytes (N, height, width, 3) as input "pixels", brought to -1..1 and to channels first."""
    (given,) = graph.input
    name = given.name
    graph.initializer.append(numpy_helper.from_array(np.array(127.5, np.float32), "half"))
    nodes = [
        helper.make_node("Cast", ["pixels"], ["pixels.float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["pixels.float"], ["pixels.planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Sub", ["pixels.planes", "half"], ["pixels.centred"]),
        helper.make_node("Div", ["pixels.centred", "half"], [name]),
    ]
    _put_first(graph, nodes)
    given.CopyFrom(helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["lines", height, "width", 3]))


def _give_the_greatest(graph: onnx.GraphProto) -> None:
    """At each place the letter of the greatest probability, and that probability."""
    (given,) = graph.output
    graph.node.append(helper.make_node("ArgMax", [given.name], ["letters"], axis=2, keepdims=0))
    graph.node.append(helper.make_node("ReduceMax", [given.name], ["scores"], axes=[2], keepdims=0))
    del graph.output[:]
    shape = ["lines", "places"]
    graph.output.append(helper.make_tensor_value_info("letters", TensorProto.INT64, shape))
    graph.output.append(helper.make_tensor_value_info("scores", TensorProto.FLOAT, shape))


def _put_first(graph: onnx.GraphProto, nodes: Sequence[onnx.NodeProto]) -> None:
    kept = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *kept])


def _parity(name: str, session: ort.InferenceSession) -> Parity:
    """How far the outputs lie from the original's on the sample pictures, or on the lines in them."""
    finder, reader = (
        ort.InferenceSession(str(_source(each)), providers=["CPUExecutionProvider"])
        for each in (FINDER, READER)
    )
    worst, seen = 0.0, 0
    for path in sorted(_SAMPLES.glob("*.jpg")):
        data = path.read_bytes()
        picture = decode_picture(data, max_bytes=len(data), max_pixels=10**8).pixels
        pixels = np.asarray(cv2.resize(picture, _COMPARED, interpolation=cv2.INTER_AREA), np.uint8)
        text = _asked(finder, pixels)
        if name == FINDER:
            worst = max(worst, float(np.abs(text - session.run(None, {"pixels": pixels[None]})[0]).max()))
            seen += 1
            continue
        for quad in find_lines(text[0, 0]):
            corners = quad * np.array(_COMPARED, np.float32)
            width, height = sides(corners)
            if height < width:
                size = max(round(LINE_HEIGHT * width / height), 1), LINE_HEIGHT
                line = cut_line(pixels, corners, False, size)
                scores = session.run(["scores"], {"pixels": line[None]})[0]
                worst = max(worst, float(np.abs(_asked(reader, line).max(axis=2) - scores).max()))
                seen += 1
    return Parity(max_abs_diff=worst, inputs=seen, dataset="samples/pictures")


def _asked(original: ort.InferenceSession, pixels: Pixels) -> NDArray[np.float32]:
    planes = ((pixels.astype(np.float32) - 127.5) / 127.5).transpose(2, 0, 1)[None]
    return np.asarray(original.run(None, {original.get_inputs()[0].name: planes})[0], np.float32)


def _spec(each: Any) -> TensorSpec:
    kinds = {"tensor(uint8)": "uint8", "tensor(float)": "float32", "tensor(int64)": "int64"}
    return TensorSpec(name=each.name, shape=tuple(each.shape), type=kinds[each.type])


if __name__ == "__main__":
    typer.run(main)
