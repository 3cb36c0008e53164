"""docs/operations.md lists every setting, metric, topic and role as the program has them."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from monitor.settings import Settings
from monitor.stream.metrics import CollectMetrics, Metrics, MetricSet
from monitor.stream.topics import INPUTS, OUTPUTS


@pytest.fixture(scope="module")
def guide(repository: Path) -> str:
    return (repository / "docs" / "operations.md").read_text("utf-8")


def shown(field: FieldInfo) -> str:
    """A default as the guide writes it."""
    value: Any = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if field.default_factory is not None:
        return "packaged"
    if value is None:
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`"


def test_the_table_of_settings_is_the_settings(guide: str) -> None:
    expected = "\n".join(
        f"| `MONITOR_{name.upper()}` | {shown(field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    )
    assert expected in guide, f"put this into docs/operations.md:\n{expected}"


@pytest.mark.parametrize("metrics", [Metrics, CollectMetrics])
def test_the_table_of_metrics_is_the_metrics(guide: str, metrics: type[MetricSet]) -> None:
    expected = "\n".join(
        f"| `{metric.name}` | {metric.kind}, {metric.unit} | {metric.meaning} | {metric.remedy} |"
        for metric in metrics().definitions
    )
    assert expected in guide, f"put this into docs/operations.md:\n{expected}"


def test_every_topic_is_named(guide: str) -> None:
    for name in INPUTS + OUTPUTS:
        assert f"`mentions.{name}`" in guide


def test_every_setting_named_in_running_text_exists(guide: str, repository: Path) -> None:
    named = set(
        re.findall(r"\bMONITOR_[A-Z_]+\b", guide + (repository / "docker-compose.yml").read_text("utf-8"))
    )
    assert {name.removeprefix("MONITOR_").lower() for name in named} <= set(Settings.model_fields)


def test_metrics_in_alarms_and_running_text_exist(guide: str) -> None:
    metrics = {metric.name for every in (Metrics, CollectMetrics) for metric in every().definitions}
    named = set(re.findall(r"(?<![:/@])\bbrand_monitor_(?!migrate|write|read)\w+", guide))
    assert {name if name in metrics else f"{name}_total" for name in named} == metrics


def test_every_role_is_explained(guide: str, repository: Path) -> None:
    migrations = "".join(
        path.read_text("utf-8") for path in (repository / "migrations" / "versions").glob("*.py")
    )
    roles = set(re.findall(r"\bbrand_monitor_(?:migrate|write|read)\b", migrations))
    assert len(roles) == 3
    assert all(f"`{role}`" in guide for role in roles)


def test_links_lead_somewhere(guide: str, repository: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", guide):
        assert (repository / "docs" / target).exists(), target
