"""The work folder of a run: what it was begun with, and what it has made so far."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import SetupError

_RUN_FILE = "run.json"


def claim(work: Path, recipe: Any, data: tuple[str, ...]) -> None:
    """Make `work` this run's folder, or go on in it if it is.

    `recipe` is the dataclass of hyper-parameters, `data` names and hashes of what is read. Raises
    `SetupError` where the folder holds a run with another recipe or other data.
    """
    facts = {
        **{key: str(value) for key, value in dataclasses.asdict(recipe).items()},
        "data": ", ".join(data),
    }
    begun = work / _RUN_FILE
    if not begun.exists():
        work.mkdir(parents=True, exist_ok=True)
        begun.write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
        return
    before = json.loads(begun.read_text("utf-8"))
    changed = [key for key in facts if facts[key] != before.get(key)]
    if changed:
        raise SetupError(
            f"{work} holds a run begun with another {', '.join(changed)}; "
            "finish that one, delete the folder, or give this one its own with --work"
        )


def kept(path: Path, make: Callable[[], Mapping[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """The arrays of `make`, from `path` where an earlier start of the run left them."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.npz")
        arrays: dict[str, Any] = dict(make())
        np.savez(partial, **arrays)
        partial.replace(path)
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
