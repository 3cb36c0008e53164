"""A text and the questions about it -> the integer arrays a sentiment model takes.

A text is read once and asked many times: a question is a row of its own, about the whole text or toward the
place of a name in it. Names are masked: every span that is asked about, and every other brand named, becomes
one and the same token, so that a verdict rests on what is said and not on whom it is said about.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.sentiment.tokenizer import CAPITALS, HASHTAG, Token
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

    @property
    def name(self) -> str:
        """The token that stands for a masked name."""

    @property
    def before(self) -> tuple[int, ...]:
        """Rows in front of each window's …"""

    @property
    def after(self) -> tuple[int, ...]:
        """… and behind its."""

    def cut(self, reading: Reading) -> list[Token]:
        """The tokens of a text, in order; none for a text that shows nothing."""

    def rows(self, tokens: Sequence[str]) -> list[int]:
        """A row each of the model's table of vectors; of no token, one that says so."""


class Place(NamedTuple):
    """One question of a window: `question` is its index among those of the text, `first` and `last` (past the
    end) the tokens it is toward, both 0 for the whole text."""

    question: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Window:
    """What a model reads at once: int32 `rows` (tokens,), and what it is asked about them."""

    rows: NDArray[np.int32]
    asked: tuple[Place, ...]


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
        reading = read(text) if isinstance(text, str) else text
        tokens = self.tokens.cut(reading)
        if self.recipe.questions:
            places = _Places(tokens)
            asked = [None if span is None else places.find(span) for span in questions]
            named = [place for place in map(places.find, names) if place]
            texts, positions = _masked(reading, tokens, asked, named, self.tokens.name)
        else:
            texts, positions = [token.text for token in tokens], [None] * len(questions)
        return [
            self._window([texts[at] for at in shown], asked_there)
            for shown, asked_there in _cropped(len(texts), positions, self.recipe.head, self.recipe.tail)
        ]

    def _window(self, texts: Sequence[str], asked: Mapping[int, int | None]) -> Window:
        rows = [*self.tokens.before, *self.tokens.rows(texts), *self.tokens.after]
        shift = len(self.tokens.before)
        return Window(
            np.array(rows, np.int32),
            tuple(
                Place(question, *(WHOLE if at is None else (at + shift, at + shift + 1)))
                for question, at in asked.items()
            ),
        )


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


class _Places:
    """Finds the tokens that spans of the text touch, each in logarithmic time."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._starts = [token.start for token in tokens]
        # The token of a hashtag's sign spans the whole hashtag, before those of its words.
        self._ends = [token.start + 1 if token.text == HASHTAG else token.end for token in tokens]

    def find(self, span: Span) -> Span | None:
        """The first token touched and the one past the last, without the sign of a hashtag around them."""
        start, end = span
        first, last = bisect_right(self._ends, start), bisect_left(self._starts, end)
        while first < last and self._tokens[first].text == HASHTAG:
            first += 1
        while first < last and self._tokens[last - 1].text == HASHTAG:
            last -= 1
        return (first, last) if start < end and first < last else None


def _masked(
    reading: Reading,
    tokens: Sequence[Token],
    asked: Sequence[Span | None],
    named: Sequence[Span],
    name: str,
) -> tuple[list[str], list[int | None]]:
    """The texts of `tokens` with one `name` for each place in `asked` and `named` (those that overlap are
    one), and where that stands for each of `asked`."""
    merged: list[Span] = []
    for first, last in sorted({*named, *(place for place in asked if place)}):
        if merged and first < merged[-1][1]:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    # What is shouted throughout but for a name is shouted throughout: capitals tell nothing there.
    silent = CAPITALS if merged and not _has_lower_case(reading, tokens, merged) else None
    texts: list[str] = []
    stands: list[int] = []
    done = 0
    for first, last in merged:
        texts += [token.text for token in tokens[done:first] if token.text != silent]
        stands.append(len(texts))
        texts.append(name)
        done = last
    texts += [token.text for token in tokens[done:] if token.text != silent]
    firsts = [first for first, _ in merged]
    positions = [None if place is None else stands[bisect_right(firsts, place[0]) - 1] for place in asked]
    return texts, positions


def _has_lower_case(reading: Reading, tokens: Sequence[Token], masked: Sequence[Span]) -> bool:
    """Whether a letter outside of the masked tokens is in lower case."""
    ends = [0, *(reading.plain_at(tokens[last - 1].end) for _, last in masked)]
    starts = [*(reading.plain_at(tokens[first].start) for first, _ in masked), len(reading.plain)]
    others = (reading.plain[end:start] for end, start in zip(ends, starts, strict=True))
    return any(map(str.islower, chain.from_iterable(others)))


def _cropped(
    count: int, positions: Sequence[int | None], head: int, tail: int
) -> list[tuple[Sequence[int], dict[int, int | None]]]:
    """Which of `count` tokens each window holds, and its questions with their positions in it.

    A question's window is a matter of the text and its place alone, whatever else is asked: the two ends, or
    the one of those half a window apart in whose middle half it stands.
    """
    most = head + tail
    if count <= most:
        return [(range(count), dict(enumerate(positions)))]
    ends: dict[int, int | None] = {}
    between: dict[int, dict[int, int | None]] = {}
    for question, at in enumerate(positions):
        if at is None or at < head:
            ends[question] = at
        elif at >= count - tail:
            ends[question] = at - count + most
        else:
            step = max(1, most // 2)
            start = min(max(0, at - most // 4) // step * step, count - most)
            between.setdefault(start, {})[question] = at - start
    windows: list[tuple[Sequence[int], dict[int, int | None]]] = []
    if ends:
        windows.append(([*range(head), *range(count - tail, count)], ends))
    return windows + [(range(start, start + most), asked) for start, asked in sorted(between.items())]
