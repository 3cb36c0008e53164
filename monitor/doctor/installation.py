"""Examines the installation: versions, wheels that clash, Kafka's codecs, unknown variables, the driver."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from difflib import get_close_matches
from importlib import metadata
from pathlib import Path
from typing import Final

from aiokafka import codec

from monitor.doctor.examination import Examination, note, ok, problem
from monitor.settings import Device, Settings, files

_LIBRARIES: Final = (
    "faust-streaming",
    "aiokafka",
    "sqlalchemy",
    "psycopg",
    "opencv-python-headless",
    "numpy",
    "msgspec",
)
"""Whose versions a bug report needs; ONNX Runtime is shown with its providers."""

_CLASHES: Final = (
    ("onnxruntime", "onnxruntime-gpu", "the one installed last wins, and the GPU may be lost without a word"),
    (
        "opencv-python",
        "opencv-python-headless",
        "both own the module cv2; removing one later breaks the other",
    ),
)
_CODECS: Final = {
    "gzip": (codec.gzip_encode, codec.gzip_decode),
    "snappy": (codec.snappy_encode, codec.snappy_decode),
    "lz4": (codec.lz4_encode, codec.lz4_decode),
    "zstd": (codec.zstd_encode, codec.zstd_decode),
}
"""Every compression a publisher may choose; without all of them a batch arrives that nobody can read."""

_DRIVER_VERSION: Final = Path("/proc/driver/nvidia/version")


def versions(_: Settings) -> Iterator[Examination]:
    """Python and the libraries a bug report asks for."""
    yield ok("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    found = ", ".join(f"{name} {version}" for name in _LIBRARIES if (version := installed(name)))
    yield ok("brand-monitor", f"{installed('brand-monitor') or 'not installed as a package'} with {found}")


def wheels(_: Settings) -> Iterator[Examination]:
    """Pairs of wheels that write into the same folder."""
    clashes = [clash for clash in _CLASHES if installed(clash[0]) and installed(clash[1])]
    for first, second, harm in clashes:
        yield problem(
            "wheels",
            f"{first} and {second} are both installed: {harm}",
            f"pip uninstall -y {first} {second} && pip install {second}",
        )
    if not clashes:
        yield ok("wheels", "no two wheels share a module")


def codecs(_: Settings) -> Iterator[Examination]:
    """Every codec of Kafka, by unpacking what it packed."""
    packed = b"packed and unpacked by brand-monitor doctor"
    broken: list[str] = []
    for name, (pack, unpack) in _CODECS.items():
        try:
            if unpack(pack(packed)) != packed:
                broken.append(f"{name} unpacks to something else")
        except Exception as error:  # a missing library and a broken one each have kinds of their own
            broken.append(f"{name}: {error}")
    if broken:
        yield problem(
            "codecs",
            f"batches of publishers who compress cannot be read: {'; '.join(broken)}",
            "pip install --force-reinstall cramjam (aiokafka unpacks with it)",
        )
    else:
        yield ok("codecs", f"{', '.join(_CODECS)} unpack")


def variables(settings: Settings) -> Iterator[Examination]:
    """MONITOR_* names, in the environment and in .env, that no setting reads."""
    known = {f"MONITOR_{name}".upper() for name in type(settings).model_fields}
    given = {name.upper() for name in (*os.environ, *_dotenv()) if name.upper().startswith("MONITOR_")}
    for name in sorted(given - known):
        near = get_close_matches(name, known, n=1)
        yield problem(
            "settings",
            f"{name} is set, but no setting has that name",
            f"did you mean {near[0]}?" if near else "remove it; `docs/operations.md` lists the settings",
        )
    if given <= known:
        yield ok("settings", f"{len(given)} MONITOR_* variables, all known")


def driver(settings: Settings) -> Iterator[Examination]:
    """The NVIDIA driver, as far as the device policy asks for one."""
    found = gpu_driver()
    if found:
        yield ok("GPU driver", found)
    elif settings.device is Device.CUDA:
        yield problem(
            "GPU driver",
            "no NVIDIA driver, but MONITOR_DEVICE is cuda",
            "install it; in a container use the NVIDIA runtime (--gpus all); or set MONITOR_DEVICE=cpu",
        )
    else:
        yield note(
            "GPU driver", f"none found; models run on the CPU (MONITOR_DEVICE is {settings.device.value})"
        )


def gpu_driver() -> str | None:
    """What the NVIDIA driver says of itself; None without one."""
    if command := shutil.which("nvidia-smi"):
        query = [command, "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
        try:
            # 20 s: the first query after boot wakes the card.
            done = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.strip().replace("\n", "; ")
    if _DRIVER_VERSION.exists():
        return _DRIVER_VERSION.read_text("utf-8", errors="replace").partition("\n")[0]
    return None


def installed(name: str) -> str | None:
    """The version of an installed distribution; None for one that is not there."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _dotenv() -> list[str]:
    """Names set in the files of settings, read the way the settings read them."""
    from dotenv import dotenv_values

    return [name for file in files() for name in dotenv_values(file, encoding="utf-8-sig")]
