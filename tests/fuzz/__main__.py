"""Coverage-guided fuzzing of what strangers' bytes come to first: `python -m tests.fuzz [TARGET ...]`.

Needs atheris (`make fuzz` installs it where there is a wheel). Corpora and counts stay under .cache/fuzz, so
every run goes on where the last one ended. An input that breaks its target is kept there under findings/;
`python -m tests.fuzz TARGET --input FILE` runs it again. Exit status 1 where this run found something.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.fuzz.tally import Came, read
from tests.fuzz.targets import NAMES, load

FOLDER = Path(__file__).parents[2] / ".cache" / "fuzz"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the targets asked for, print the table of all."""
    given = _given(arguments)
    if given.input is not None:
        for name in given.targets:
            load(name).check(given.input.read_bytes())
        return 0
    if importlib.util.find_spec("atheris") is None:
        print(f"not fuzzed: atheris has no wheel for Python {sys.version.split()[0]} on {sys.platform}")
        return 0
    found = [name for name in given.targets if not _run(name, given.executions, given.seconds, given.folder)]
    print(_table(_account(given.folder)))
    return 1 if found else 0


def _given(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of: {', '.join(NAMES)} (default: all)")
    parser.add_argument(
        "--executions", type=int, default=20_000, help="of each target, at most; fewer of slow ones"
    )
    parser.add_argument("--seconds", type=int, default=600, help="for each target, at most")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where corpora and counts stay")
    parser.add_argument("--input", type=Path, help="run this one input, without atheris")
    given = parser.parse_args(arguments)
    for name in given.targets:
        if name not in NAMES:
            parser.error(f"no target {name!r}; there are {', '.join(NAMES)}")
    given.targets = given.targets or NAMES
    return given


def _run(name: str, executions: int, seconds: int, folder: Path) -> bool:
    """Whether the target stood it all; what it came to goes to the account."""
    corpus, seeds, findings = (folder / name / part for part in ("corpus", "seeds", "findings"))
    for part in (corpus, seeds, findings):
        part.mkdir(parents=True, exist_ok=True)
    target = load(name)
    for seed in target.seeds():
        (seeds / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    words = folder / name / "words.dict"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in getattr(target, "WORDS", ())))
    tally, log = folder / name / "tally", folder / name / "log"
    tally.unlink(missing_ok=True)
    account = _account(folder)
    before = account.get(name, {"executions": 0, "findings": 0, "slowest": 0.0, "memory": 0})
    flags = [
        f"-runs={executions // getattr(target, 'COST', 1)}",
        f"-max_total_time={seconds}",
        f"-seed={1 + before['executions']}",  # the first run is always the same; the next one is another
        f"-artifact_prefix={findings}/",
        f"-dict={words}",
        "-print_final_stats=1",
    ]
    command = [sys.executable, "-m", "tests.fuzz.engine", name, str(tally), *flags, str(corpus), str(seeds)]
    with log.open("wb") as written:
        ended = subprocess.run(
            command, stdout=written, stderr=written, env=os.environ | {"PYTHONHASHSEED": "0"}, check=False
        )
    came, stood = read(tally), ended.returncode == 0
    account[name] = _added(before, came, stood)
    (folder / "account.json").write_text(json.dumps(account, indent=1))
    said = "no finding" if stood else f"FOUND something: {log}"
    print(f"{name}: {came.executions:,} executions, {said}", flush=True)
    if not stood:
        print(_told(log), flush=True)
    return stood


def _added(before: dict[str, Any], came: Came, stood: bool) -> dict[str, Any]:
    return {
        "executions": before["executions"] + came.executions,
        "findings": before["findings"] + (not stood),
        "slowest": max(before["slowest"], came.slowest),
        "memory": max(before["memory"], came.memory),
    }


def _told(log: Path) -> str:
    """The end of the log without libFuzzer's progress."""
    lines = log.read_text("utf-8", "replace").splitlines()
    return "\n".join([line for line in lines if not line.startswith(("#", "INFO:", "\tNEW_FUNC"))][-40:])


def _account(folder: Path) -> dict[str, Any]:
    file = folder / "account.json"
    return json.loads(file.read_text()) if file.exists() else {}


def _table(account: dict[str, Any]) -> str:
    rows = [("target", "executions", "findings", "slowest input s", "memory MiB")]
    for name, came in account.items():
        rows.append(
            (
                name,
                f"{came['executions']:,}",
                str(came["findings"]),
                f"{came['slowest']:.3f}",
                str(came["memory"] >> 20),
            )
        )
    rows.append(("all", f"{sum(came['executions'] for came in account.values()):,}", "", "", ""))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
    )


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    sys.exit(main())
