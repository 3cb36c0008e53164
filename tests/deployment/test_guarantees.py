"""Every test that docs/guarantees.md names is there."""

import re
from pathlib import Path

TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def test_every_test_that_is_named_exists(repository: Path) -> None:
    named = TEST.findall((repository / "docs" / "guarantees.md").read_text("utf-8"))
    assert len(named) > 30
    for file, test in named:
        assert f"def {test}(" in (repository / "tests" / file).read_text("utf-8"), f"{file}::{test}"
