"""The tokenizer keeps what carries sentiment, points into the text, and survives any string."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sentiment import tokenizer
from monitor.sentiment.tokenizer import CAPITALS, HASHTAG, LENGTHENED, URL, tokenize

# Any code point, unpaired surrogates included: JSON escapes can carry them.
ANY_TEXT = st.text(st.characters(min_codepoint=0, max_codepoint=0x10FFFF, categories=None))


def words(text: str) -> list[str]:
    return [token.text for token in tokenize(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don't like it", ["i", "do", "n't", "like", "it"]),
        ("wasn 't, isnt, can’t", ["was", "n't", ",", "is", "n't", ",", "ca", "n't"]),
        ("It's what they've", ["it", "'s", "what", "they", "'ve"]),
        ("great!!! really?! why??", ["great", "!!", "really", "?!", "why", "??"]),
        ("soooo good", ["soo", LENGTHENED, "good"]),
        ("this is BAD", ["this", "is", "bad", CAPITALS]),
        ("ALL OF IT IS BAD", ["all", "of", "it", "is", "bad"]),
        ("#EpicFail #fail", [HASHTAG, "epic", "fail", HASHTAG, "fail"]),
        ("@VMware see https://t.co/x?y=1", ["@vmware", "see", URL]),
        (":-))) =( :'( ;) <3 :/", [":)", ":(", ":'(", ";)", "<3", ":/"]),
        ("😡😡 👍🏽", ["😡", "😡", "👍"]),
        ("good<br /><br />bad &amp; ugly", ["good", "bad", "&", "ugly"]),
        ("`` fine ''", ['"', "fine", '"']),
        ("10/10, 3,000.50", ["10/10", ",", "3,000.50"]),
        ("well-made", ["well", "-", "made"]),
        ("", []),
        ("\x00\t\n\u200b\ud800", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize("spelled", ["don't", "don’t", "dont", "don 't"])
def test_one_negation_however_it_is_spelled(spelled: str) -> None:
    assert words(f"I {spelled} like it") == ["i", "do", "n't", "like", "it"]


@given(ANY_TEXT)
def test_tokens_point_into_the_text_in_order(text: str) -> None:
    tokens = tokenize(text)
    assert all(0 <= token.start < token.end <= len(text) for token in tokens)
    starts = [token.start for token in tokens]
    assert starts == sorted(starts)


@given(ANY_TEXT)
def test_tokens_hold_no_white_space_and_no_control_characters(text: str) -> None:
    # A vocabulary file has one word a line.
    assert all(token.text and not any(c.isspace() or c < " " for c in token.text) for token in tokenize(text))


@given(st.text("abcdefgh ,.", max_size=80))
def test_lower_case_words_are_found_where_they_stand(text: str) -> None:
    for token in tokenize(text):
        if token.text.isalpha() and len(token.text) == token.end - token.start:
            assert text[token.start : token.end] == token.text


@pytest.mark.parametrize(
    "unit",
    ["a", "n", "!", ":", "don't ", "aaan ", "(:", "@a", "#a", "\u0301", "1,", "http://", "<br", "&a", "''"],
)
def test_time_is_linear_in_the_length(unit: str) -> None:
    started = time.process_time()
    tokenize(unit * (200_000 // len(unit)))
    # Linear work takes a fraction of a second here; a pattern that backtracks takes hours.
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("isn\u00b4t isn&#39;t isn`t isn\u2019t", "isn't isn't isn't isn't"),
        ("I don&rsquo;t like it &amp; don&#x27;t &lt;3 it", "I don't like it & don't <3 it"),
        ("&lt;br /&gt;Great", "Great"),
        ("\uff27\uff32\uff25\uff21\uff34 phone\uff01\uff01", "GREAT phone!!"),
        ("\U0001d420\U0001d42b\U0001d41e\U0001d41a\U0001d42d", "great"),
        ("gr\u00adeat lo\u200bve\ufeff", "great love"),
        ("Awww...Nike made my day", "Awww... Nike made my day"),
        ("see https://t.co/abc\u6700\u9ad8", "see https://t.co/abc \u6700\u9ad8"),
    ],
)
def test_what_reads_alike_is_cut_alike(written: str, plain: str) -> None:
    assert words(written) == words(plain)


@pytest.mark.parametrize(
    "text",
    [
        "isn 't it, isnt it, isn`t it `t",
        "so good<br / >not bad <br\n/> <3",
        "@Bob isnt @Bobisnt see http://a.de/x,isnt #Ab'isnt",
        "xD XDD x x'D ?! ? ! :) : ) 3,5 3, 5 n 't can't",
        "sooo SHOUTED soooSHOUTED " * 3,
        "a" * 100 + " " + "n't" * 40,
    ],
)
def test_a_text_has_the_tokens_of_its_chunks(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks between white space are remembered; what they are cut into must not depend on their company."""
    by_chunk = [tokenize(text), tokenize(text)]
    monkeypatch.setattr(tokenizer, "_ACROSS", re.compile(""))
    assert by_chunk == [tokenize(text)] * 2


@given(st.text(st.sampled_from("ant'`isnx D\u00e9<br/>:)!?.@#_3,\n\u00a0\u200b\u0301-"), max_size=40))
def test_any_text_has_the_tokens_of_its_chunks(text: str) -> None:
    by_chunk = tokenize(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokenizer, "_ACROSS", re.compile(""))
        assert by_chunk == tokenize(text)
