"""The demo in a process of its own: every sample ends as it must, and the report shows it."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from monitor.demo import read_samples
from monitor.errors import SetupError
from monitor.settings import Settings

ROOT: Final = Path(__file__).parents[2]
SAMPLES: Final = ROOT / "samples"
PROGRAM: Final = str(Path(sys.executable).with_name("brand-monitor"))


def test_the_samples_are_as_many_as_promised() -> None:
    samples = read_samples(SAMPLES, Settings.model_construct())
    kinds = [record.topic for record in samples.records]
    assert kinds.count("text") >= 30
    assert kinds.count("image") >= 12
    assert samples.expected_codes.total() >= 5


@pytest.mark.parametrize("name", ["texts.jsonl", "pictures.jsonl", "broken/messages.jsonl", "brands.toml"])
def test_an_incomplete_folder_is_named(tmp_path: Path, name: str) -> None:
    shutil.copytree(SAMPLES, tmp_path / "samples", ignore=shutil.ignore_patterns("material"))
    (tmp_path / "samples" / name).unlink()
    with pytest.raises(SetupError, match=name):
        read_samples(tmp_path / "samples", Settings.model_construct())


def test_a_good_sample_that_is_not_good_is_named(tmp_path: Path) -> None:
    shutil.copytree(SAMPLES, tmp_path / "samples", ignore=shutil.ignore_patterns("material"))
    with (tmp_path / "samples" / "texts.jsonl").open("a") as file:
        file.write('{"text": "\\u200b"}\n')
    with pytest.raises(SetupError, match=r"line \d+: text-empty"):
        read_samples(tmp_path / "samples", Settings.model_construct())


def test_the_demo_stores_or_dead_letters_every_sample(tmp_path: Path) -> None:
    samples = read_samples(SAMPLES, Settings.model_construct())
    done = subprocess.run(
        [PROGRAM, "demo", "--samples", str(SAMPLES), "--report", str(tmp_path / "report")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = dict(line.rsplit(maxsplit=1) for line in done.stdout.splitlines() if len(line.split()) == 2)
    assert int(said[" published"]) == len(samples.records)
    assert int(said[" stored"]) == samples.good
    assert int(said[" dead-lettered"]) == samples.expected_codes.total()
    assert "VMware (ours)" in done.stdout
    page = (tmp_path / "report" / "report.html").read_text("utf-8")
    assert "VMware" in page
    assert "data:image/" in page
    assert [path.name for path in tmp_path.iterdir()] == ["report"]  # nothing else is left behind
