"""A process whose lock is held for ever ends, and says where it was."""

import subprocess
import sys

STUCK = """
import asyncio
from monitor.stream.deadman import stay_alive

def seize():
    hash((1 << 40_000_000) ** 4000)  # hours in C, the lock held

async def main():
    alive = asyncio.create_task(stay_alive(1.5, least=1.5))
    await asyncio.sleep(3)
    print("alive", flush=True)
    {what}
    alive.cancel()
    await asyncio.sleep(2)
    print("done", flush=True)

asyncio.run(main())
"""


def run(what: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", STUCK.format(what=what)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_held_lock_ends_the_process() -> None:
    ended = run("await asyncio.get_running_loop().run_in_executor(None, seize)")
    assert (ended.returncode, ended.stdout) == (1, "alive\n")
    assert "in seize" in ended.stderr


def test_a_loop_that_turns_lives_on_and_may_be_left_alone() -> None:
    ended = run("await asyncio.sleep(2)")
    assert (ended.returncode, ended.stdout) == (0, "alive\ndone\n")
