"""`make secrets` finds a key in a committed file, and takes only what is written down for none."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "find_secrets.py"

# Put together here, so that this file holds none.
PLANTED = {
    "AWS Access Key": "AKIA" + "IOSFODNN7" + "EXAMPLQ",
    "GitHub Token": "ghp_" + "aB3dE6gH9jK2" * 3,
    "Private Key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "Secret Keyword": 'api_key = "' + 'q8Zr5Lw2Xv9T"',
    "Basic Auth Credentials": "postgresql://monitor:" + "q8Zr5Lw2@db/brand",
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / "known.toml").touch()
    return tmp_path


def scan(repository: Path) -> subprocess.CompletedProcess[str]:
    subprocess.run(["git", "add", "."], cwd=repository, check=True)
    command = [sys.executable, str(SCRIPT), "--known", str(repository / "known.toml"), str(repository)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_secret_is_found_with_its_place(repository: Path, kind: str) -> None:
    (repository / "settings.py").write_text(f"# one line before\n{PLANTED[kind]}\n")
    found = scan(repository)
    assert found.returncode == 1, found.stderr
    assert f"settings.py:2: {kind}" in found.stdout


def test_what_is_written_down_is_known_there_only(repository: Path) -> None:
    (repository / "a.py").write_text(PLANTED["Secret Keyword"])
    printed = scan(repository).stdout
    (repository / "known.toml").write_text(printed[printed.index("[[known]]") : printed.rindex("\n\n")])
    assert scan(repository).returncode == 0
    (repository / "b.py").write_text(PLANTED["Secret Keyword"])
    assert scan(repository).returncode == 1
    (repository / "a.py").write_text("nothing")
    (repository / "b.py").write_text("nothing")
    cleaned = scan(repository)
    assert cleaned.returncode == 0
    assert "take it out" in cleaned.stdout


def test_hashes_of_files_and_passwords_of_tests_are_none(repository: Path) -> None:
    (repository / "manifest.json").write_text('{"sha256": "' + "0123456789abcdef" * 4 + '"}')
    (repository / "tests").mkdir()
    (repository / "tests" / "test_login.py").write_text(PLANTED["Secret Keyword"])
    assert scan(repository).returncode == 0
    (repository / "tests" / "test_login.py").write_text(PLANTED["GitHub Token"])
    assert scan(repository).returncode == 1
