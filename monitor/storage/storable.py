"""Words of others as PostgreSQL takes them: it refuses NUL and halves of surrogate pairs, in JSON, too."""

from collections.abc import Mapping
from typing import Any

import msgspec


def storable(value: Any) -> Any:
    """A JSON value without them."""
    try:
        if b"\\u0000" not in msgspec.json.encode(value):
            return value
    except UnicodeEncodeError:
        pass
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, Mapping):
        return {storable(name): storable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [storable(each) for each in value]
    return value


def storable_text(text: str) -> str:
    """A text likewise."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
