"""Which stories wait for an answer, and in which order."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import Connection, text

from monitor.answers import STATES, Card, Counts, Order, Waiting, Wanted, answer, card, queue, undo, waiting
from monitor.corrections import correct_sentiment
from monitor.queries import parse
from monitor.reports.filters import Filter
from monitor.reports.mentions import CursorError
from tests.answers.conftest import SINCE, WEEK, id_of


def names(cards: tuple[Card, ...]) -> list[str]:
    return [each.line.external_id for each in cards]


def narrowed(**changes: object) -> Filter:
    return msgspec.structs.replace(WEEK, **changes)


def test_steps_of_reach_then_negative_then_the_oldest(connection: Connection) -> None:
    found = queue(connection, WEEK)
    assert names(found.cards) == ["old", "wide", "unsure", "outage2", "small", "unknown"]
    assert [each.band for each in found.cards] == [100_000, 100_000, 100_000, 1_000, 0, None]
    assert (found.found, found.next, found.counts) == (6, None, Counts(new=6))
    assert found.brands == found.ours == ("Acme", "Bolt")
    assert waiting(connection, WEEK) == (6, False)


def test_a_story_is_one_card_with_its_widest_post_and_all_its_reach(connection: Connection) -> None:
    (story,) = queue(connection, WEEK, Wanted(query=parse("outage OR down"))).cards
    assert story.line.external_id == "outage2"
    assert (story.posts, story.copies, story.reach) == (3, 2, 1500)
    assert (story.first_at, story.last_at) == (SINCE.replace(day=3, hour=9), SINCE.replace(day=6, hour=9))
    assert story.felt == (("Acme", "negative"), ("Bolt", "negative"))
    assert (story.state, story.seen, story.standing) == ("new", 0, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"since": SINCE.replace(day=4)},
        {"since": SINCE.replace(day=6)},
        {"sources": ("blog",)},
        {"brands": ("Bolt",), "since": SINCE.replace(day=6)},
    ],
)
@pytest.mark.parametrize("order", ["widest", "oldest", "newest"])
def test_a_story_waits_since_its_first_post_whatever_the_view(
    connection: Connection, changes: dict[str, object], order: Order
) -> None:
    (story,) = queue(connection, narrowed(**changes), Wanted(query=parse("down"), order=order)).cards
    assert story.first_at == SINCE.replace(day=3, hour=9)
    assert story.last_at == SINCE.replace(day=6, hour=9)


def test_what_began_before_the_view_is_older_than_what_began_in_it(connection: Connection) -> None:
    late = narrowed(since=SINCE.replace(day=5))
    assert names(queue(connection, late, Wanted(order="oldest")).cards) == ["outage3", "wide"]
    first = queue(connection, late, Wanted(order="oldest"), limit=1)
    rest = queue(connection, late, Wanted(order="oldest"), limit=1, after=first.next)
    assert names(first.cards + rest.cards) == ["outage3", "wide"]


def test_a_first_post_that_asks_for_no_answer_does_not_count(connection: Connection) -> None:
    for brand in ("Acme", "Bolt"):
        correct_sentiment(connection, id_of("outage"), brand, "neutral", "Ann")
    (story,) = queue(connection, narrowed(since=SINCE.replace(day=6)), Wanted(query=parse("down"))).cards
    assert story.first_at == SINCE.replace(day=4, hour=9)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("oldest", ["small", "unsure", "old", "unknown", "outage2", "wide"]),
        ("newest", ["outage2", "wide", "old", "unknown", "small", "unsure"]),
    ],
)
def test_other_orders(connection: Connection, order: Order, expected: list[str]) -> None:
    found = names(queue(connection, WEEK, Wanted(order=order)).cards)
    # Two stories of one moment come in the order of their ids.
    assert [set(found[n : n + 2]) for n in (0, 2, 4)] == [set(expected[n : n + 2]) for n in (0, 2, 4)]


@pytest.mark.parametrize("order", ["widest", "oldest", "newest"])
@pytest.mark.parametrize("limit", [1, 2, 4])
def test_pages_neither_repeat_nor_hide_a_card(connection: Connection, order: Order, limit: int) -> None:
    wanted = Wanted(order=order)
    whole = names(queue(connection, WEEK, wanted).cards)
    found: list[str] = []
    after: str | None = None
    while True:
        part = queue(connection, WEEK, wanted, after=after, limit=limit)
        found += names(part.cards)
        after = part.next
        if after is None:
            break
    assert found == whole


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "kw"])
def test_a_cursor_that_no_page_gave_out_is_refused(connection: Connection, cursor: str) -> None:
    with pytest.raises(CursorError):
        queue(connection, WEEK, after=cursor)
    other = queue(connection, WEEK, Wanted(order="oldest"), limit=1).next
    with pytest.raises(CursorError):
        queue(connection, WEEK, after=other)


def test_filters(connection: Connection) -> None:
    def found(chosen: Filter, **wanted: object) -> set[str]:
        return set(names(queue(connection, chosen, Wanted(**wanted)).cards))  # type: ignore[arg-type]

    assert found(narrowed(brands=("Bolt",))) == {"outage2", "unknown"}
    assert found(narrowed(sources=("forum",))) == {"small", "unknown"}
    assert found(narrowed(until=SINCE + timedelta(days=1))) == {"small", "unsure"}
    assert found(narrowed(kinds=("image",))) == set()
    assert waiting(connection, narrowed(kinds=("image",))) == (0, False)
    assert found(narrowed(languages=("de",))) == set()
    assert found(WEEK, label="unsure") == {"unsure"}
    assert found(WEEK, label="negative") == {"old", "wide", "outage2", "small", "unknown"}
    assert found(WEEK, query=parse("author:eve")) == {"outage"}
    assert found(WEEK, query=parse("source:news -fined")) == {"old", "unsure"}
    assert found(WEEK, query=parse("source:nowhere")) == set()
    assert found(WEEK, query=parse("nobody says this")) == set()


def test_other_brands_than_ours_are_not_answered_for(connection: Connection) -> None:
    assert len(queue(connection, narrowed(brands=("Rival",))).cards) == 6
    assert names(queue(connection, narrowed(brands=("Rival", "Bolt"))).cards) == ["outage2", "unknown"]
    connection.execute(text("UPDATE brand SET watched = false WHERE name = 'Acme'"))
    assert names(queue(connection, WEEK).cards) == ["outage2", "unknown"]
    connection.execute(text("UPDATE brand SET own = false"))
    found = queue(connection, WEEK)
    assert (found.cards, found.ours, waiting(connection, WEEK).stories) == ((), (), 0)


def test_what_is_done_leaves_the_queue_and_is_counted(connection: Connection) -> None:
    made = answer(connection, id_of("wide"), "answered", "Ann", "called them", seen=0)
    answer(connection, id_of("small"), "seen", "Bob", seen=0)
    answer(connection, id_of("old"), "ignored", "Ann", seen=0)
    found = queue(connection, WEEK)
    assert names(found.cards) == ["unsure", "outage2", "small", "unknown"]
    assert found.counts == Counts(new=3, seen=1, answered=1, ignored=1)
    assert (found.counts.open, found.counts.all) == (4, 6)
    assert found.people == ("Ann", "Bob")
    assert waiting(connection, WEEK) == (4, False)

    def states(*wanted: str, by: str | None = None) -> list[str]:
        some = queue(connection, WEEK, Wanted(states=wanted, by=by))  # type: ignore[arg-type]
        assert some.found == len(some.cards)
        return names(some.cards)

    assert states("answered") == ["wide"]
    assert states("seen") == ["small"]
    assert states(*STATES, by="Ann") == ["old", "wide"]
    assert states(*STATES, by="Zed") == []
    (done,) = queue(connection, WEEK, Wanted(states=("answered",))).cards
    assert (done.state, done.seen) == ("answered", made)
    assert done.standing is not None
    assert (done.standing.set_by, done.standing.note) == ("Ann", "called them")
    undo(connection, made, "Bob")
    assert states("answered") == []
    assert waiting(connection, WEEK) == (5, False)


def test_an_answer_to_one_copy_holds_for_all_whatever_the_view(connection: Connection) -> None:
    answer(connection, id_of("outage3"), "answered", "Ann", seen=0)
    assert "outage2" not in names(queue(connection, WEEK).cards)
    early = narrowed(until=SINCE.replace(day=5))
    assert "outage2" not in names(queue(connection, early).cards)
    (story,) = queue(connection, early, Wanted(states=("answered",))).cards
    assert (story.line.external_id, story.posts, story.newer) == ("outage2", 2, 0)


def test_copies_published_after_the_answer_are_told(connection: Connection) -> None:
    answer(connection, id_of("outage"), "answered", "Ann", seen=0)
    connection.execute(text("UPDATE answer SET set_at = '2026-03-03 12:00Z'"))
    (story,) = queue(connection, WEEK, Wanted(states=("answered",))).cards
    assert story.newer == 2


def test_a_correction_takes_a_story_out_and_its_end_brings_it_back(connection: Connection) -> None:
    correct_sentiment(connection, id_of("small"), "Acme", "positive", "Ann")
    assert "small" not in names(queue(connection, WEEK).cards)


def test_the_reach_of_liars_overflows_nothing(connection: Connection) -> None:
    connection.execute(
        text(
            "UPDATE mention SET reach = 9223372036854775807 WHERE story_id IN (SELECT story_id"
            " FROM mention WHERE external_id = 'outage')"
        )
    )
    connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    found = queue(connection, WEEK)
    assert names(found.cards)[0].startswith("outage")
    assert found.cards[0].reach == 9223372036854775807


def test_a_post_that_is_erased_takes_its_answers_along(connection: Connection) -> None:
    answer(connection, id_of("outage2"), "answered", "Ann", seen=0)
    connection.execute(text("DELETE FROM mention WHERE external_id = 'outage2'"))
    connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    assert connection.execute(text("SELECT count(*) FROM answer")).scalar() == 0
    assert "outage" in names(queue(connection, WEEK).cards)


def test_the_card_of_any_mention(connection: Connection) -> None:
    found = card(connection, id_of("outage"))
    assert found is not None
    assert (found.line.external_id, found.copies, found.state) == ("outage", 2, "new")
    praised = card(connection, id_of("praise"))
    assert praised is not None
    assert praised.felt == (("Acme", "positive"),)
    assert card(connection, UUID(int=0)) is None


def test_a_query_reads_no_more_than_it_may(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.answers.asked._READ", 3)
    found = queue(connection, WEEK, Wanted(query=parse("acme OR bolt")))
    assert found.looked_through == 3
    assert len(found.cards) < 6


def test_the_number_on_every_page_looks_at_no_more_posts_than_it_may(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert str(waiting(connection, WEEK)) == "6"
    monkeypatch.setattr("monitor.answers.backlog._POSTS", 3)
    assert waiting(connection, WEEK) == (2, True)  # two of the three tell one story
    assert str(Waiting(2_984, more=True)) == "2,900+"
