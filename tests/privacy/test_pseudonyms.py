"""Pseudonyms: one an author and source, by the key alone, and found again by the name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import SetupError
from monitor.privacy import Pseudonyms
from monitor.queries import Fields, parse
from monitor.settings import load_settings
from monitor.texts import read

KEY = "word-" * 8
known_as = Pseudonyms(KEY)


def test_it_is_the_hmac_of_source_and_author_and_never_changes() -> None:
    """A figure by author spans years: this very string has to come out for ever."""
    assert known_as("forum", "Ann") == "pseudonym-bt2h33mqj5g5alvhhghd"


def test_spellings_of_one_name_share_it_and_nothing_else_does() -> None:
    assert len({known_as("forum", name) for name in ("ann", "@Ann", "ANN", " ánn", "ａｎｎ")}) == 1
    others = {
        known_as(*who) for who in (("forum", "ann"), ("shop", "ann"), ("forum", "bob"), ("forum", "@@"))
    }
    assert len(others) == 4
    assert Pseudonyms(KEY.upper())("forum", "ann") not in others


@given(st.text(max_size=20), st.text(min_size=1, max_size=20))
def test_one_of_any_name_stays_as_it_is(source: str, name: str) -> None:
    hidden = known_as(source, name)
    assert known_as(source, hidden) == known_as("elsewhere", hidden) == hidden


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"authors": "pseudonymous"}, "MONITOR_AUTHORS_KEY"),
        ({"authors": "pseudonymous", "authors_key": "word-" * 6}, "32 are the least"),
        ({"authors_key": "word"}, "32 are the least"),
    ],
)
def test_no_key_or_one_that_can_be_guessed_is_refused(settings: dict[str, str], says: str) -> None:
    with pytest.raises(SetupError, match=says):
        Pseudonyms.of(load_settings(**settings))


def test_a_key_alone_finds_what_was_stored_before() -> None:
    assert Pseudonyms.of(load_settings()) is None
    assert Pseudonyms.of(load_settings(authors_key="")) is None
    found = Pseudonyms.of(load_settings(authors_key=KEY))
    assert found is not None
    assert found("forum", "Ann") == known_as("forum", "Ann")


@pytest.mark.parametrize("asked", ["ann", "@ANN", known_as("forum", "ann")])
@pytest.mark.parametrize("stored", ["Ann", known_as("forum", "Ann")])
def test_a_query_finds_an_author_by_name_and_by_pseudonym_however_stored(asked: str, stored: str) -> None:
    query = parse(f"author:{asked}")
    theirs = Fields(author=stored, source="forum", known_as=known_as)
    assert query.matches({}, read(""), theirs)
    for other in (Fields(author="bob", source="forum", known_as=known_as), Fields(known_as=known_as)):
        assert not query.matches({}, read(""), other)
