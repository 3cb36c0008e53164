"""Copies of installed packages, changed by the patches of docs/upstream/."""

import importlib.util
import os
import re
import shutil
import subprocess
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
    package = _PACKAGES[release(patch)[0]]
    found = importlib.util.find_spec(package)
    assert found is not None
    assert found.origin is not None
    shutil.copytree(Path(found.origin).parent, folder / package)


def apply(patch: Path, folder: Path, *, only: str = "*", without: str = "-") -> None:
    """Change what lies in the folder; of the patch `only` what matches, `without` what matches that."""
    outside = {"GIT_CEILING_DIRECTORIES": str(folder.parent)}  # a repository around it is another
    subprocess.run(
        ["git", "apply", f"--exclude={without}", f"--include={only}", str(patch)],
        cwd=folder,
        env={**os.environ, **outside},
        check=True,
    )
