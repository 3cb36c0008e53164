"""Texts and questions become bounded arrays, and what is asked about is a name whatever it is called."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import SetupError
from monitor.sentiment.encoding import Encoder, Recipe, Span, Window, collate
from monitor.sentiment.pieces import Pieces
from monitor.sentiment.vocabulary import EMPTY, NAME, NUMBER, SYMBOL, UNKNOWN, USER, Vocabulary
from tests.sentiment.conftest import PIECES, WORDS

ENCODER = Encoder(WORDS, Recipe("words", head=3, tail=5, questions=True))
WIDE = Encoder(WORDS, Recipe("words", head=100, tail=100, questions=True))
ENCODERS = [ENCODER, WIDE, Encoder(PIECES, Recipe("pieces", head=4, tail=6, questions=True))]

ANY_TEXT = st.text(st.characters(min_codepoint=0, max_codepoint=0x10FFFF, categories=None), max_size=80)
SPANS = st.tuples(st.integers(-5, 100), st.integers(-5, 100))
SAID = st.lists(
    st.sampled_from("good bad not GOOD so sooo isn't ! ?! . , :) #BadDay @you 12 \U0001f621 x".split()),  # noqa: SIM905
    max_size=12,
).map(" ".join)
NAMES = (
    "Nike",
    "IBM",
    "nike",
    "Coca-Cola",
    "AT&amp;T",
    "S\u00e3o Paulo FC",
    "7-Eleven",
    "iPhone 15 Pro",
    "Goood",
)


def row(word: str) -> int:
    return WORDS.words.index(word)


def words_of(window: Window) -> list[str]:
    return [WORDS.words[row] for row in window.rows]


def arrays(windows: Sequence[Window]) -> dict[str, list[object]]:
    return {name: array.tolist() for name, array in collate(windows).items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("good", ["good"]),
        ("Good SOOOO", ["good", "so", "<long>", "<caps>"]),
        ("@somebody 12 ☃ zzyzx", [USER, NUMBER, SYMBOL, UNKNOWN]),
        (":-)", [":)"]),
        ("", [EMPTY]),
        (" \ud800\x00", [EMPTY]),
        ("<name> [MASK]", [SYMBOL, UNKNOWN, SYMBOL, SYMBOL, UNKNOWN, "<caps>", SYMBOL]),
    ],
)
def test_rows_fall_back_to_the_kind_of_token(text: str, expected: list[str]) -> None:
    (window,) = WIDE.encode(text)
    assert words_of(window) == expected
    assert window.asked == ((0, 0, 0),)


@pytest.mark.parametrize("encoder", ENCODERS, ids=["words", "long", "pieces"])
@given(text=ANY_TEXT, questions=st.lists(st.none() | SPANS, max_size=6), names=st.lists(SPANS, max_size=3))
def test_any_text_and_questions_give_bounded_windows_that_hold_each_once(
    encoder: Encoder, text: str, questions: list[Span | None], names: list[Span]
) -> None:
    windows = encoder.encode(text, questions, names)
    ends = len(encoder.tokens.before) + len(encoder.tokens.after)
    assert sorted(place.question for window in windows for place in window.asked) == [*range(len(questions))]
    (name,) = encoder.tokens.rows([encoder.tokens.name])
    tokens = encoder.tokens
    assert isinstance(tokens, Vocabulary | Pieces)
    for window in windows:
        assert 1 <= len(window.rows) <= encoder.recipe.head + encoder.recipe.tail + ends
        assert window.rows.dtype == np.int32
        assert 0 <= window.rows.min() <= window.rows.max() < len(tokens)
        for question, first, last in window.asked:
            if questions[question] is None:
                assert (first, last) == (0, 0)
            assert (first, last) == (0, 0) or window.rows[first:last].tolist() == [name]


@given(st.lists(st.sampled_from(["good", "bad", "so", "x", "is"]), min_size=1, max_size=30), st.data())
def test_a_question_stands_where_its_word_stood(words: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(words) - 1))
    start = len(" ".join([*words[:at], ""]))
    windows = WIDE.encode(" ".join(words), [(start, start + len(words[at])), None])
    assert [words_of(window) for window in windows] == [[*words[:at], NAME, *words[at + 1 :]]]
    assert windows[0].asked == ((0, at, at + 1), (1, 0, 0))


@pytest.mark.parametrize(
    ("text", "span", "expected"),
    [
        ("good Coca-Cola Zero, bad", (5, 19), f"good {NAME} <symbol> bad"),
        ("good AT&amp;T bad", (5, 13), f"good {NAME} bad"),
        ("good \uff2e\uff49\uff4b\uff45 bad", (5, 9), f"good {NAME} bad"),
        ("good iPhone bad", (6, 8), f"good {NAME} bad"),
        ("#GoodNike", (5, 9), f"<hash> good {NAME}"),
        ("#Nike is bad", (0, 5), f"<hash> {NAME} is bad"),
        ("@NikeHelp is bad", (1, 5), f"{NAME} is bad"),
        ("so NIKE is good", (3, 7), f"so {NAME} is good"),
        ("so goood is good", (3, 8), f"so {NAME} is good"),
        ("Nike's good", (0, 4), f"{NAME} <symbol> good"),
        ("good", (0, 4), NAME),
    ],
)
def test_a_name_is_one_token_however_it_is_written(text: str, span: Span, expected: str) -> None:
    (asked,) = WIDE.encode(text, [span])
    (named,) = WIDE.encode(text, [None], [span])
    assert words_of(asked) == words_of(named) == expected.split()
    assert asked.asked == ((0, expected.split().index(NAME), expected.split().index(NAME) + 1),)


@pytest.mark.parametrize("encoder", ENCODERS, ids=["words", "long", "pieces"])
@pytest.mark.parametrize("shape", ["{}", "{}'s", "({})", "{}!", "#{}", "#{}Good", "@{}"])
@given(before=SAID, after=SAID, pair=st.tuples(*[st.sampled_from(NAMES)] * 2), asked=st.booleans())
def test_another_name_in_its_place_changes_nothing(
    encoder: Encoder, shape: str, before: str, after: str, pair: tuple[str, str], asked: bool
) -> None:
    found = []
    for name in pair:
        # A handle and a hashtag hold one word each.
        written = name if shape[0] not in "#@" else "".join(filter(str.isalpha, name)).title()
        start = len(f"{before} {shape[: shape.index('{')]}")
        span = (start, start + len(written))
        questions = [span, None] if asked else [None]
        found.append(arrays(encoder.encode(f"{before} {shape.format(written)} {after}", questions, [span])))
    assert found[0] == found[1]


@pytest.mark.parametrize("text", ["{} IS BAD", "{} IS BAD, but good", "SO {}!", "GOOD {} &amp; #BAD"])
def test_capitals_of_a_name_do_not_make_the_rest_loud_or_quiet(text: str) -> None:
    start = text.index("{")
    quiet, loud, other = (
        arrays(WIDE.encode(text.format(name), [(start, start + len(name))]))
        for name in ("Nike", "IBM", "nike")
    )
    assert quiet == loud == other
    (window,) = WIDE.encode(text.format("Nike"), [(start, start + 4)])
    assert ("<caps>" in words_of(window)) == ("but" in text)


@pytest.mark.parametrize("span", [(3, 3), (7, 2), (-4, 0), (90, 95), (4, 5)])
def test_a_span_of_no_token_asks_about_the_whole_and_masks_nothing(span: Span) -> None:
    assert arrays(WIDE.encode("good bad", [span], [span])) == arrays(WIDE.encode("good bad"))


def test_places_that_overlap_are_one_name_and_neighbours_are_two() -> None:
    (window,) = WIDE.encode("so Apple Watch Nike good", [(3, 8), (3, 14), (15, 19)], [(4, 6)])
    assert words_of(window) == ["so", NAME, NAME, "good"]
    assert window.asked == ((0, 1, 2), (1, 1, 2), (2, 2, 3))


def test_the_two_ends_of_a_long_text_are_read() -> None:
    (window,) = ENCODER.encode("good good good " + "x " * 100 + "not bad bad bad bad")
    assert words_of(window) == ["good"] * 3 + ["not"] + ["bad"] * 4


@given(st.integers(9, 60), st.sets(st.integers(0, 59), min_size=1, max_size=8))
def test_every_question_of_a_long_text_has_a_window_whatever_else_is_asked(
    count: int, asked: set[int]
) -> None:
    spans = [(2 * at, 2 * at + 1) for at in sorted(asked) if at < count]
    text = "x " * count
    together = {
        place.question: (window.rows.tolist(), place.first)
        for window in ENCODER.encode(text, spans)
        for place in window.asked
    }
    for question, span in enumerate(spans):
        (window,) = ENCODER.encode(text, [span], spans)
        assert together[question] == (window.rows.tolist(), window.asked[0].first)
        assert len(window.rows) == 8


def test_what_stands_between_the_ends_is_read_with_what_is_around_it() -> None:
    (window,) = ENCODER.encode("x " * 50 + "not good " + "x " * 50, [(104, 108)])
    assert window.asked[0].first == words_of(window).index(NAME)
    assert "not" in words_of(window)


def test_a_model_without_questions_reads_the_names() -> None:
    encoder = Encoder(WORDS, Recipe("words", head=50, tail=0, questions=False))
    (window,) = encoder.encode("good bad", [(0, 4), None], [(0, 4)])
    assert words_of(window) == ["good", "bad"]
    assert window.asked == ((0, 0, 0), (1, 0, 0))


def test_collated_windows_are_padded_with_zeros() -> None:
    windows = [*WIDE.encode("good"), *WIDE.encode("not bad at all", [None, (4, 7)])]
    feed = collate(windows)
    assert feed["tokens"].tolist() == [[row("good"), 0, 0, 0], windows[1].rows.tolist()]
    assert feed["lengths"].tolist() == [1, 4]
    assert feed["questions"].tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 2]]
    assert {array.dtype for array in feed.values()} == {np.dtype(np.int32)}
    assert collate([])["questions"].shape == (0, 3)


def test_a_vocabulary_survives_its_file(tmp_path: Path) -> None:
    WORDS.save(tmp_path)
    assert Vocabulary.load(tmp_path).words == WORDS.words


@pytest.mark.parametrize(
    "content", [b"", b"good\nbad\n", "\n".join([*WORDS.words, "good"]).encode(), b"\xff"]
)
def test_a_file_that_is_no_vocabulary_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "words.txt").write_bytes(content)
    with pytest.raises(SetupError, match=r"words\.txt"):
        Vocabulary.load(tmp_path)
