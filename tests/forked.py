"""Our programs in processes forked from one that has imported them: as separate as any, stopped and killed
like any, but there without the two seconds that a core takes for the imports.

`tests.preloaded` is what they have when they begin. How they are started otherwise is left to the tests of
`ChildProcess`, of the commands and of `brand-monitor up`.
"""

import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import IO, Any

from monitor.local.child import ChildProcess

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["tests.preloaded"])


class Forked(ChildProcess):
    """`brand-monitor` with arguments, or Python with `-m` and a module that has a `main()`."""

    def _launch(self, log: IO[bytes]) -> Any:
        return launch(self._command, self._env or dict(os.environ), Path(log.name))


def launch(command: Sequence[str], env: Mapping[str, str], log: Path) -> "Started":
    """Start a program as above, what it writes appended to its log; it ends with the tests."""
    process = SERVER.Process(target=_run, args=(list(command), dict(env), str(log)), daemon=True)
    process.start()
    return Started(process)


class Started:
    """What is asked of a `subprocess.Popen`."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        assert process.pid is not None
        self.pid = process.pid

    @property
    def returncode(self) -> int | None:
        return self.poll()

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(command: list[str], env: dict[str, str], log: str) -> None:
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(output, stream.fileno())
    os.environ.clear()
    os.environ.update(env)
    module = "monitor.cli"
    if command[1:2] == ["-m"]:
        module, command = command[2], command[2:]
    sys.argv = command
    importlib.import_module(module).main()
