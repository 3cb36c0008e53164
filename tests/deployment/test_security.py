"""docs/security.md claims what tests guard: each one it names is there, and each setting and link, too."""

import re
from pathlib import Path

import pytest

from monitor.settings import Settings


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "security.md").read_text("utf-8")


def test_every_test_it_names_is_there(page: str, repository: Path) -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", page)
    assert len(named) > 20
    assert page.count("::") == len(named) + 1  # `file::test` itself
    for file, test in named:
        there = (repository / "tests" / file).read_text("utf-8")
        assert re.search(rf"def {test}\(", there), f"{file}::{test}"


def test_every_setting_it_names_exists(page: str) -> None:
    named = {name.removeprefix("MONITOR_").lower() for name in re.findall(r"\bMONITOR_[A-Z_]+\b", page)}
    assert named <= set(Settings.model_fields)


def test_links_lead_somewhere(page: str, repository: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page):
        assert (repository / "docs" / target).exists(), target
