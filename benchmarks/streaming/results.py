"""Results of each part as JSON, and all of them as one page."""

import json
import os
import platform
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

Rows = Sequence[Mapping[str, Any]]

_FOLDER: Final = Path(__file__).parents[1] / "results"


def keep(part: str, rows: Rows, command: str, texts: str) -> None:
    """Write a part's results, with how, of which texts of one's own, if any, and where they came about."""
    folder = _FOLDER / "stream"
    folder.mkdir(parents=True, exist_ok=True)
    at = datetime.now(UTC).isoformat("T", "minutes")
    told = {"command": command, "texts": texts, "at": at, "commit": _commit(), "machine": _machine()}
    told["rows"] = rows
    (folder / f"{part}.json").write_text(json.dumps(told, indent=1) + "\n")


def write(parts: Mapping[str, tuple[str, Callable[[Rows], str]]]) -> Path:
    """The page of what is kept, in the order of `parts`: a text and a table of each."""
    page = [
        "# The stream in figures",
        "",
        "Written by `python benchmarks/stream.py`, part by part.",
    ]
    for part, (text, table) in parts.items():
        path = _FOLDER / "stream" / f"{part}.json"
        if path.exists():
            told = json.loads(path.read_text())
            texts = f" ({told['texts']})" if told["texts"] else ""
            how = f"`{told['command']}`{texts}, {told['at']}, commit {told['commit']}"
            page += ["", text.strip(), "", table(told["rows"]), "", f"{how}, {told['machine']}."]
    path = _FOLDER / "stream.md"
    path.write_text("\n".join(page) + "\n")
    return path


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Markdown: words to the left, figures to the right."""
    sides = [
        "---:" if rows and isinstance(one, int | float) else "---" for one in (rows[0] if rows else heads)
    ]
    lines = [heads, sides, *([_cell(one) for one in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}" if value >= 10 else f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _commit() -> str:
    asked = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def _machine() -> str:
    """Cores and memory: what a reader compares with their own."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, Python {platform.python_version()}"
