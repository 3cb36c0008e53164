"""docs/sources.md has a section for each kind, and in it each of its options."""

import re
from pathlib import Path

import msgspec
import pytest

from monitor.sources.kinds import KINDS
from monitor.sources.options import Options

GUIDE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text("utf-8")
SECTIONS = {
    found[1]: found[2]
    for found in re.finditer(r"^## [^\n]*`(\w+)`\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL)
}
COMMON = {field.name: field.default for field in msgspec.structs.fields(Options)}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_option_is_there(kind: str) -> None:
    for field in msgspec.structs.fields(KINDS[kind].options):
        if field.name not in COMMON or field.default != COMMON[field.name]:
            assert f"`{field.name}`" in SECTIONS[kind], f"{kind}: say what `{field.name}` is"
