"""The committed schemas and examples: current, valid, and what the service itself decodes."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from monitor.commands.schemas import CONTRACTS, rendered, schema_of
from monitor.errors import ErrorCode
from monitor.logos import decode_picture
from monitor.messages import decode_image, decode_text
from monitor.stream.announcements import envelope

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.json"))


def contract_of(example: Path) -> str:
    return next(name for name in CONTRACTS if example.stem.startswith(name))


@pytest.mark.parametrize("name", CONTRACTS)
def test_committed_schema_is_current(name: str) -> None:
    committed = (ROOT / "docs" / "schemas" / f"{name}.json").read_text("utf-8")
    assert committed == rendered(CONTRACTS[name]), "run `brand-monitor schemas -o docs/schemas`"


def test_every_message_has_an_example() -> None:
    assert {contract_of(example) for example in EXAMPLES} == set(CONTRACTS)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_fits_its_schema_and_its_struct(example: Path) -> None:
    contract = CONTRACTS[contract_of(example)]
    jsonschema.validate(
        json.loads(example.read_bytes()),
        schema_of(contract),
        cls=jsonschema.Draft202012Validator,
    )
    decoded = msgspec.json.decode(example.read_bytes(), type=contract)
    again = msgspec.json.decode(msgspec.json.encode(decoded), type=contract)
    assert again == decoded


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("text-mention", {"id": ""}),
        ("text-mention", {"reach": -1}),
        ("text-mention", {"text": None}),
        ("image-mention", {"source": "a\u0000b"}),
    ],
)
def test_schema_refuses_what_the_service_refuses(name: str, change: dict[str, Any]) -> None:
    message = json.loads((ROOT / "examples" / f"{name}.json").read_bytes()) | change
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(message, schema_of(CONTRACTS[name]), cls=jsonschema.Draft202012Validator)


def test_example_mentions_are_ones_the_stream_takes() -> None:
    text = decode_text((ROOT / "examples" / "text-mention.json").read_bytes(), max_chars=1_000)
    assert "VMware" in text.text
    image = decode_image((ROOT / "examples" / "image-mention.json").read_bytes())
    picture = decode_picture(image.image, max_bytes=10_000, max_pixels=10_000)
    assert (picture.width, picture.height, picture.media_type) == (96, 48, "image/png")


@pytest.mark.parametrize(
    "example", sorted((ROOT / "examples").glob("finding*.json")), ids=lambda path: path.stem
)
def test_example_findings_point_at_what_they_name(example: Path) -> None:
    finding = json.loads(example.read_bytes())
    if finding["kind"] == "text":
        said = json.loads((ROOT / "examples" / "text-mention.json").read_bytes())["text"]
    else:
        said = json.loads((ROOT / "examples" / "image-mention.json").read_bytes())["caption"]
    for brand in finding["brands"]:
        assert said[brand["start"] : brand["end"]] == brand["matched"]


DOCUMENT = (ROOT / "docs" / "messages.md").read_text("utf-8")


def test_the_document_lists_every_error_code_once_with_a_remedy() -> None:
    rows = [line.split(" | ") for line in DOCUMENT.splitlines() if line.startswith("| `")]
    codes = [cells[0].strip("| `") for cells in rows if len(cells) == 3 and cells[2].strip(" |")]
    for code in ErrorCode:
        assert codes.count(code.value) == 1, code


@pytest.mark.parametrize("name", ["text-mention", "image-mention", "finding"])
def test_the_document_lists_every_field(name: str) -> None:
    for field in msgspec.structs.fields(CONTRACTS[name]):
        assert f"`{field.encode_name}`" in DOCUMENT


def test_the_document_lists_every_header_of_a_dead_letter() -> None:
    letter = msgspec.json.decode(
        (ROOT / "examples" / "dead-letter.json").read_bytes(), type=CONTRACTS["dead-letter"]
    )
    for name, _ in envelope(letter)[1:]:  # after the original's own header
        assert f"`{name}`" in DOCUMENT


def test_the_document_shows_a_mention_that_decodes() -> None:
    shown = DOCUMENT.partition("```json")[2].partition("```")[0]
    assert decode_text(shown.encode(), max_chars=1_000).text == "I love VMware"
