"""The local system as `up` and `demo` use it."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.errors import OutageError, SetupError
from monitor.local.system import LocalSystem, environment
from monitor.settings import Agents, load_settings
from monitor.stream.positions import read_positions


def test_everything_is_up_when_it_is_entered_and_data_stays(server_folder: Path) -> None:
    with LocalSystem(server_folder, agents=Agents.TEXTS, text_batch_size=7) as system:
        assert system.settings.text_batch_size == 7
        positions = asyncio.run(read_positions(system.settings))
        assert {position.topic for position in positions} == {"mentions.text", "mentions.image"}
        command = [str(Path(sys.executable).with_name("brand-monitor")), "status", "--json"]
        told = subprocess.run(
            command, env={**os.environ, **environment(system.settings)}, capture_output=True, check=True
        )
        assert json.loads(told.stdout)["audit"]["faults"] == []
        system.check()
        system.worker.kill()
        with pytest.raises(OutageError, match=r"worker has ended; its log: .*worker\.log"):
            system.check()
    assert (server_folder / "postgres" / "PG_VERSION").exists()
    assert system.database.pid is None


def test_a_worker_that_cannot_start_is_shown_with_its_log(server_folder: Path) -> None:
    with pytest.raises(SetupError, match=r"worker exited with code 2 while starting(?s:.*)no model 'none'"):
        LocalSystem(server_folder, agents=Agents.TEXTS, sentiment_model="none").__enter__()


def test_settings_survive_the_way_through_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(
        kafka_password="secret", kafka_username="me", text_batch_size=3, device="cpu", publish_findings=False
    )
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings
