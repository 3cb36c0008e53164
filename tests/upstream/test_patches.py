"""Each patch of docs/upstream/ applies to the release that is installed, and makes its own test pass."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.upstream.patched import PATCHES, TESTS, apply, copy, release

_FAILED = 1
"""What pytest ends with if tests failed; it has other codes for what it could not run."""


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_patch_makes_its_own_test_pass(patch: Path, tmp_path: Path) -> None:
    assert release(patch)[1] == version(release(patch)[0]), "look whether the new release still needs it"
    copy(patch, tmp_path)
    apply(patch, tmp_path, only=TESTS)
    before = own_tests(tmp_path)
    assert before.returncode == _FAILED, before.stdout

    apply(patch, tmp_path, without=TESTS)
    after = own_tests(tmp_path)
    assert after.returncode == 0, after.stdout


def own_tests(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(folder), "tests"]
    options = ["-p", "pytest_asyncio.plugin", "-o", "asyncio_default_fixture_loop_scope=function"]
    return subprocess.run(
        [*command, *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
