"""Runs of all models of a process share its cores, by turns."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from monitor.inference import open_session
from monitor.inference.cores import Cores, quota, shared_cores
from monitor.settings import Device, packaged

MODELS = packaged("onnx_models")


def test_no_more_runs_go_at_once_than_there_are_cores() -> None:
    cores, going, most, lock = Cores(3), 0, 0, threading.Lock()
    full = threading.Barrier(3, timeout=30)

    def run(number: int) -> None:
        nonlocal going, most
        with cores:
            with lock:
                going += 1
                most = max(most, going)
            if number < 3:
                full.wait()  # all three places are given out
            with lock:
                going -= 1

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(run, range(60)))
    assert most == 3


def test_who_came_first_goes_first_and_nobody_goes_twice_before() -> None:
    """A thread that takes a core again at once must not take it from one that waits."""
    cores = Cores(1)
    order: list[str] = []
    started = threading.Event()

    def greedy() -> None:
        for _ in range(3):
            with cores:
                started.set()
                order.append("greedy")
                _until(lambda: waiting(cores) == 1 or "patient" in order)

    def patient() -> None:
        with cores:
            order.append("patient")

    first = threading.Thread(target=greedy)
    first.start()
    assert started.wait(30)
    second = threading.Thread(target=patient)
    second.start()
    first.join(30)
    second.join(30)
    assert order == ["greedy", "patient", "greedy", "greedy"]


def test_a_run_that_fails_gives_its_core_back() -> None:
    cores = Cores(1)
    with pytest.raises(ValueError, match="broken"), cores:
        raise ValueError("broken")
    with cores:
        assert waiting(cores) == 0


def test_models_share_the_cores_and_have_no_threads_of_their_own() -> None:
    before = len(list(Path("/proc/self/task").iterdir())) if Path("/proc/self/task").exists() else None
    models = [
        open_session(MODELS / name, Device.CPU, 2) for name in ("logos", "logos-embedder", "reader-lines")
    ]
    assert {id(model.cores) for model in models} == {id(shared_cores(2))}
    models[0].run(pixels=np.zeros((1, 96, 96, 3), np.uint8))
    if before is not None:
        assert len(list(Path("/proc/self/task").iterdir())) == before


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4.0),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_a_containers_limit_is_kept_to(files: dict[str, str], limit: float | None, tmp_path: Path) -> None:
    """Where 64 cores grant a worker two, 64 runs at once would be stopped most of the time."""
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert quota(tmp_path) == limit


def waiting(cores: Cores) -> int:
    return len(cores._waiting)


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)
