"""What made a window what it is: of an outage that was planted, and of posts whose numbers are known."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from monitor.insights.causes import Cause, cause
from tests.insights.conftest import DAYS, OUTAGE, UNTIL

DAY = timedelta(days=1)


def test_an_outage_is_named_with_a_query_that_finds_its_posts(connection):
    found = cause(connection, "Ours", OUTAGE, OUTAGE + 2 * DAY, "negative")
    assert found is not None
    assert found.theme is not None
    assert found.theme_query
    assert found.theme_posts >= 0.2 * found.posts
    assert f"speak of “{found.theme}”" in found.words


def test_the_post_that_most_people_may_have_read_is_named(connection):
    since, until = OUTAGE + DAY / 24, OUTAGE + DAY
    given = {"since": since, "until": until}
    before = cause(connection, "Ours", since, until, "negative")
    assert before is not None
    assert before.widest_reach is None
    assert "most people" not in before.words
    post = connection.execute(_ONE_OF_THEM, given).one()
    connection.execute(_WIDE, {"id": post.mention_id})
    found = cause(connection, "Ours", since, until)
    assert found is not None
    assert found.widest_mention_id == post.mention_id
    assert found.widest_reach == 10**12
    assert found.words.endswith(f"most people may have read {post.author} ({post.source}): 1,000,000,000,000")
    connection.rollback()


_ONE_OF_THEM = text("""
    SELECT mention_id, author, source FROM presence
    WHERE brand_id = (SELECT id FROM brand WHERE name = 'Ours') AND label = 'negative' AND author IS NOT NULL
      AND published_at >= :since AND published_at < :until ORDER BY published_at, mention_id LIMIT 1
""")
_WIDE = text("UPDATE presence SET reach = 1000000000000 WHERE mention_id = :id")


def test_a_quiet_day_has_no_cause(connection):
    found = cause(connection, "Calm", UNTIL - 20 * DAY, UNTIL - 19 * DAY)
    assert found is not None
    assert found.words == f"No story, theme, author or source stands out in {found.posts} posts"


def test_without_posts_there_is_nothing_to_explain(connection, empty):
    assert cause(connection, "Ours", UNTIL + DAYS * DAY, UNTIL + 2 * DAYS * DAY) is None
    assert cause(connection, "Nobody", UNTIL - DAY, UNTIL) is None
    assert cause(empty, "Ours", UNTIL - DAY, UNTIL) is None


@pytest.mark.parametrize("author", [None, "", "x" * 2000, "\u202eevil\ufffe", "<b>eve</b>"])
def test_whatever_an_author_is_called_the_sentence_is_fit_to_print(author):
    found = Cause(
        brand="Ours",
        since=UNTIL - DAY,
        until=UNTIL,
        posts=89,
        story_posts=61,
        first_author=author,
        first_source="news",
        first_at=UNTIL - DAY,
    )
    assert found.words.startswith("61 of 89 posts share one story, first posted by ")
    assert len(found.words) < 200
    assert "\ufffe" not in found.words


def test_the_largest_part_comes_first():
    found = Cause(
        brand="Ours",
        since=UNTIL - DAY,
        until=UNTIL,
        posts=50,
        theme="login outage",
        theme_posts=30,
        source="news",
        source_posts=40,
        author="eve",
        author_posts=12,
    )
    assert found.words == ("40 of 50 posts come from news; 30 speak of “login outage”; 12 are by eve")
