"""Opens ONNX Runtime sessions on the device that was asked for, or fails: never a silent CPU."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import onnxruntime as ort
from numpy.typing import NDArray

from monitor.errors import SetupError
from monitor.inference.cores import Cores, shared_cores
from monitor.inference.manifest import Manifest, load_manifest
from monitor.settings import Device

T = TypeVar("T")

SEVEN_BITS: Final = "weights-of-7-bits"
"""Key in the metadata of an ONNX file whose 8-bit weights stay within 7."""
_QUANTIZES: Final = b"QuantizeLinear"
"""In the file of a model that computes with 8-bit numbers. One that only stores weights so (DequantizeLinear)
cannot overflow, and exact products break it where the weights have no zero point (ONNX Runtime 1.31)."""
_DEQUANTIZES: Final = b"De" + _QUANTIZES
"""Never what an operator is called, but a node may be."""
_CUDA_REMEDY = (
    "check `nvidia-smi`, that the wheel onnxruntime-gpu (and not onnxruntime) is installed, that CUDA and "
    "cuDNN are found; `brand-monitor doctor` shows what is missing; MONITOR_DEVICE=cpu runs without a GPU"
)


@dataclass(frozen=True)
class ModelSession:
    """A loaded model: its manifest, the ONNX Runtime session and the device it really runs on.

    `run` may block for as long as the model takes, and while runs of other models occupy all `cores`. It is
    safe to call from any thread (ONNX Runtime releases the GIL): from a worker thread, never from the event
    loop.
    """

    manifest: Manifest
    directory: Path
    session: ort.InferenceSession
    device: Device
    cores: Cores

    def run(self, **inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Outputs in the manifest's order for named inputs."""
        with self.cores:
            return tuple(self.session.run([spec.name for spec in self.manifest.outputs], inputs))

    def preprocessing(self, kind: type[T]) -> T:
        """The manifest's preprocessing as the struct of whoever prepares the inputs.

        Raises `SetupError` naming the file and the field where the two do not fit.
        """
        try:
            return msgspec.convert(self.manifest.preprocessing, kind)
        except msgspec.ValidationError as error:
            raise SetupError(
                f"{self.directory}/manifest.json, preprocessing: {error}; train the model anew"
            ) from error


def open_session(model_dir: Path, device: Device = Device.AUTO, threads: int = 0) -> ModelSession:
    """Check the folder's manifest and load `model.onnx` on `device`.

    A run takes one thread; `threads` bounds how many runs of all models go at once, 0: one a core.
    Raises `SetupError` where the files are wrong, or `device` is `cuda` and CUDA does not come up.
    """
    manifest = load_manifest(model_dir)
    try:
        session = load(model_dir / "model.onnx", _providers(device))
    except Exception as error:
        raise SetupError(f"{model_dir / 'model.onnx'} does not load: {error}") from error
    if device is Device.CUDA and not on_cuda(session):
        raise SetupError(
            f"device is cuda, but {manifest.name} came up on {session.get_providers()[0]}: {_CUDA_REMEDY}"
        )
    on = Device.CUDA if on_cuda(session) else Device.CPU
    return ModelSession(manifest, model_dir, session, on, shared_cores(threads))


def load(file: Path, providers: list[Any]) -> ort.InferenceSession:
    """What ONNX Runtime makes of a file; raises whatever it raises."""
    return ort.InferenceSession(str(file), session_options(file), providers=providers)


def session_options(file: Path) -> ort.SessionOptions:
    """How the model in `file` is run: on one thread (`monitor.inference.cores`), with the same answers on
    every CPU.

    The fast products of 8-bit numbers overflow on x86 CPUs without VNNI (older than Cascade Lake, Ice Lake,
    Zen 4), unless `session.x64quantprecision` asks for exact ones; other CPUs do not look at it. See "U8S8"
    in onnxruntime.ai/docs/performance/model-optimizations/quantization.html. Overflown, class scores of the
    shipped detector were up to .3 off and its boxes up to 16 px. Exact ones take twice the time on the newest
    CPUs; a graph whose weights leave a bit free says so in its metadata (`SEVEN_BITS`) and needs none.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # a failing CUDA provider is reported by `open_session`, in our words
    graph = file.read_bytes()
    quantizes = graph.count(_QUANTIZES) > graph.count(_DEQUANTIZES)
    if quantizes and SEVEN_BITS.encode() not in graph:
        options.add_session_config_entry("session.x64quantprecision", "1")
    return options


def on_cuda(session: ort.InferenceSession) -> bool:
    """Whether a session really came up on the GPU."""
    return bool(session.get_providers()[0] == "CUDAExecutionProvider")


def wants_cuda(device: Device) -> bool:
    """Whether a session for `device` shall be tried on CUDA, whose libraries are loaded then.

    Raises `SetupError` where CUDA is asked for and this ONNX Runtime was built without it.
    """
    available = ort.get_available_providers()
    if device is Device.CPU or (device is Device.AUTO and not _cuda_usable(available)):
        return False
    if "CUDAExecutionProvider" not in available:
        raise SetupError(f"device is cuda, but ONNX Runtime only has {', '.join(available)}: {_CUDA_REMEDY}")
    if hasattr(ort, "preload_dlls"):
        ort.preload_dlls()  # finds CUDA and cuDNN from the nvidia-* wheels as well as from the system
    return True


def _providers(device: Device) -> list[Any]:
    if not wants_cuda(device):
        return ["CPUExecutionProvider"]
    # HEURISTIC: the default EXHAUSTIVE search costs seconds for every new input shape.
    return [("CUDAExecutionProvider", {"cudnn_conv_algo_search": "HEURISTIC"}), "CPUExecutionProvider"]


def _cuda_usable(available: list[str]) -> bool:
    """Whether `auto` should try CUDA: the provider is built in and a driver is there."""
    return "CUDAExecutionProvider" in available and driver_present()


def driver_present() -> bool:
    """Whether an NVIDIA driver is loaded, without calling it."""
    return Path("/proc/driver/nvidia/version").exists() or Path("/dev/nvidiactl").exists()
