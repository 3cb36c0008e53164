"""Themes of a database: their numbers are those of the posts that their query finds."""

from datetime import timedelta

import msgspec
import pytest

from monitor.queries import parse
from monitor.reports.filters import Filter
from monitor.reports.mentions import in_order, search
from monitor.themes import both, themes
from monitor.themes.posts import read_posts
from monitor.themes.words import general_words, stems
from tests.themes.conftest import SINCE, UNTIL, Post, write

WEEK = Filter(SINCE, UNTIL)


def test_what_posts_are_about_with_numbers(connection):
    found = {each.name: each for each in themes(connection, WEEK, "Acme")}
    assert {"battery life", "customer service", "login outage"} <= set(found)
    battery, login = found["battery life"], found["login outage"]
    assert (battery.posts, battery.stories, battery.negative, battery.posts_before) == (10, 10, 10, 10)
    assert battery.moved == "as before"
    assert (login.posts, login.stories, login.posts_before, login.moved) == (11, 4, 0, "new")
    assert login.share == pytest.approx(11 / 44)
    assert not any(each.estimated for each in found.values())


def test_every_theme_has_the_posts_that_its_query_finds(connection):
    for brand in ("Acme", "Bolt"):
        for each in themes(connection, WEEK, brand):
            query = parse(each.query)
            assert str(query) == each.query
            chosen = msgspec.structs.replace(WEEK, brands=(brand,))
            assert len(search(connection, chosen, query=query, limit=100).rows) == each.posts


def test_no_brand_is_a_theme(connection):
    for brand in ("Acme", "Bolt"):
        for each in themes(connection, WEEK, brand):
            assert not {"acme", "bolt"} & {word for phrase in each.phrases for word in phrase.split()}


def test_posts_stand_for_a_theme(connection):
    service = next(each for each in themes(connection, WEEK, "Acme") if each.name == "customer service")
    (widest,) = in_order(connection, [service.widest])
    assert widest.author == "The Daily"
    assert service.most_negative is None
    assert "read by most" in service.why(service.widest)
    for line in in_order(connection, service.examples):
        assert "customer service" in (line.text or "")


def test_the_same_phrase_has_the_same_id_in_every_week_and_of_every_brand(connection):
    before = Filter(SINCE - timedelta(days=7), SINCE)
    ids = [{each.name: each.id for each in themes(connection, chosen, "Acme")} for chosen in (WEEK, before)]
    assert ids[0]["battery life"] == ids[1]["battery life"]


def test_two_brands_side_by_side(connection):
    found = {each.theme.name: each for each in both(connection, WEEK, "Acme", "Bolt")}
    rise = found["price rise"]
    assert (rise.brand, rise.share) == ("Bolt", 0)
    assert rise.share_other == pytest.approx(0.5)
    assert found["battery life"].brand == "Acme"
    apart = [abs(each.share - each.share_other) for each in found.values()]
    assert apart == sorted(apart, reverse=True)


@pytest.mark.parametrize(
    "chosen",
    [
        Filter(SINCE + timedelta(days=90), UNTIL + timedelta(days=90)),
        msgspec.structs.replace(WEEK, kinds=("image",)),
        msgspec.structs.replace(WEEK, sources=("nowhere",)),
    ],
)
def test_where_nothing_was_said_there_is_no_theme(connection, chosen):
    assert themes(connection, chosen, "Acme") == ()
    assert themes(connection, WEEK, "Nobody") == ()
    assert both(connection, chosen, "Acme", "Bolt") == ()


def test_stories_alone_count_once(connection):
    stories = msgspec.structs.replace(WEEK, counting="stories")
    login = next(each for each in themes(connection, stories, "Acme") if each.name == "login outage")
    assert login.posts == login.stories == 4


def test_a_sample_of_hours_is_extrapolated_and_the_same_every_time(connection):
    some = read_posts(connection, WEEK, "Acme", most=10)
    assert some.step > 1
    assert len(some.posts) < 40
    assert some == read_posts(connection, WEEK, "Acme", most=10)


def test_new_posts_are_there_at_once(settings, connection):
    chosen = msgspec.structs.replace(WEEK, sources=("blog",))
    assert themes(connection, chosen, "Acme") == ()
    write(
        settings, [Post(f"Acme spare parts reach {n} towns", 3, source="blog") for n in range(4)], first=500
    )
    connection.rollback()
    assert "spare parts" in [each.name for each in themes(connection, chosen, "Acme")]


def test_stems_are_those_of_the_language(connection):
    find = stems(connection, passed=["acme"])
    words = ("delays", "delayed", "the", "better", "acme")
    found = find([*(("en", word) for word in words), ("de", "und"), ("de", "Häuser".lower()), ("xx", "und")])
    assert found == {
        ("en", "delays"): "delay",
        ("en", "delayed"): "delay",
        ("de", "häuser"): "haus",
        ("xx", "und"): "und",
    }
    assert "better" in general_words()
