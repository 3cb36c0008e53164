"""Reads a samples folder: what to publish, and which of it must end as a dead letter with which code."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import msgspec

from monitor.errors import SetupError
from monitor.files.pictures import read_images
from monitor.files.reading import read_texts
from monitor.publishing import Defaults, Outgoing, Refused
from monitor.publishing.records import content_type_header
from monitor.settings import Settings


@dataclass(frozen=True, slots=True)
class Samples:
    """Records in the order they are published, and how often each error code must come up."""

    records: tuple[Outgoing, ...]
    expected_codes: Counter[str]

    @property
    def good(self) -> int:
        """Records that must end as rows."""
        return len(self.records) - self.expected_codes.total()


class _BrokenMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A line of broken/messages.jsonl; samples/README.md describes it."""

    name: str
    topic: str
    expect: str
    key: str | None = None
    content_type: str | None = None
    value: str | None = None
    value_base64: bytes | None = None


def read_samples(folder: Path, settings: Settings) -> Samples:
    """Everything in `texts.jsonl`, `pictures.jsonl` and `broken/messages.jsonl`.

    Raises `SetupError` where a file is missing or a good sample is not good.
    """
    defaults = Defaults(source="samples")
    texts, pictures, broken, brands = (
        folder / "texts.jsonl",
        folder / "pictures.jsonl",
        folder / "broken" / "messages.jsonl",
        folder / "brands.toml",
    )
    for path in (texts, pictures, broken, brands):
        if not path.is_file():
            raise SetupError(f"no {path}; run the demo in a checkout, or say with --samples where they are")
    records = [*read_texts(texts, defaults, max_chars=settings.text_max_chars)]
    records += read_images([pictures], defaults)
    good: list[Outgoing] = []
    for record in records:
        if isinstance(record, Refused):
            raise SetupError(f"{folder}: {record.where}: {record.error}")
        if isinstance(record, Outgoing):
            good.append(record)
    bad = [_broken(line, broken) for line in broken.read_bytes().splitlines() if line.strip()]
    return Samples((*good, *(record for record, _ in bad)), Counter(code for _, code in bad))


def _broken(line: bytes, path: Path) -> tuple[Outgoing, str]:
    try:
        message = msgspec.json.decode(line, type=_BrokenMessage)
    except msgspec.DecodeError as error:
        raise SetupError(f"{path}: {error}") from error
    value = message.value.encode() if message.value is not None else message.value_base64 or b""
    record = Outgoing(
        where=message.name,
        topic=message.topic,
        key=None if message.key is None else message.key.encode(),
        value=value,
        headers=() if message.content_type is None else content_type_header(message.content_type),
    )
    return record, message.expect
