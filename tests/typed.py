"""`brand-monitor` with words and an input, in a process forked from one that has imported it: a command is
there without the two seconds that a core takes for the imports."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.forked import SERVER

_TIMEOUT: Final = 120.0
"""Seconds."""

_STREAMS: Final = ("stdin", "stdout", "stderr")


def typed(
    *words: str, environment: Mapping[str, str], cwd: Path | None = None, input: bytes = b""
) -> "subprocess.CompletedProcess[bytes]":
    """What `subprocess.run` returns of the command, its output captured. Nobody sits at a terminal."""
    with tempfile.TemporaryDirectory(prefix="brand-monitor-") as name:
        folder = Path(name)
        (folder / "stdin").write_bytes(input)
        process = SERVER.Process(target=_type, args=(words, dict(environment), cwd or Path.cwd(), folder))
        process.start()
        process.join(_TIMEOUT)
        code = process.exitcode
        if code is None:
            process.kill()
            raise subprocess.TimeoutExpired(words, _TIMEOUT)
        output, errors = ((folder / stream).read_bytes() for stream in _STREAMS[1:])
    return subprocess.CompletedProcess(words, code, output, errors)


def _type(words: tuple[str, ...], environment: dict[str, str], cwd: Path, folder: Path) -> None:
    from monitor.cli import main

    for number, stream in enumerate(_STREAMS):
        flags = os.O_RDONLY if stream == "stdin" else os.O_WRONLY | os.O_CREAT | os.O_APPEND
        os.dup2(os.open(folder / stream, flags), number)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - as long as the process lives
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["brand-monitor", *words]
    main()
