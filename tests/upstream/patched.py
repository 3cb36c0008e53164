"""Copies of installed packages, changed by the patches of docs/upstream/."""

import os
import re
import shutil
import subprocess
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

PATCHES: Final = sorted((Path(__file__).parents[2] / "docs" / "upstream").glob("*.patch"))

_PACKAGES: Final = {"faust-streaming": "faust", "aiokafka": "aiokafka"}

TESTS: Final = "tests/*"
"""Of a patch, what a project keeps outside its package."""


def release(patch: Path) -> tuple[str, str]:
    """Distribution and version that a patch is for, as its name says."""
    named = re.fullmatch(r"([a-z-]+)-([\d.]+)-[a-z-]+", patch.stem)
    assert named is not None, patch.name
    return named[1], named[2]


def copy(patch: Path, folder: Path) -> None:
    """The package that a patch is for, as it is installed; what it compiled comes along."""
    name = release(patch)[0]
    shutil.copytree(Path(str(distribution(name).locate_file(_PACKAGES[name]))), folder / _PACKAGES[name])


def apply(patch: Path, folder: Path, *, only: str = "*") -> None:
    """Change what lies in the folder; of the patch `only` the files that match."""
    outside = {"GIT_CEILING_DIRECTORIES": str(folder.parent)}  # a repository around it is another
    subprocess.run(
        ["git", "apply", f"--include={only}", str(patch)],
        cwd=folder,
        env={**os.environ, **outside},
        check=True,
    )
