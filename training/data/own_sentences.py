"""Training sentences of our own, made from the patterns in own_sentences.toml; free to redistribute."""

import hashlib
import random
import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Any, Final, Literal

from training.data.texts import LABELS, Example, Span

OWN: Final = "own_sentences"
"""Labels of whole texts."""
OWN_TARGETS: Final = "own_targets"
"""Labels toward a name or thing in the text."""

SLOT: Final = re.compile(r"\{([^{}]+)\}")
NAMES: Final = frozenset({"x", "+", "++", "-", "--", "0", "00"})
"""The slots that names stand in; every other slot is a list of words."""

# Names are masked in most of training, so few of them do; words are not, and make new sentences.
_PLAIN_EACH: Final = 6
_WORDED_EACH: Final = 16

_DEV_SHARE: Final = 8
"""One pattern in so many trains nothing, chosen by a hash: what is held out says something new."""

_TOWARD: Final = {"-": LABELS["neg"], "0": LABELS["neu"], "+": LABELS["pos"]}
_WHOLE: Final = {"negative": LABELS["neg"], "neutral": LABELS["neu"], "positive": LABELS["pos"], "open": None}

# How often a sentence gets something around it: often enough to learn that it changes nothing, and so often
# that links, tags and handles, which news brings along, tell no label.
_HEAD, _TAIL, _FILLER = 0.2, 0.45, 0.08
_DECORATED: Final = frozenset({"code", "tag", "handle"})
_THING: Final = 0.25
_LONGEST_FILLER: Final = 14
"""Sentences of filler around one: the longest texts have some 200 words."""


def own_sentences(seed: int, split: Literal["train", "dev"] | None = None) -> dict[str, list[Example]]:
    """The two sets, or their part of `split`; the same seed gives the same sentences.

    No pattern is in both parts. A sentence with a label of its own and two names is three examples: one of
    the whole, one toward each.
    """
    book = load_patterns()
    draw = random.Random(seed)  # noqa: S311  # sampling, not secrets
    # Dicts for their order: a pattern with few words makes the same sentence twice.
    made: dict[str, dict[Example, None]] = {OWN: {}, OWN_TARGETS: {}}
    for pattern, label in patterns(book):
        wanted = split in (None, _split_of(pattern))
        worded = any(slot not in NAMES for slot in SLOT.findall(pattern))
        for _ in range(_WORDED_EACH if worded else _PLAIN_EACH):
            text, spans = _filled(_surrounded(pattern, book, draw), book, draw)
            if not wanted:
                continue
            if label is not None:
                made[OWN][Example(OWN, text, label)] = None
            for slot, span in spans.items():
                toward = label if slot == "x" else _TOWARD[slot[0]]
                assert toward is not None, pattern  # {x} under `open`
                made[OWN_TARGETS][Example(OWN_TARGETS, text, toward, span)] = None
    return {name: list(examples) for name, examples in made.items()}


def load_patterns() -> dict[str, Any]:
    """own_sentences.toml as it stands."""
    return tomllib.loads((resources.files(__package__) / "own_sentences.toml").read_text("utf-8"))


def patterns(book: dict[str, Any]) -> Iterator[tuple[str, int | None]]:
    """Each pattern of `book` with the label of the whole text, None where it has none."""
    for kind, table in book.items():
        if isinstance(table, dict) and kind != "words":
            for name, found in table.items():
                yield from ((pattern, _WHOLE[name]) for pattern in found)


def _split_of(pattern: str) -> Literal["train", "dev"]:
    digest = hashlib.sha256(pattern.encode("utf-8")).digest()
    return "dev" if digest[0] % _DEV_SHARE == 0 else "train"


def _surrounded(pattern: str, book: dict[str, Any], draw: random.Random) -> str:
    """`pattern` with what changes no label around it, or nothing; its slots are still open."""
    if draw.random() < _FILLER:
        filler = draw.sample(book["filler"], draw.randint(2, _LONGEST_FILLER))
        # Mostly at one end: a verdict in the middle is the rarer thing.
        before = draw.choice([0, 0, len(filler), len(filler), len(filler) // 2])
        stop = "" if pattern[-1] in ".!?" else "."
        pattern = " ".join([*filler[:before], pattern + stop, *filler[before:]])
    if not _DECORATED.isdisjoint(SLOT.findall(pattern)):
        return pattern
    head = draw.choice(book["heads"]) if draw.random() < _HEAD else ""
    tail = draw.choice(book["tails"]) if draw.random() < _TAIL else ""
    return f"{head}{pattern}{tail}"


def _filled(pattern: str, book: dict[str, Any], draw: random.Random) -> tuple[str, dict[str, Span]]:
    """`pattern` with its slots filled and capitalised, and where each name's first slot came to stand."""
    words: dict[str, list[str]] = {}
    chosen: dict[str, str] = {}
    names = draw.sample(book["names"], len(NAMES))
    spans: dict[str, Span] = {}

    def word(slot: str) -> str:
        if not words.get(slot):
            words[slot] = draw.sample(book["words"][slot], len(book["words"][slot]))
        return words[slot].pop()

    def name(slot: str) -> str:
        if slot not in chosen:
            thing = slot == "x" and draw.random() < _THING
            chosen[slot] = draw.choice(book["things"]) if thing else names.pop()
        return chosen[slot]

    text, rest = "", pattern
    while found := SLOT.search(rest):
        slot = found[1]
        text += rest[: found.start()]
        rest = rest[found.end() :]
        if slot in NAMES:
            spans.setdefault(slot, (len(text), len(text) + len(name(slot))))
            text += name(slot)
        else:
            rest = word(slot) + rest  # a word may have slots of its own
    text += rest
    return text[:1].upper() + text[1:], spans
