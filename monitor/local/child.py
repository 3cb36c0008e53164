"""Child processes that never outlive their parent: started, watched and stopped the same way for every
server.

On Linux the kernel ends the child when the parent dies, even by kill -9 (`prctl(PR_SET_PDEATHSIG)`, set by
`monitor.local.lifeline` between fork and exec). Elsewhere the child ends with an orderly stop of the parent
only. The kernel watches the *thread* that started the child: start servers from a thread that lives as long
as they should.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from monitor.errors import SetupError

_POLL = 0.05
"""Seconds between readiness checks; a server is up within a few of these."""

_LIFELINE = Path(__file__).with_name("lifeline.py")


@dataclass(frozen=True, kw_only=True)
class StopPlan:
    """How a server is asked to stop: `signal`, `grace` seconds, then SIGKILL."""

    signal: signal.Signals
    grace: float


class ChildProcess:
    """One server process with its log file.

    `start` and `stop` block; `stop` for at most `plan.grace` seconds. Both may be called again: stop, then
    start, is a restart.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        plan: StopPlan,
        env: Mapping[str, str] | None = None,
        user: tuple[int, int] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._command = list(command)
        self._plan = plan
        self._env = {**os.environ, **env} if env else None
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id while running."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def returncode(self) -> int | None:
        """Exit code once the process has ended; negative for a signal."""
        return self._process.poll() if self._process is not None else None

    def start(self, ready: Callable[[], bool], timeout: float) -> None:
        """Start and wait until `ready()`; raises `SetupError` with the log's end if it exits or takes too
        long."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = self._launch(log)
        deadline = time.monotonic() + timeout
        while not ready():
            if self._process.poll() is not None:
                raise SetupError(self._explain(f"exited with code {self._process.returncode} while starting"))
            if time.monotonic() > deadline:
                self.stop()
                raise SetupError(self._explain(f"was not ready within {timeout:.0f} s"))
            time.sleep(_POLL)

    def stop(self) -> int | None:
        """Ask to stop, wait, kill if needed; returns the exit code. Does nothing if not running."""
        process = self._process
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(self._plan.signal)
            try:
                process.wait(self._plan.grace)
            except subprocess.TimeoutExpired:
                process.kill()
        return process.wait()

    def kill(self) -> None:
        """End the process at once, as kill -9 does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the process to end by itself; raises `subprocess.TimeoutExpired`."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process.wait(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self, log: IO[bytes]) -> "subprocess.Popen[bytes]":
        uid, gid = self._user or (-1, -1)
        lifeline = [sys.executable, "-I", "-S", str(_LIFELINE)]
        lifeline += [str(os.getpid()), str(int(self._plan.signal)), str(uid), str(gid)]
        return subprocess.Popen(
            [*lifeline, *self._command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=self._env,
            start_new_session=True,  # Ctrl-C reaches the parent, which stops children in order
        )

    def _explain(self, what: str) -> str:
        tail = self.log.read_text("utf-8", errors="replace").splitlines()[-15:]
        return f"{self.name} {what}; its log {self.log} ends with:\n  " + "\n  ".join(tail)


def free_port(wanted: int = 0) -> int:
    """A TCP port on 127.0.0.1 that was free a moment ago: the one wanted, or any."""
    with socket.socket() as probe:
        # As servers do it: a port is not taken because a connection to the last server lingers.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
