"""The embedded servers start, answer, keep or lose what they should, and die with their parent."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from monitor.errors import SetupError
from monitor.local import EmbeddedBroker, EmbeddedDatabase
from monitor.local.broker import answers
from monitor.local.child import ChildProcess, StopPlan


async def _cluster_id(server: str) -> str:
    admin = AIOKafkaAdminClient(bootstrap_servers=server)
    await admin.start()
    try:
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()


def test_broker_answers_when_started_and_not_when_stopped(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / "broker.log") as broker:
        server = broker.url.removeprefix("kafka://")
        assert answers(server)
    assert not answers(server)
    assert broker.pid is None


def test_every_start_is_another_cluster(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path / "broker.log")
    seen = set()
    for _ in range(2):
        with broker:
            seen.add(asyncio.run(_cluster_id(broker.url.removeprefix("kafka://"))))
    assert len(seen) == 2


def test_database_keeps_data_password_and_port_over_a_restart(server_folder: Path) -> None:
    server = EmbeddedDatabase(server_folder, {"fsync": "off"})
    with server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    url = server.url
    with server, psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_database_refuses_a_wrong_password(database_server: EmbeddedDatabase) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://postgres:wrong@127.0.0.1:{database_server.port}/postgres")


def test_a_server_that_exits_while_starting_shows_its_log(tmp_path: Path) -> None:
    child = ChildProcess(
        "thing",
        ["sh", "-c", "echo no such file; exit 3"],
        log=tmp_path / "log",
        plan=StopPlan(signal=signal.SIGTERM, grace=1),
    )
    with pytest.raises(SetupError, match=r"thing exited with code 3 while starting(?s:.*)no such file"):
        child.start(lambda: False, timeout=5)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_servers_die_with_a_parent_that_is_killed(server_folder: Path) -> None:
    script = (
        "import time\nfrom pathlib import Path\nfrom monitor.local import EmbeddedBroker, EmbeddedDatabase\n"
        f"folder = Path({str(server_folder)!r})\n"
        "with EmbeddedBroker(folder / 'b.log') as b, EmbeddedDatabase(folder, {'fsync': 'off'}) as d:\n"
        "    print(b.pid, d.pid, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert len(pids) == 2
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while any(_running(pid) for pid in pids):
        assert time.monotonic() < deadline, "a server outlived its parent"
        time.sleep(0.05)


def _running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:1]
