"""What docs and examples show can be published by the command as it stands there."""

import json
import re
from pathlib import Path

import pytest

from monitor.files.pictures import read_images
from monitor.files.reading import read_texts
from monitor.messages import MSGPACK, decode_image, decode_text
from monitor.publishing import Defaults, Outgoing

ROOT = Path(__file__).parents[2]
DEFAULTS = Defaults(source="upload")
_BLOCK = re.compile(r"```(?:json|jsonl|csv)\n(.*?)```", re.DOTALL)


def test_the_example_of_a_text_is_published_as_it_is() -> None:
    path = ROOT / "examples" / "text-mention.json"
    (sent,) = read_texts(path, DEFAULTS, max_chars=1_000)
    assert isinstance(sent, Outgoing), sent
    assert decode_text(sent.value, max_chars=1_000) == decode_text(path.read_bytes(), max_chars=1_000)


def test_the_example_of_a_picture_is_published_as_it_is() -> None:
    path = ROOT / "examples" / "image-mention.json"
    (sent,) = read_images([path], Defaults(source="upload", content_type=MSGPACK))
    assert isinstance(sent, Outgoing), sent
    assert decode_image(sent.value, MSGPACK) == decode_image(path.read_bytes())


@pytest.mark.parametrize("name", ["messages.md", "importing.md"])
def test_every_block_of_texts_in_the_docs_is_published(tmp_path: Path, name: str) -> None:
    blocks = _BLOCK.findall((ROOT / "docs" / name).read_text("utf-8"))
    shown = [block for block in blocks if '"text"' in block or re.search(r"^(\w+[,;])*text\b", block)]
    assert shown
    for block in shown:
        path = tmp_path / ("block.json" if block.startswith(("{", "[")) else "block.csv")
        path.write_text(block)
        sent = list(read_texts(path, DEFAULTS, max_chars=1_000))
        assert sent, block
        assert all(isinstance(record, Outgoing) for record in sent), (block, sent)


def test_the_json_of_the_docs_is_json() -> None:
    for name in ("messages.md", "importing.md"):
        for block in re.findall(r"```json\n(.*?)```", (ROOT / "docs" / name).read_text("utf-8"), re.DOTALL):
            json.loads(block)
