"""Each patch of docs/upstream/ applies to the release that is installed, and makes the tests pass that it
brings: some of them fail without."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from benchmarks.upstream import PARTS
from tests.upstream.patched import PATCHES, TESTS, apply, copy, release


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest says of the tests of all patches beside the packages as they are installed."""
    folder = tmp_path_factory.mktemp("without")
    for patch in PATCHES:
        apply(patch, folder, only=TESTS)
    return own_tests(folder).stdout


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_patch_makes_its_own_tests_pass(patch: Path, without: str, tmp_path: Path) -> None:
    assert release(patch)[1] == version(release(patch)[0]), "does the new release still need it?"
    copy(patch, tmp_path)
    apply(patch, tmp_path)
    files = [file.relative_to(tmp_path) for file in (tmp_path / "tests").rglob("test_*.py")]
    assert any(f"FAILED {file}::" in without for file in files), without

    after = own_tests(tmp_path)
    assert after.returncode == 0, after.stdout


def test_each_patch_is_explained_and_measured() -> None:
    explained = PATCHES[0].with_name("README.md").read_text("utf-8")
    for patch in PATCHES:
        assert f"({patch.name})" in explained
    assert len(PATCHES) == len(PARTS)
    assert all(any(patch.stem.endswith(part) for part in PARTS) for patch in PATCHES)


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
