"""A text and the questions about it -> the integer arrays a sentiment model takes.

A text is read once and asked many times: a question is a row of its own, about the whole text or toward the
place of a name in it. Names are masked: every span that is asked about, and every other brand named, becomes
one and the same token, so that a verdict rests on what is said and not on whom it is said about.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.sentiment.tokenizer import HASHTAG, Token
from monitor.texts import Reading, read

Span = tuple[int, int]
"""Characters [start, end) of the original text."""

WHOLE: Final = (0, 0)
"""The place of a question about the whole text."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How texts become arrays; stands in the manifest under `preprocessing`.

    `tokenizer`: words of a vocabulary, or word pieces. `head` + `tail`: tokens read of a longer text, from
    its beginning and its end. `questions`: whether the model takes them; one that does not judges the whole.
    """

    tokenizer: Literal["words", "pieces"]
    head: int
    tail: int
    questions: bool


class Tokens(Protocol):
    """Cuts a text into tokens and numbers them: `Vocabulary` and `Pieces`."""

    name: str
    """The token that stands for a masked name."""
    before: tuple[int, ...]
    """Rows in front of each window's …"""
    after: tuple[int, ...]
    """… and behind its."""

    def cut(self, reading: Reading) -> list[Token]:
        """The tokens of a text, in order; none for a text that shows nothing."""

    def rows(self, tokens: Sequence[str]) -> list[int]:
        """A row each of the model's table of vectors; of no token, one that says so."""


class Asked(NamedTuple):
    """One question of a window: `question` is its index among those of the text, `first` and `last` (past the
    end) the tokens it is toward, both 0 for the whole text."""

    question: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Window:
    """What a model reads at once: int32 `rows` (tokens,), and what it is asked about them."""

    rows: NDArray[np.int32]
    asked: tuple[Asked, ...]


class Encoder:
    """Turns texts into windows for one model; immutable, safe to share between threads."""

    def __init__(self, tokens: Tokens, recipe: Recipe) -> None:
        self.tokens = tokens
        self.recipe = recipe

    def encode(
        self,
        text: str | Reading,
        questions: Sequence[Span | None] = (None,),
        names: Sequence[Span] = (),
    ) -> list[Window]:
        """The windows that hold every question once: None is about the whole text, a span toward what stands
        there; one that covers no token is about the whole, too.

        A text has one window; a longer one than the recipe reads has its two ends as one, and further ones
        around the questions that fall between. `names` are masked without being asked about.
        """
        tokens = self.tokens.cut(read(text) if isinstance(text, str) else text)
        if self.recipe.questions:
            tokens = _masked(tokens, [*names, *(span for span in questions if span)], self.tokens.name)
            places = [None if span is None else _covered(tokens, span) for span in questions]
        else:
            places = [None] * len(questions)
        return [
            self._window([tokens[at].text for at in positions], asked)
            for positions, asked in _cropped(len(tokens), places, self.recipe)
        ]

    def _window(self, texts: Sequence[str], asked: Sequence[Asked]) -> Window:
        shift = len(self.tokens.before)
        rows = [*self.tokens.before, *self.tokens.rows(texts), *self.tokens.after]
        shifted = (one if one[1:] == WHOLE else Asked(one.question, one.first + shift, one.last + shift) for one in asked)
        return Window(np.array(rows, np.int32), tuple(shifted))


def collate(windows: Sequence[Window]) -> dict[str, NDArray[Any]]:
    """Inputs of a model, all int32: zero-padded `tokens` (windows, length), `lengths` (windows,), `questions`
    (rows, 3) of window, first token and the one past the last, in the order of the windows."""
    lengths = np.array([len(window.rows) for window in windows], np.int32)
    tokens = np.zeros((len(windows), int(lengths.max(initial=1))), np.int32)
    for row, window in zip(tokens, windows, strict=True):
        row[: len(window.rows)] = window.rows
    questions = [(at, one.first, one.last) for at, window in enumerate(windows) for one in window.asked]
    return {
        "tokens": tokens,
        "lengths": lengths,
        "questions": np.array(questions, np.int32).reshape(-1, 3),
    }


def _masked(tokens: Sequence[Token], spans: Sequence[Span], name: str) -> list[Token]:
    """`tokens` with one `name` for all that touch a span; the sign of a hashtag stays before its words."""
    if not spans:
        return list(tokens)
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    found: list[Token] = []
    waiting = iter(merged)
    start, end = next(waiting)
    masked = False
    beyond = False
    for token in tokens:
        while not beyond and end <= token.start:
            following = next(waiting, None)
            beyond = following is None
            if following is not None:
                (start, end), masked = following, False
        if beyond or token.end <= start or token.text == HASHTAG:
            found.append(token)
        elif not masked:
            found.append(Token(name, start, end))
            masked = True
    return found


def _covered(tokens: Sequence[Token], span: Span) -> Span | None:
    """The first token that a span touches and the one past the last."""
    inside = [
        at
        for at, token in enumerate(tokens)
        if token.start < span[1] and token.end > span[0] and token.text != HASHTAG
    ]
    return (inside[0], inside[-1] + 1) if inside else None


def _cropped(
    count: int, places: Sequence[Span | None], recipe: Recipe
) -> list[tuple[Sequence[int], list[Asked]]]:
    """Which tokens each window holds, and its questions with places in it."""
    read_at_once = recipe.head + recipe.tail
    if count <= read_at_once:
        return [(range(count), [Asked(at, *(place or WHOLE)) for at, place in enumerate(places)])]
    cut = count - recipe.tail
    ends: list[Asked] = []
    between: list[Asked] = []
    for at, place in enumerate(places):
        if place is None:
            ends.append(Asked(at, *WHOLE))
        elif place[1] <= recipe.head:
            ends.append(Asked(at, *place))
        elif place[0] >= cut:
            ends.append(Asked(at, place[0] - cut + recipe.head, place[1] - cut + recipe.head))
        else:
            between.append(Asked(at, *place))
    windows: list[tuple[Sequence[int], list[Asked]]] = []
    if ends:
        windows.append(([*range(recipe.head), *range(cut, count)], ends))
    for one in sorted(between, key=lambda asked: asked.first):
        # A question joins the window of the one before it where three quarters of it hold both.
        if windows and isinstance(windows[-1][0], range):
            positions = windows[-1][0]
            if one.last - positions.start <= read_at_once * 3 // 4:
                windows[-1][1].append(Asked(one.question, one.first - positions.start, one.last - positions.start))
                continue
        start = max(0, min(one.first - read_at_once // 2, count - read_at_once))
        last = min(one.last, start + read_at_once)
        windows.append((range(start, start + read_at_once), [Asked(one.question, one.first - start, last - start)]))
    return windows
