"""docker-compose.yml is valid, starts what exists, sets settings that exist, watches what it starts."""

import http.server
import json
import re
import shutil
import subprocess
import sys
import threading
from importlib import resources
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from monitor.settings import Device, Settings, load_settings
from monitor.sources.receiver_options import ReceiverOptions
from monitor.web.people import load_people
from monitor.web.server import refuse_exposure

ONCE: Final = ("migrate", "topics", "brands")
WORKERS: Final = ("worker", "worker-gpu")


def seconds(duration: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(s|m)", duration).groups()  # type: ignore[union-attr]
    return int(number) * {"s": 1, "m": 60}[unit]


def test_it_follows_the_compose_specification(compose: dict[str, Any]) -> None:
    schema = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.Draft7Validator(json.loads(schema.read_text("utf-8"))).validate(compose)


def test_docker_compose_takes_it(repository: Path) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("the docker compose plugin is not installed; the file was checked against the schema")
    command = [docker, "compose", "--profile", "gpu", "config", "--quiet"]
    run = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_everything_named_is_declared(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert set(service.get("depends_on", {})) <= set(compose["services"])
        assert set(service["networks"]) <= set(compose["networks"])
        assert {volume.partition(":")[0] for volume in service.get("volumes", ())} <= set(compose["volumes"])


def test_a_worker_waits_for_schema_and_topics(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name in WORKERS:
        waits = {other: how["condition"] for other, how in services[name]["depends_on"].items()}
        assert waits == dict.fromkeys(ONCE, "service_completed_successfully")
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert services["topics"]["depends_on"] == {"kafka": {"condition": "service_healthy"}}


def test_the_pages_change_the_brands_file_that_workers_watch(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name in ("brands", *WORKERS, "web", "collect"):
        (folder,) = [
            volume.partition(":")[2] for volume in services[name]["volumes"] if volume.startswith("brands:")
        ]
        assert Path(services[name]["environment"]["MONITOR_BRANDS_FILE"]).parent == Path(folder)
    assert services["brands"]["command"] == ["brand-monitor", "init", "--catalogue"]


def test_every_service_that_stays_is_watched(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if name in ONCE:
            assert service["healthcheck"] == {"disable": True}
            assert service["restart"] == "no"
        else:
            assert service["healthcheck"]["test"]
            assert service["restart"] == "unless-stopped"


def test_environment_sets_settings_that_exist(
    compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # away from a developer's .env
    for name in (*ONCE, *WORKERS, "web", "schedule", "collect"):
        variables = compose["services"][name]["environment"]
        assert {variable.removeprefix("MONITOR_").lower() for variable in variables} <= set(
            Settings.model_fields
        )
        with monkeypatch.context() as environment:
            for variable, value in variables.items():
                environment.setenv(variable, value)
            settings = load_settings()
        assert settings.bootstrap_servers == ["kafka:19092"]
        assert settings.sqlalchemy_url().endswith("@postgres:5432/brand_monitor")
        assert (settings.device is Device.CUDA) == (name == "worker-gpu")


def test_a_worker_has_the_time_it_needs_to_stop(compose: dict[str, Any]) -> None:
    promised = 10.0  # seconds from SIGTERM to exit, with everything acknowledged that was stored
    assert Settings.model_fields["stop_timeout"].default < promised
    for name in (*WORKERS, "collect"):
        assert seconds(compose["services"][name]["stop_grace_period"]) > promised


def test_the_pages_come_up_with_these_settings(
    compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    web = compose["services"]["web"]
    for variable, value in web["environment"].items():
        monkeypatch.setenv(variable, re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value))
    settings = load_settings()
    refuse_exposure(settings)
    assert load_people(settings) is not None
    assert web["ports"] == [f"127.0.0.1:{settings.web_port}:{settings.web_port}"]
    assert f"http://127.0.0.1:{settings.web_port}/health" in web["healthcheck"]["test"][-1]
    assert seconds(web["stop_grace_period"]) > 5


def test_collecting_is_asked_for_and_reads_the_file_that_it_is_given(compose: dict[str, Any]) -> None:
    collect = compose["services"]["collect"]
    assert collect["profiles"] == ["collect"]  # not everybody has a sources.toml
    (config,) = collect["configs"]
    assert collect["environment"]["MONITOR_SOURCES_FILE"] == config["target"]
    assert compose["configs"][config["source"]]["file"] == "./sources.toml"
    assert collect["ports"] == [f"127.0.0.1:{ReceiverOptions().port}:{ReceiverOptions().port}"]


def test_ports_are_open_to_this_machine_only(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_there_is_no_password_but_the_one_for_trying_out(repository: Path) -> None:
    text = (repository / "docker-compose.yml").read_text("utf-8")
    settings = "\n".join(line.partition("#")[0] for line in text.splitlines())
    found = re.findall(r"PASSWORD: (\S+)", settings) + re.findall(r"://\w+:([^@\s]+)@", settings)
    assert sorted(found) == ["${POSTGRES_PASSWORD:-brand-monitor}"] * 2 + ["${WEB_PASSWORD:-brand-monitor}"]


def test_only_the_gpu_worker_asks_for_a_gpu(compose: dict[str, Any]) -> None:
    gpu = compose["services"]["worker-gpu"]
    assert gpu["profiles"] == ["gpu"]
    assert gpu["build"]["target"] == "gpu"
    (device,) = gpu["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
    assert [name for name, service in compose["services"].items() if "deploy" in service] == ["worker-gpu"]


@pytest.mark.parametrize(("status", "exit_code"), [(200, 0), (503, 1)])
def test_the_health_check_tells_ready_from_not_ready(
    compose: dict[str, Any], status: int, exit_code: int
) -> None:
    asked: list[str] = []

    class Ready(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    marker, _, *arguments = compose["services"]["worker"]["healthcheck"]["test"]
    assert marker == "CMD"
    with http.server.HTTPServer(("127.0.0.1", 0), Ready) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = {"MONITOR_HEALTH_PORT": str(server.server_port)}
        run = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True)
        server.shutdown()
    assert run.returncode == exit_code
    assert asked == ["/health/ready"]
