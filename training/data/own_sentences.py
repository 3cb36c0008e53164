"""Training sentences of our own, made from the patterns in own_sentences.toml; free to redistribute."""

import hashlib
import random
import tomllib
from importlib import resources
from typing import Any, Final, Literal

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
_WORDS: Final = {"good": "praise", "bad": "blame", "promise": "promise", "threat": "threat", "plan": "plan"}
"""The list that each slot of a frame is filled from."""


_DEV_SHARE: Final = 8
"""One pattern in so many trains nothing, chosen by a hash: what is held out says something new."""


def own_sentences(seed: int, split: Literal["train", "dev"] | None = None) -> dict[str, list[Example]]:
    """The two sets, or their part of `split`; the same seed gives the same sentences.

    No pattern is in both parts.
    """
    patterns = tomllib.loads((resources.files(__package__) / "own_sentences.toml").read_text("utf-8"))
    draw = random.Random(seed)  # noqa: S311  # sampling, not secrets
    # The behavioural suite asks for these: no seed may draw them.
    asked = frozenset(patterns["asked_by_tests"])
    own = [*_about_one(patterns, draw), *_framed(patterns, draw)]
    made = {OWN: [each for each in own if each[1].text not in asked], OWN_PAIRS: _about_two(patterns, draw)}
    return {
        name: [example for pattern, example in each if split in (None, _split_of(pattern))]
        for name, each in made.items()
    }


def _split_of(pattern: str) -> Literal["train", "dev"]:
    digest = hashlib.sha256(pattern.encode("utf-8")).digest()
    return "dev" if digest[0] % _DEV_SHARE == 0 else "train"


_Made = list[tuple[str, Example]]
"""Each sentence with the pattern it was made from."""


def _about_one(patterns: dict[str, Any], draw: random.Random) -> _Made:
    subjects = [*patterns["names"], *patterns["things"]]
    return [
        (pattern, _filled(OWN, pattern, {"x": subject}, "x", label))
        for label, name in (("neg", "negative"), ("neu", "neutral"), ("pos", "positive"))
        for pattern in patterns[name]
        for subject in draw.sample(subjects, _NAMES_EACH)
    ]


def _framed(patterns: dict[str, Any], draw: random.Random) -> _Made:
    """Words of praise and blame in frames that negate, date or question them: none alone tells the label."""
    subjects = [*patterns["names"], *patterns["things"]]
    return [
        (
            frame,
            _filled(
                OWN,
                _worded(frame, patterns, draw),
                {"x": draw.choice(subjects)},
                "x",
                label,
            ),
        )
        for label, name in (
            ("neg", "frames_negative"),
            ("neu", "frames_neutral"),
            ("pos", "frames_positive"),
        )
        for frame in patterns[name]
        for _ in range(_WORDS_EACH)
    ]


def _worded(frame: str, patterns: dict[str, Any], draw: random.Random) -> str:
    """`frame` with a word drawn for each slot but the name's; one that stands twice gets two words."""
    for slot, name in _WORDS.items():
        for word in draw.sample(patterns[name], frame.count("{" + slot + "}")):
            frame = frame.replace("{" + slot + "}", word, 1)
    return frame


def _about_two(patterns: dict[str, Any], draw: random.Random) -> _Made:
    made: _Made = []
    for slots, name in (({"a": "pos", "b": "neg"}, "contrast"), ({"m": "neu", "n": "neu"}, "plain_pairs")):
        for pattern in patterns[name]:
            for _ in range(_PAIRS_EACH):
                names = dict(zip(slots, draw.sample(patterns["names"], 2), strict=True))
                made += [
                    (pattern, _filled(OWN_PAIRS, pattern, names, slot, label))
                    for slot, label in slots.items()
                ]
    return made


def _filled(corpus: str, pattern: str, names: dict[str, str], target: str, label: str) -> Example:
    """`pattern` with its slots filled, capitalised, and the span its `target` slot came to stand in."""
    before, _, after = pattern.partition("{" + target + "}")
    head = before.format(**names)
    text = head + names[target] + after.format(**names)
    return Example(
        corpus, text[:1].upper() + text[1:], LABELS[label], (len(head), len(head) + len(names[target]))
    )
