"""Settings: defaults, sources, and errors that name the variable."""

import fcntl
import os
from pathlib import Path

import pytest

from monitor.errors import SetupError
from monitor.settings import RUNNING, Device, Settings, load_settings, packaged


@pytest.fixture(autouse=True)
def _no_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine's environment, and no .env."""
    for name in list(os.environ):
        if name.upper().startswith("MONITOR_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_environment_wins_over_dotenv_and_arguments_over_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        "MONITOR_TOPIC_PREFIX=file\nMONITOR_CONSUMER_GROUP=file\nMONITOR_LOG_LEVEL=file\n"
    )
    monkeypatch.setenv("MONITOR_TOPIC_PREFIX", "environment")
    monkeypatch.setenv("MONITOR_CONSUMER_GROUP", "environment")
    settings = load_settings(topic_prefix="argument")
    assert settings.topic("text") == "argument.text"
    assert settings.consumer_group == "environment"
    assert settings.log_level == "file"


def test_what_runs_in_this_folder_wins_over_dotenv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MONITOR_TOPIC_PREFIX=file\nMONITOR_CONSUMER_GROUP=file\n")
    RUNNING.parent.mkdir()
    RUNNING.write_text("MONITOR_TOPIC_PREFIX=running\nMONITOR_LOG_LEVEL=running\n")
    monkeypatch.setenv("MONITOR_LOG_LEVEL", "environment")
    with RUNNING.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        settings = load_settings()
    assert (settings.topic_prefix, settings.consumer_group) == ("running", "file")
    assert settings.log_level == "environment"
    assert load_settings().topic_prefix == "file", "what was killed, or ends, left its file"


def test_a_byte_order_mark_in_dotenv_hides_no_setting(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MONITOR_CONSUMER_GROUP=file\n", "utf-8-sig")
    assert load_settings().consumer_group == "file"


def test_an_argument_of_none_means_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_DEVICE", "cpu")
    assert load_settings(device=None).device is Device.CPU


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MONITOR_TOPIC_PARTITIONS", "0"),
        ("MONITOR_TOPIC_PARTITIONS", "many"),
        ("MONITOR_DEVICE", "gpu"),
        ("MONITOR_HEALTH_PORT", "70000"),
        ("MONITOR_BATCH_WAIT", "0"),
        ("MONITOR_KAFKA_URL", "http://kafka:9092"),
        ("MONITOR_KAFKA_URL", "kafka://kafka:port"),
        ("MONITOR_KAFKA_URL", ""),
        ("MONITOR_TOPIC_PREFIX", "our mentions"),
        ("MONITOR_TOPIC_PREFIX", ""),
    ],
)
def test_wrong_values_are_named_with_their_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SetupError, match=f"{variable} = '{value}'"):
        load_settings()


@pytest.mark.parametrize(
    ("given", "server"),
    [
        ("kafka://a:1", ["a:1"]),
        ("a:1,b:2", ["a:1", "b:2"]),
        ("kafka://a:1;b:2", ["a:1", "b:2"]),
        ("kafka://kafka-0.kafka,[::1]:9092", ["kafka-0.kafka", "[::1]:9092"]),
    ],
)
def test_bootstrap_servers(given: str, server: list[str]) -> None:
    assert load_settings(kafka_url=given).bootstrap_servers == server


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_postgresql_scheme_gets_the_one_driver(scheme: str) -> None:
    url = load_settings(database_url=f"{scheme}://me:hush-47@db/x").sqlalchemy_url()
    assert url == "postgresql+psycopg://me:hush-47@db/x"


def test_another_database_is_refused_without_showing_the_password() -> None:
    settings = load_settings(database_url="mysql://me:hush-47@db/x")
    with pytest.raises(SetupError, match="only PostgreSQL") as caught:
        settings.sqlalchemy_url()
    assert "hush-47" not in str(caught.value)


def test_passwords_are_not_printed() -> None:
    assert "hush-47" not in repr(load_settings(database_url="postgresql://me:hush-47@db/x"))


def test_a_picture_of_the_largest_size_fits_into_a_message() -> None:
    settings = Settings.model_construct()
    assert settings.image_max_bytes * 4 / 3 < settings.max_message_bytes


def test_migrations_and_models_are_found_from_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert packaged("migrations").is_dir()
    assert packaged("onnx_models").is_dir()
