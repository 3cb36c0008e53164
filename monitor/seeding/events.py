"""Events to plant in a made-up world: what suddenly is talked about, and the file that lists it.

```toml
[[event]]
kind = "outage"            # launch, outage, price, joke, crisis, flood, syndicated, drift or silence
brand = "VMware"           # a name of brands.toml
at = 2026-03-12T09:00:00Z  # a moment or day (UTC); a number: days from the end, -9.5
size = 4                   # mentions of the 7 days from then on, as many times the usual
```

The extra mentions come on top of the usual ones; what they say, how they feel, who writes them and how fast
the talk fades goes by the kind (`KINDS`, and the section of that name in sentences.toml). Two kinds add none:
`drift` moves the brand's health by `size` points over `days` days (-20: down by 20), where it stays;
`silence` takes away what one `source` says for `days` days, about the `brand` or, without one, about all.
A world that is given events has no others: its other weeks are quiet, as quiet as brands ever are.
"""

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec

from monitor.errors import SetupError

KindName = Literal[
    "launch", "outage", "price", "joke", "crisis", "flood", "syndicated", "drift", "silence", "murmur"
]


class Kind(NamedTuple):
    """How the talk about a kind of event goes."""

    mood: tuple[float, ...]
    """Probability of negative, neutral, positive; none: as people feel about the brand."""
    fades: float
    """Hours in which it falls to a third."""
    lasts: int
    """Hours after which nobody talks of it any more."""
    sources: Mapping[str, float] = {}
    """Weight of each source; none: those of every day."""
    copied: float = 0.0
    """Part of it that passes the first text on, word for word."""
    authors: int = 0
    """All that take part; 0: as many as ever."""


KINDS: Final[Mapping[KindName, Kind]] = {
    "launch": Kind((0.08, 0.27, 0.65), 20, 96),
    "outage": Kind((0.78, 0.19, 0.03), 8, 36),
    "price": Kind((0.72, 0.21, 0.07), 36, 144),
    "joke": Kind((0.06, 0.84, 0.10), 14, 60, {"microblog": 6, "video-comments": 2, "forum": 2}, copied=0.3),
    "crisis": Kind((0.74, 0.22, 0.04), 24, 120),
    "flood": Kind((0.96, 0.04, 0.0), 30, 72, {"microblog": 7, "reviews": 3}, authors=5),
    "syndicated": Kind((0.15, 0.75, 0.10), 24, 72, {"news": 6, "blog": 3, "microblog": 1}, copied=0.7),
    # What happens all the time: somebody says something, and a few pass it on.
    "murmur": Kind((), 5, 24, copied=1.0),
}
"""Of those that add mentions."""


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event of the file."""

    kind: KindName
    at: datetime
    brand: str | None = None
    size: float = 3.0
    days: Annotated[float, msgspec.Meta(gt=0)] | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        if self.kind == "silence":
            if self.source is None:
                raise ValueError("a silence needs the source that falls silent")
        elif self.brand is None:
            raise ValueError(f"{self.kind} needs a brand")
        if self.kind in KINDS and self.size <= 1:
            raise ValueError(f"size of {self.kind} is {self.size:g}: as many times the usual, so more than 1")
        if self.kind == "drift" and not 0 < abs(self.size) <= 90:
            raise ValueError(f"size of drift is {self.size:g}: points of health, -90 to 90 and not 0")


class _File(msgspec.Struct, forbid_unknown_fields=True):
    event: tuple[Event, ...] = ()


def read_events(path: Path, until: datetime) -> tuple[Event, ...]:
    """The events of a file; `until` is where the world ends. Raises `SetupError` with what to do."""
    try:
        given: dict[str, Any] = tomllib.loads(path.read_text("utf-8-sig"))
        events = given.get("event", [])
        if isinstance(events, list):
            given["event"] = [_dated(each, until) if isinstance(each, dict) else each for each in events]
        return msgspec.convert(given, _File).event
    except OSError as error:
        raise SetupError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, OverflowError, msgspec.ValidationError) as error:
        raise SetupError(f"{path}: {error}; monitor/seeding/events.py describes the fields") from error


def _dated(event: dict[str, Any], until: datetime) -> dict[str, Any]:
    """The event with `at` as a moment."""
    at = event.get("at")
    if isinstance(at, datetime):
        moment = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    elif isinstance(at, date):
        moment = datetime.combine(at, time(), UTC)
    elif isinstance(at, int | float):
        moment = until + timedelta(days=at)
    else:
        return event
    return {**event, "at": moment.astimezone(UTC)}
