"""The workers of a run and whoever starts them again: a small supervisor, as systemd or a container runtime
is one."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import monitor
from monitor.local.child import ChildProcess, StopPlan
from monitor.local.system import environment
from monitor.settings import Settings

ROOT: Final = Path(monitor.__file__).parents[1]

_AGAIN: Final = 0.5
"""Seconds before a worker that ended is started again."""

_LOOK: Final = 0.1

_HELPLESS: Final = 8
"""Exits with code 2 (something has to be set right by a person) in a row that count as needing a hand."""

_WRAPPER: Final = Path(__file__).with_name("worker.py")


@dataclass
class Worker:
    """One place in the crew; its process changes."""

    number: int
    process: ChildProcess
    wanted: bool = True
    exits: Counter[int] = field(default_factory=Counter)
    helpless: int = 0
    high_water: int = 0
    """kB of memory, the most that any of its processes had resident."""

    @property
    def pid(self) -> int | None:
        return self.process.pid

    def signal(self, number: signal.Signals) -> None:
        pid = self.pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


class Crew:
    """Workers by number. `supervise` runs as long as the seed."""

    def __init__(self, settings: Settings, folder: Path, extra: dict[str, str]) -> None:
        self._settings = settings
        self._folder = folder
        self._extra = extra
        self._started = 0
        self.workers: list[Worker] = []
        self.paused = False
        """Whether workers that ended stay so."""

    def add(self) -> Worker:
        self._started += 1
        env = {
            **environment(self._settings.model_copy(update={"health_port": 0})),
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            **self._extra,
        }
        process = ChildProcess(
            f"worker {self._started}",
            [sys.executable, str(_WRAPPER), "worker", "--agents", "all"],
            log=self._folder / f"worker-{self._started}.log",
            plan=StopPlan(signal=signal.SIGTERM, grace=15),
            env=env,
        )
        worker = Worker(self._started, process)
        self.workers.append(worker)
        self._start(worker)
        return worker

    @property
    def alive(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.pid is not None]

    @property
    def helpless(self) -> bool:
        """Whether a worker keeps ending because a person would have to do something."""
        return any(worker.helpless >= _HELPLESS for worker in self.workers)

    async def supervise(self) -> None:
        """Start again what ended, note how it ended and how much memory it had. Ends when cancelled."""
        while True:
            for worker in self.workers:
                self._measure(worker)
                if worker.pid is None and worker.wanted and not self.paused:
                    code = worker.process.returncode or 0
                    worker.exits[code] += 1
                    worker.helpless = worker.helpless + 1 if code == 2 else 0
                    await asyncio.sleep(_AGAIN)
                    if worker.wanted and not self.paused and worker.pid is None:
                        self._start(worker)
            await asyncio.sleep(_LOOK)

    async def retire(self, worker: Worker) -> int | None:
        """Stop in good order and for good; the exit code."""
        worker.wanted = False
        code = await asyncio.to_thread(worker.process.stop)
        if code is not None:
            worker.exits[code] += 1
        return code

    async def stop_all(self, kill: bool = False) -> None:
        """End everything; `resume` starts it again."""
        self.paused = True
        for worker in self.workers:
            self._measure(worker)
            worker.signal(signal.SIGCONT)
            if kill:
                worker.process.kill()
        await asyncio.gather(*(asyncio.to_thread(worker.process.stop) for worker in self.workers))

    def resume(self) -> None:
        self.paused = False

    def log_tail(self, lines: int = 6) -> str:
        """What the workers said last, batches left out."""
        said = []
        for worker in self.workers:
            text = worker.process.log.read_text(errors="replace").splitlines()
            text = [line for line in text if '"event": "batch"' not in line]
            said += [f"--- worker {worker.number}", *(line[:240] for line in text[-lines:])]
        return "\n".join(said)

    def crashes(self) -> Counter[str]:
        """Failures of their own, as workers told them with a traceback: the last line of each."""
        found: Counter[str] = Counter()
        for worker in self.workers:
            for line in worker.process.log.read_text(errors="replace").splitlines():
                if line.startswith("{") and '"exception"' in line:
                    told = json.loads(line)["exception"].strip().splitlines()
                    found[told[-1][:200]] += 1
        return found

    def keep_logs(self, folder: Path) -> None:
        """Copy what the workers said, to be looked into after the run."""
        folder.mkdir(parents=True, exist_ok=True)
        for worker in self.workers:
            shutil.copy(worker.process.log, folder / worker.process.log.name)

    def _start(self, worker: Worker) -> None:
        worker.process.start(lambda: True, timeout=1)

    def _measure(self, worker: Worker) -> None:
        pid = worker.pid
        if pid is None:
            return
        with contextlib.suppress(OSError):
            found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
            if found:
                worker.high_water = max(worker.high_water, int(found[1]))
