"""Training sentences of our own, made from the patterns in own_sentences.toml; free to redistribute."""

import random
import tomllib
from importlib import resources
from typing import Any, Final

from training.data.texts import LABELS, Example

OWN: Final = "own_sentences"
"""Patterns about one thing, with a verdict of their own or one drawn into them: toward it, or as a whole."""
OWN_PAIRS: Final = "own_pairs"
"""Patterns about two names: only toward one of them is there a right answer."""

# Enough that a pattern is learned with any name in it, few enough that the patterns stay under 6% of an
# epoch.
_NAMES_EACH: Final = 14
_WORDS_EACH: Final = 40
_PAIRS_EACH: Final = 20


def own_sentences(seed: int) -> dict[str, list[Example]]:
    """The two sets; the same seed gives the same sentences."""
    patterns = tomllib.loads((resources.files(__package__) / "own_sentences.toml").read_text("utf-8"))
    draw = random.Random(seed)  # noqa: S311  # sampling, not secrets
    # The behavioural suite asks for these: no seed may draw them.
    asked = frozenset(patterns["asked_by_tests"])
    own = [one for one in _about_one(patterns, draw) + _framed(patterns, draw) if one.text not in asked]
    return {OWN: own, OWN_PAIRS: _about_two(patterns, draw)}


def _about_one(patterns: dict[str, Any], draw: random.Random) -> list[Example]:
    subjects = [*patterns["names"], *patterns["things"]]
    return [
        _filled(OWN, pattern, {"x": subject}, "x", label)
        for label, name in (("neg", "negative"), ("neu", "neutral"), ("pos", "positive"))
        for pattern in patterns[name]
        for subject in draw.sample(subjects, _NAMES_EACH)
    ]


def _framed(patterns: dict[str, Any], draw: random.Random) -> list[Example]:
    """Words of praise and blame in frames that negate, date or question them: none alone tells the label."""
    subjects = [*patterns["names"], *patterns["things"]]
    return [
        _filled(
            OWN,
            frame.replace("{good}", draw.choice(patterns["praise"])).replace(
                "{bad}", draw.choice(patterns["blame"])
            ),
            {"x": draw.choice(subjects)},
            "x",
            label,
        )
        for label, name in (
            ("neg", "frames_negative"),
            ("neu", "frames_neutral"),
            ("pos", "frames_positive"),
        )
        for frame in patterns[name]
        for _ in range(_WORDS_EACH)
    ]


def _about_two(patterns: dict[str, Any], draw: random.Random) -> list[Example]:
    examples = []
    for slots, name in (({"a": "pos", "b": "neg"}, "contrast"), ({"m": "neu", "n": "neu"}, "plain_pairs")):
        for pattern in patterns[name]:
            for _ in range(_PAIRS_EACH):
                names = dict(zip(slots, draw.sample(patterns["names"], 2), strict=True))
                examples += [_filled(OWN_PAIRS, pattern, names, slot, label) for slot, label in slots.items()]
    return examples


def _filled(corpus: str, pattern: str, names: dict[str, str], target: str, label: str) -> Example:
    """`pattern` with its slots filled, capitalised, and the span its `target` slot came to stand in."""
    before, _, after = pattern.partition("{" + target + "}")
    head = before.format(**names)
    text = head + names[target] + after.format(**names)
    return Example(
        corpus, text[:1].upper() + text[1:], LABELS[label], (len(head), len(head) + len(names[target]))
    )
