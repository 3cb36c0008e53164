"""A text read once: what is plain, what is folded, which words, and where in the text they stand."""

import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.texts import is_blank, read

EVERY = [
    character
    for character in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(character) not in ("Cn", "Co", "Cs")
]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("AT&amp;T", "AT&T"),
        ("AT&amp;amp;T", "AT&T"),
        ("Ben &amp; Jerry&#39;s", "Ben & Jerry's"),
        ("&#x41;&eacute;&nbsp;&lt;3", "A\u00e9 <3"),
        ("?a=1&copy=2 &nosuch; &;", "?a=1&copy=2 &nosuch; &;"),
        ("isn\u00b4t isn&#39;t isn`t don\u2019t don&rsquo;t", "isn't isn't isn't don't don't"),
        ("5\u00b4 `code`", "5\u00b4 `code`"),
        ("\uff36\uff2d\uff57\uff41\uff52\uff45", "VMware"),
        ("\U0001d415\U0001d40c\U0001d430\U0001d41a\U0001d42b\U0001d41e", "VMware"),
        ("VM\u00adwa\u200bre\ufeff", "VMware"),
        ("\u24cb\u24c2 \ufb01ne \u2026 \uff01", "VM fine ... !"),
        ("\U0001f17d\U0001f178\U0001f17a\U0001f174 \U0001f15d", "NIKE N"),
        ("Coca\u2011Cola", "Coca-Cola"),
        ("\uff7d\uff7d\uff9e\uff77", "\u30b9\u30ba\u30ad"),
        ("\u1112\u1167\u11ab", "\ud604"),
        ("e\u0301", "\u00e9"),
        ("VMware\u2122 x\u00b2 \u00bd \u2460", "VMware\u2122 x\u00b2 \u00bd \u2460"),
        ("a\u2800b\u3000c", "a b c"),
        ("\ud800", "\ufffd"),
    ],
)
def test_plain(text: str, plain: str) -> None:
    assert read(text).plain == plain


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Caf\u00e9", "cafe", True),
        ("Stra\u00dfe", "STRASSE", True),
        ("\u0130stanbul", "istanbul", True),
        ("\u039d\u03af\u03ba\u03b7", "\u03bd\u03b9\u03ba\u03b7", True),
        ("\u0451\u043b\u043a\u0430", "\u0435\u043b\u043a\u0430", True),  # io and ie
        ("\u043c\u043e\u0439", "\u043c\u043e\u0438", False),  # short i and i
        ("\u30b9\u30ba\u30ad", "\u30b9\u30b9\u30ad", False),  # Suzuki and susuki
        ("\u30cf\u30d1", "\u30cf\u30cf", False),
        ("\u091f\u093e\u091f\u093e", "\u091f\u091f", False),  # vowel signs of Devanagari
        ("\u099f\u09be\u099f\u09be", "\u099f\u099f", False),  # and of Bengali
        ("\ud604\ub300", "\ud600\ub300", False),  # final consonant of Hangul
        ("\u0623\u0628\u0644", "\u0627\u0628\u0644", True),  # alef with and without hamza
        ("\u0645\u064f\u062d\u064e\u0645\u0651\u062f", "\u0645\u062d\u0645\u062f", True),
        ("\u05e9\u05dc\u05d5\u05b9\u05dd", "\u05e9\u05dc\u05d5\u05dd", True),
    ],
)
def test_folded_keeps_what_tells_words_apart(one: str, other: str, same: bool) -> None:
    assert (read(one).folded == read(other).folded) is same


def test_reading_what_was_read_changes_nothing() -> None:
    for character in EVERY:
        reading = read(character)
        assert read(reading.folded).folded == reading.folded, hex(ord(character))
        if character != "&":
            assert read(reading.plain).plain == reading.plain, hex(ord(character))


def test_case_is_folded_away_everywhere() -> None:
    different = [
        character
        for character in EVERY
        if unicodedata.category(character) == "Lu"
        and read(character).folded != read(character.lower()).folded
    ]
    assert different == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't stop, caf\u00e9_bar!", ["don", "t", "stop", "cafe", "bar"]),
        ("see https://t.co/abc or joe@nike.com now", ["see", "or", "now"]),
        ("\u30b9\u30ba\u30ad loves me", ["\u30b9", "\u30ba", "\u30ad", "loves", "me"]),
        ("\U0001f600\U0001f600 ok\u2764\ufe0f", ["\U0001f600", "\U0001f600", "ok", "\u2764"]),
        ("\u091f\u093e\u091f\u093e \u0e01\u0e33", ["\u091f\u093e\u091f\u093e", "\u0e01\u0e4d", "\u0e32"]),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert [word.text for word in read(text).words] == words


def test_lexemes_pair_characters_of_scripts_without_spaces() -> None:
    assert read("\u30b9\u30ba\u30ad x").lexemes() == {
        *("\u30b9", "\u30ba", "\u30ad", "x"),
        *("\u30b9\u30ba", "\u30ba\u30ad"),
    }
    assert max(map(len, read("a" * 100).lexemes())) == 64


@pytest.mark.parametrize("between", ["\u200b", "\u00ad", "&shy;", "\ufeff\u2060"])
def test_characters_that_only_something_invisible_parts_are_a_pair(between: str) -> None:
    assert "\u30b9\u30ba" in read(f"\u30b9{between}\u30ba").lexemes()
    assert "\u30b9\u30ba" not in read("\u30b9 \u30ba").lexemes()


@pytest.mark.parametrize(
    ("text", "words"), [("VMware\u00b2", ["vmware"]), ("1\u00bd x\u2460y", ["1", "x", "y"])]
)
def test_no_word_goes_on_with_a_digit_set_high_or_in_a_circle(text: str, words: list[str]) -> None:
    assert [word.text for word in read(text).words] == words


def test_a_word_is_found_by_any_offset_in_it() -> None:
    reading = read("AT&amp;T is here")
    assert [word.text for word in reading.words] == ["at", "t", "is", "here"]
    assert [reading.word_at(offset) for offset in (0, 1, 2, 7, 8, 9, 12, 15, 16)] == [
        0,
        0,
        1,
        1,
        2,
        2,
        3,
        3,
        4,
    ]


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("Awww...Nike", []),
        ("www.nike.com, ok", [("link", "www.nike.com")]),
        ("(https://a.example/b?c=d&e=f)", [("link", "https://a.example/b?c=d&e=f")]),
        ("https://t.co/abc\u4eca\u65e5\u306f", [("link", "https://t.co/abc")]),
        ("[here](https://t.co/abc)Nike", [("link", "https://t.co/abc")]),
        ("(https://t.co/a_(b)_(c).) Nike", [("link", "https://t.co/a_(b)_(c)")]),
        (
            "https://\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444/\u043f \u0434\u0430",
            [("link", "https://\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444/\u043f")],
        ),
        ("https://e.example/D_(air)", [("link", "https://e.example/D_(air)")]),
        ("href=&quot;https://a.example/b&quot;&gt;Nike", [("link", "https://a.example/b")]),
        ("joe.b@nike.co.uk\u3055\u3093", [("address", "joe.b@nike.co.uk")]),
        (
            "https://t.co/abc\u200bNike https://t.co/a\uff01Nike",
            [("link", "https://t.co/abc"), ("link", "https://t.co/a")],
        ),
        (
            "https://a.example/?b=1&amp;c=2 &#64;nike",
            [("link", "https://a.example/?b=1&amp;c=2"), ("handle", "&#64;nike")],
        ),
        ("don&#x27;t", []),
        ("Loving it...@Nike.Best", [("handle", "@Nike")]),
        (
            "#EpicFail #1 #\u091f\u093e\u091f\u093e",
            [("hashtag", "#EpicFail"), ("hashtag", "#\u091f\u093e\u091f\u093e")],
        ),
    ],
)
def test_marks(text: str, marks: list[tuple[str, str]]) -> None:
    assert [(mark.kind, text[mark.start : mark.end]) for mark in read(text).marks] == marks


@pytest.mark.parametrize(
    "text", ["", " \n", "\u3164", "\u2800", "\u200b\u200d\ufeff", "\u00ad \u2060", "\ufe0f"]
)
def test_blank(text: str) -> None:
    assert is_blank(text)
    assert not is_blank(text + ".")


@given(st.text(st.characters(), max_size=60))
def test_offsets_index_the_text(text: str) -> None:
    reading = read(text)
    assert len(reading.plain) == len(reading._plain.starts) == len(reading._plain.ends)
    for folded in (reading._plain, reading._folded):
        before = 0
        for start, end in zip(folded.starts, folded.ends, strict=True):
            assert before <= start < end <= len(text)
            before = start
    last = 0
    for word in reading.words:
        assert last <= word.start < word.end <= len(text)
        assert word.text in read(text[word.start : word.end]).folded
        last = word.start


@pytest.mark.parametrize(
    "unit",
    [
        "VMware a@b.c ",
        "VMware http://a ",
        "\ufdfa",
        "www.",
        "&amp;",
        "&",
        "e\u0301",
        "\u0301",
        "@",
        "a.",
        "#_",
        "\u30b9\u30ba",
        "\u30b9\u200b",
        "\u30b9&shy;",
    ],
)
def test_reading_takes_time_in_proportion(unit: str) -> None:
    began = time.process_time()
    reading = read(unit * (100_000 // len(unit)))
    assert reading.words is not None
    assert reading.lexemes() is not None
    assert time.process_time() - began < 2
