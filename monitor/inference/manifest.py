"""manifest.json: what training promises about a model file, and the check that the file is that one.

The service and training both use these structs, so a field cannot mean two things.
"""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from monitor.errors import SetupError

Task = Literal["sentiment", "logos", "logo-embedding", "reading"]
Language = Annotated[
    str, msgspec.Meta(pattern="^[a-z]{2,3}$", description="Primary subtag, in lower case: en, pt, zh.")
]

_BEFORE_LANGUAGES: Final = ("en",)
"""What sentiment models spoke before their manifests said it."""


class TensorSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One input or output. A name instead of a number in `shape` is a dynamic axis."""

    name: str
    shape: tuple[int | str, ...]
    type: str


class Metric(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One figure with what it was measured on: no data set and split, no figure."""

    name: str
    value: float
    dataset: str
    split: str
    note: str = ""


class Parity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far ONNX Runtime's outputs lie from torch's on the same real inputs."""

    max_abs_diff: float
    inputs: int
    dataset: str


class TrainingRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the model came to be: enough to make it again."""

    command: str
    data: tuple[str, ...]
    seed: int
    commit: str = ""
    finished_at: str = ""
    hours: float = 0.0
    machine: str = ""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The hand-over from training to the service."""

    name: str
    version: str
    task: Task
    architecture: str
    sha256: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    preprocessing: dict[str, Any]
    labels: tuple[str, ...]
    thresholds: dict[str, float]
    metrics: tuple[Metric, ...]
    parity: Parity
    opset: int
    training: TrainingRun
    languages: Annotated[tuple[Language, ...], msgspec.Meta(min_length=1)] | None = None
    """Languages whose texts a sentiment model was trained and measured on; None: English, or no texts."""
    terms: str = ""
    """What the licences of the texts it learned from mean for its use, in one sentence; empty: not told."""
    files: dict[str, str] = {}
    """Further files of the model folder the service reads (vocabulary, ...): name -> sha256."""

    @property
    def identity(self) -> str:
        """`name@version`, what database rows carry as model version."""
        return f"{self.name}@{self.version}"

    @property
    def spoken(self) -> tuple[str, ...]:
        """Languages that the model can be asked about."""
        return self.languages or _BEFORE_LANGUAGES


def load_manifest(model_dir: Path) -> Manifest:
    """Read `model_dir/manifest.json` and refuse files whose SHA-256 differs from it.

    Raises `SetupError`: which file, what was expected, what to do.
    """
    path = model_dir / "manifest.json"
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        known = ", ".join(sorted(p.parent.name for p in model_dir.parent.glob("*/manifest.json"))) or "none"
        raise SetupError(
            f"no model {model_dir.name!r} in {model_dir.parent} (there: {known}); "
            "pick one of those or train it with `brand-train`"
        ) from error
    except msgspec.DecodeError as error:
        raise SetupError(f"{path}: {error}; write it with `brand-train`, not by hand") from error
    for name, expected in {"model.onnx": manifest.sha256, **manifest.files}.items():
        _check_file(model_dir / name, expected)
    return manifest


def model_names(models_dir: Path, task: Task) -> set[str]:
    """Folders there whose manifest names this task; files are not looked at, nor manifests that are none."""
    found = set()
    for path in models_dir.glob("*/manifest.json"):
        try:
            if msgspec.json.decode(path.read_bytes(), type=_Named).task == task:
                found.add(path.parent.name)
        except (OSError, msgspec.DecodeError):
            continue
    return found


class _Named(msgspec.Struct):
    task: str


def _check_file(path: Path, expected: str) -> None:
    try:
        found = sha256_of(path)
    except FileNotFoundError as error:
        raise SetupError(f"{path} is missing; the model folder is incomplete, copy it whole") from error
    if found != expected:
        raise SetupError(
            f"{path} has SHA-256 {found}, its manifest says {expected}; "
            "the file was changed or cut off: copy the model folder again"
        )


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
