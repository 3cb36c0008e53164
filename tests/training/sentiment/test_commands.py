"""`brand-train sentiment` says what is wrong before it imports torch."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]

RUN = """
import json, sys
from typer.testing import CliRunner
from training.cli import app
found = {}
for name, arguments in json.loads(sys.argv[1]).items():
    result = CliRunner().invoke(app, arguments)
    said = f"{type(result.exception).__name__}: {result.exception}"
    found[name] = [result.exit_code, said, result.output, "torch" in sys.modules]
print(json.dumps(found))
"""

CASES: Mapping[str, tuple[list[str], str]] = {
    "no such file": (["{folder}/none.csv"], "does not exist"),
    "no texts": (["{folder}/empty"], "SetupError: .*empty: no texts; want a .parquet, .csv"),
    "a wrong column": (
        ["{folder}/wrong.csv"],
        r".*wrong.csv: no column `label` \(it has text, stars\)",
    ),
    "no rows": (["{folder}/bare.csv"], "SetupError: .*bare.csv: no text for train is left"),
    "a wrong label": (["{folder}/numbers.csv"], "SetupError: .*numbers.csv, line 2: `label` is '5'"),
    "an unknown setting": (
        ["{folder}/few.csv", "--set", "hiden=3"],
        "SetupError: --set 'hiden=3': write KEY=VALUE",
    ),
    "an unknown setting of the talk's": (
        ["{folder}/few.csv", "--arch", "talk", "--set", "head=3"],
        "a KEY of .*dims",
    ),
    "a teacher that is not there": (
        ["{folder}/few.csv", "--arch", "shipped", "--teacher", "{folder}"],
        "--arch large",
    ),
    "a licence for the talk's": (
        ["{folder}/few.csv", "--arch", "talk", "--licence", "commercial"],
        "IMDB alone",
    ),
    "a quick talk": (["{folder}/few.csv", "--arch", "talk", "--quick"], "IMDB alone"),
    "corrections for the talk's": (
        ["{folder}/few.csv", "--arch", "talk", "--corrections", "{folder}/few.csv"],
        "IMDB alone",
    ),
    "the talk without its set": (["{folder}", "--arch", "talk"], "no imdb.parquet there"),
    "corrections of another form": (
        ["{folder}/few.csv", "--corrections", "{folder}/few.csv"],
        "no column `kind`",
    ),
    "nothing to leave out": (["evaluate", "{folder}/few.csv", "--leave-one-out"], "none of them is there"),
}


def arguments(given: list[str], folder: Path) -> list[str]:
    filled = [one.format(folder=folder) for one in given]
    if filled[0] == "evaluate":
        return ["evaluate", "sentiment", "--data", *filled[1:]]
    command = ["sentiment", "--data", *filled, "--work", str(folder / "work"), "--out", str(folder / "out")]
    return command if "--arch" in command else [*command, "--arch", "large"]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each of the cases came to, in one process of their own."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "empty").mkdir()
    (folder / "wrong.csv").write_text("text,stars\ngreat,5\n")
    (folder / "bare.csv").write_text("text,label\n")
    (folder / "numbers.csv").write_text("text,label\ngreat,5\n")
    (folder / "few.csv").write_text(
        "text,label\n" + "".join(f"great number {n},positive\n" for n in range(80))
    )
    cases = {name: arguments(given, folder) for name, (given, _) in CASES.items()}
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(cases)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not (folder / "work").exists()
    return json.loads(done.stdout)


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_said_before_torch_is_imported(said: dict[str, Any], case: str) -> None:
    code, message, output, torch = said[case]
    assert code != 0
    assert re.search(CASES[case][1], f"{message}\n{output}", re.DOTALL), (message, output)
    assert not torch
