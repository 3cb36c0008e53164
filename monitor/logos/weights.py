"""How much each piece of evidence weighs: the table evidence.toml, as it was fitted on pictures.

All weights are natural logarithms of odds and are added: 0 stands for even odds, +0.7 doubles them.
"""

import hashlib
import tomllib
from functools import cache
from importlib import resources
from math import exp

import msgspec

from monitor.logos.agreement import FOR, Said

_FILE = "evidence.toml"


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The weight of a look by its strength and its size: a straight line."""

    base: float
    """At strength 0, where the look would just suffice alone, for a logo that fills the picture."""
    slope: float
    """What each unit of strength (`monitor.logos.evidence.Look.strength`) adds; under -1 and over 1 it stays
    level."""
    doubling: float = 0.0
    """What twice the size adds: small places are mistaken more often."""

    def at(self, strength: float, size: float) -> float:
        """The weight; `size` as in `monitor.logos.agreement.size`."""
        return self.base + self.slope * min(max(strength, -1.0), 1.0) + self.doubling * size


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that a decision rests on besides the picture."""

    report_from: float
    """Probability from which a brand is reported, 0..1."""
    unseen: float
    """Strength of a look that stands for nothing seen, where letters speak for the brand."""
    look: dict[str, Line]
    """By source, where letters were read, whatever they said."""
    alone: dict[str, Line]
    """By source, where nobody read."""
    letters: dict[Said, float]
    """What the letters say."""

    def strength(self, look: float, said: Said) -> float:
        """That of a look as it counts: where the letters speak for the brand, one too weak takes nothing from
        them."""
        return max(look, self.unseen) if said in FOR else look

    def weight(self, look: float | None, source: str, size: float, said: Said) -> float:
        """Of all evidence for a place of that size (`monitor.logos.agreement.size`); `look` is the strength,
        None where nothing was seen there."""
        strength = self.unseen if look is None else self.strength(look, said)
        return self.look[source].at(strength, size) + self.letters[said]

    def digest(self) -> str:
        """Eight hexadecimal digits: equal digests, equal weights."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()[:8]


def logistic(weight: float) -> float:
    """The probability of a sum of weights, 0..1."""
    return 1 / (1 + exp(-weight)) if weight > -700 else 0.0


@cache
def load_weights() -> Weights:
    """The table of this version."""
    return parse_weights((resources.files("monitor.logos") / _FILE).read_text("utf-8"))


def parse_weights(text: str) -> Weights:
    """A table; what it was fitted from stands beside it in [fitted] tables, which nothing here needs. Raises
    `msgspec.ValidationError`."""
    table = tomllib.loads(text)
    table.pop("fitted", None)
    return msgspec.convert(table, Weights)
