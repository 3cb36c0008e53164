"""README shows what the commands print."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = [
    (command, shown)
    for block in re.findall(r"^```console\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)
    for command, shown in re.findall(r"^\$ (.+)\n((?:[^$\n].*\n)+)", block, re.M)
]


@pytest.mark.parametrize(("command", "shown"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_an_example_prints_what_is_shown(command: str, shown: str) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        shell=True,
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    printed, expected = (list(map(json.loads, lines.splitlines())) for lines in (done.stdout, shown))
    assert printed == [_about(line) for line in expected]


def _about(value: Any) -> Any:
    """Numbers differ from processor to processor, in late digits: nobody reads those."""
    match value:
        case float():
            return pytest.approx(value, abs=0.01)
        case dict():
            return {name: _about(each) for name, each in value.items()}
        case list():
            return [_about(each) for each in value]
    return value


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 2
