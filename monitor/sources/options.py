"""What an entry of sources.toml may say, whatever its kind; each kind adds its own."""

import re
from typing import Any, Final

import msgspec

from monitor.messages import Identifier

_UNITS: Final = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "min": 60,
    "minute": 60,
    "h": 3600,
    "hour": 3600,
    "day": 86_400,
}
_EVERY: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+?)s?")
_SHORTEST: Final = 1.0
_LONGEST: Final = 3653 * 86_400.0


class Seconds(float):
    """A time span, as people write it: "30 s", "5 min", "1 h", "2 days"."""

    @classmethod
    def read(cls, written: object) -> "Seconds":
        """Raises `ValueError` for what is no time span, or less than a second."""
        found = _EVERY.fullmatch(written.strip().lower()) if isinstance(written, str) else None
        unit = None if found is None else _UNITS.get(found[2]) or _UNITS.get(found[2] + "s")
        if found is None or unit is None or not _SHORTEST <= float(found[1]) * unit <= _LONGEST:
            shown = written[:100] if isinstance(written, str) else written
            raise ValueError(
                f'{shown!r} is no time span of a second to ten years; write "30 s", "5 min" or "1 h"'
            )
        return cls(float(found[1]) * unit)


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every kind takes. A kind that polls gives `every` a default of its own."""

    source: Identifier = ""
    """What `source` of the mentions says; sources.toml: the kind's name by default."""
    every: Seconds | None = None
    """From the end of one pass to the next."""
    only_brands: bool = False
    """Publish only posts whose text names a brand of brands.toml."""

    def __repr__(self) -> str:
        """Without what it holds, which may be tokens: it stands in tracebacks and logs."""
        return f"{type(self).__name__}(...)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Likewise for rich."""
        return []


def convert(raw: dict[str, Any], options: type[Options]) -> Options:
    """An entry as its kind's options. Raises `msgspec.ValidationError`."""
    return msgspec.convert(raw, options, dec_hook=_read)


def _read(kind: type, value: object) -> object:
    if kind is Seconds:
        return Seconds.read(value)
    raise NotImplementedError(kind)
