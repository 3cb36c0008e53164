"""Which phrases make a theme, of texts at hand: no database, a stem is the word without its s."""

from collections.abc import Iterable

import pytest

from monitor.themes.mining import BETWEEN, Mine, Said
from monitor.themes.words import Key, general_words, tokens

FILLERS = ("Rain in Oslo", "A sunny field", "Tea and toast", "Blue birds sing", "My cat sleeps", "Snow fell")


def stems(keys: Iterable[Key]) -> dict[Key, str]:
    return {key: key[1].removesuffix("s") for key in keys if key[1] not in general_words()}


def mined(now: Iterable[str], before: Iterable[str] = (), most: int = 12) -> list[tuple[str, int]]:
    """Themes with the texts of now that say them."""
    said = [Said("en", tokens(text)) for text in now]
    said += [Said("en", tokens(text), now=False) for text in before]
    mine = Mine(said, stems)
    return [(mine.phrase(each.pairs[0]), sum(said[n].now for n in each.texts)) for each in mine.themes(most)]


def test_a_theme_is_a_phrase_whatever_stands_between_and_in_which_order() -> None:
    texts = ["They lost my bag", "lost bags again", "my bag was lost", "Where? Lost: the bag!", *FILLERS]
    (first, *_) = mined(texts)
    assert first[0] in ("lost bags", "lost my bag", "bag was lost")
    assert first[1] == 4


def test_words_farther_apart_are_no_phrase() -> None:
    apart = " ".join(["so"] * (BETWEEN + 1))
    assert not [name for name, _ in mined([f"battery {apart} life"] * 6 + list(FILLERS)) if " " in name]


def test_less_than_three_texts_have_no_theme() -> None:
    assert mined(["battery life", "battery life", *FILLERS]) == []


def test_general_words_are_no_theme_and_end_no_phrase() -> None:
    texts = [
        "The best battery life ever",
        "a really good battery life today",
        "Great battery life, thanks",
    ] * 3
    assert [name for name, _ in mined([*texts, *FILLERS])] == ["battery life"]


def test_phrases_of_the_same_texts_are_one_theme() -> None:
    texts = [*["pop up store opens downtown"] * 6, *["a new price list"] * 4, *FILLERS]
    assert sorted(n for _, n in mined(texts)) == [4, 6]


def test_a_phrase_of_common_words_is_found_by_being_written_alike() -> None:
    """Every second text speaks of quality, so chance alone would bring sound near it."""
    qualities = [f"{each} quality" for each in ("picture", "paper", "build", "print") for _ in range(6)]
    sounds = ["sound quality"] * 9 + ["loud sound"] * 2
    assert ("sound quality", 9) in mined([*qualities, *sounds])


def test_a_word_alone_is_a_theme_when_it_came_up_only_now() -> None:
    outage = [f"outage in {town}" for town in ("Bonn", "Linz", "Graz", "Riga", "Lyon", "Cork") * 5]
    before = [*FILLERS * 20, "an outage once"]
    assert mined([*outage, *FILLERS * 5], before)[0] == ("outage", 30)


@pytest.mark.parametrize(
    "said", ["", "@acme #acme", "👍👍👍", "1 2 3", "\u0000\ufffe", "a" * 5000, "好的价格"]
)
def test_texts_without_words_have_no_theme(said: str) -> None:
    assert mined([said] * 9) == []
    assert mined([]) == []


def test_the_same_texts_have_the_same_themes_in_any_order() -> None:
    texts = [*["lost bag"] * 5, *["price rise"] * 5, *["long queue at the gate"] * 5, *FILLERS]
    assert mined(texts) == mined(reversed(texts))


def test_handles_links_and_numbers_are_no_words_of_a_theme() -> None:
    found = tokens("@acme 24 https://acme.example/lost-bag lost a@b.example bag")
    assert [token.word for token in found] == ["", "", "lost", "bag"]
    assert tokens("Lost. Bag")[1].breaks
    assert not tokens("lost-bag")[1].breaks


@pytest.mark.parametrize(
    "said",
    [
        'The battery, of an @acme phone: 3 days! lost-bag don\'t "quoted" (in brackets) 1st C++',
        "see https://acme.example/a_b?c=d. Then http://x.example",
        "line one\nline two; #price_rise __init__ @a @ab1",
    ],
)
def test_plain_texts_are_cut_as_all_others_are(said: str) -> None:
    """An accent at the end sends the same text the long way."""
    assert tokens(said) == tokens(f"{said} é")[:-1]
