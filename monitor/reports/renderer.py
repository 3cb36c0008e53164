"""Draws charts and sets pages in a child process: the libraries that do it are native code, which can abort,
and an abort would take the pages or the schedule with it.

The child is started on first use, kept, and started anew where it died or was ended for taking too long. The
kernel of Linux ends it with its parent (`monitor.local.lifeline`).
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from monitor.local import lifeline
from monitor.reports import renderer_child
from monitor.reports.renderer_child import FAULT, receive, send

SECONDS: Final = 60.0
"""A chart takes a twentieth of a second and a report's pages two, on a busy machine several times that."""

MEGABYTES: Final = 4096
"""Ten times what a report with all its pictures takes."""

_MOST_SAID: Final = 300
"""Characters of a library's complaint that are passed on."""

_KILLED: Final = -9
"""Exit code of what SIGKILL ended: ours, or the kernel's where memory is short."""


class RenderingError(Exception):
    """It could not be drawn or set; the message says why, as far as the library did."""


class Renderer:
    """One child process and its jobs, one at a time. Safe to call from any thread."""

    def __init__(self, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> None:
        self._seconds = seconds
        self._megabytes = megabytes
        self._child: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        # The kernel ends the child with the *thread* that started it: one that lives as long as the process.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="renderer")

    @property
    def pid(self) -> int | None:
        """Process id of the child while there is one."""
        return self._child.pid if self._child is not None else None

    def chart(self, spec: dict[str, Any], version: str) -> str:
        """A Vega-Lite spec as SVG. Blocks; raises `RenderingError`."""
        return self._do(kind="chart", spec=spec, version=version).decode()

    def pages(self, layout: Path, fonts: Path, moment: datetime) -> bytes:
        """A Typst layout as PDF made at `moment`; it may read what lies beside it. Blocks; raises
        `RenderingError`."""
        return self._do(
            kind="pages",
            layout=str(layout),
            root=str(layout.parent),
            fonts=str(fonts),
            timestamp=int(moment.timestamp()),
        )

    def end(self) -> None:
        """End the child; a later job starts another. For when no job runs."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            for stream in (child.stdin, child.stdout, self._said):
                if stream is not None:
                    with suppress(OSError):  # what was still to be written to a dead process
                        stream.close()
            child.wait()

    def _do(self, **job: Any) -> bytes:
        try:
            written = json.dumps(job, allow_nan=False).encode()
        except (TypeError, ValueError) as error:
            raise RenderingError(f"is no JSON: {error}") from error
        return self._thread.submit(self._ask, written).result()

    def _ask(self, job: bytes) -> bytes:
        answer = self._exchange(job) or self._exchange(job)
        if answer is None:
            raise RenderingError("the drawing process is killed again and again: is memory short?")
        kind, content = answer
        if kind == FAULT:
            raise RenderingError(_in_short(content))
        return content

    def _exchange(self, job: bytes) -> tuple[bytes, bytes] | None:
        """The child's answer; None where somebody killed it, which is no fault of the job's."""
        child = self._running()
        assert child.stdin is not None
        assert child.stdout is not None
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            child.kill()

        late = threading.Timer(self._seconds, expire)
        late.start()
        try:
            send(child.stdin, b"j", job)
            answer = receive(child.stdout)
        except OSError:  # a closed pipe: it died before it had read all
            answer = None
        finally:
            late.cancel()
            late.join()
        if answer is not None:
            return answer
        code, said = child.wait(), self._last_words()
        self.end()
        if expired.is_set():
            raise RenderingError(f"took longer than {self._seconds:g} s")
        if code == _KILLED:
            return None
        raise RenderingError(f"the drawing process ended with code {code}: {said}")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is not None:
            self.end()
        if self._child is None:
            self._said = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the child lives
            self._child = subprocess.Popen(
                _command(self._megabytes),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                start_new_session=True,  # Ctrl-C is the parent's to answer
            )
        return self._child

    def _last_words(self) -> str:
        assert self._said is not None
        self._said.seek(0)
        return _in_short(self._said.read())


def _command(megabytes: int) -> list[str]:
    # -P: the neighbours of that file are no modules of the child.
    child = [sys.executable, "-P", renderer_child.__file__, str(megabytes)]
    if sys.platform != "linux":  # elsewhere an idle child notices by its input, a busy one after its job
        return child
    parent = (str(os.getpid()), str(int(signal.SIGKILL)), "-1", "-1")
    return [sys.executable, "-I", "-S", lifeline.__file__, *parent, *child]


def _in_short(said: bytes) -> str:
    return " ".join(said.decode("utf-8", "replace").replace("#", " ").split())[:_MOST_SAID]


renderer: Final = Renderer()
"""The one of this process."""

atexit.register(renderer.end)
