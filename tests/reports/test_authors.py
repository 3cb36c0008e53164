"""Who is listed as an author: the busiest, and always the one whom most people may have read."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from monitor.queries import parse
from monitor.reports.authors import AuthorActivity, _with_widest, authors
from monitor.reports.filters import Filter
from monitor.reports.mentions import MentionLine, most_reached, search


def activity(**more: Any) -> AuthorActivity:
    given = dict.fromkeys(("positive", "neutral", "negative", "unsure", "unscored"), 0)
    given |= {"source": "forum", "author": "ann", "mentions": 9, "reach": 5, "estimated": True}
    return AuthorActivity(**given | more)


def test_the_widest_author_is_in_the_shortest_list(month, since, until):
    chosen = Filter(since, until)
    widest = next(line for line in most_reached(month.connection, chosen, 20) if line.author)
    assert (widest.source, widest.author) in {
        (each.source, each.author) for each in authors(month.connection, chosen, 2)
    }
    told = authors(month.connection, chosen)
    assert [each.mentions for each in told] == sorted((each.mentions for each in told), reverse=True)


def test_each_leads_to_what_was_said(month, since, until):
    for each in authors(month.connection, Filter(since, until)):
        assert each.query is not None
        chosen = Filter(since, until, sources=(each.source,))
        found = search(month.connection, chosen, query=parse(each.query)).rows
        assert {line.author for line in found} == {each.author}


@pytest.mark.parametrize("name", ["x" * 2000, "", "  ", "\ud83d", "@"])
def test_a_name_that_no_query_can_hold_leads_nowhere(name: str) -> None:
    assert activity(author=name).query is None


@pytest.mark.parametrize("name", ["@bob", "Lady Gaga", 'x"y\\', "constructor", "M&M <b>", "a:b OR c"])
def test_other_names_are_found_as_they_are_written(name: str) -> None:
    query = activity(author=name).query
    assert query is not None
    assert str(parse(query)) == query


def test_whom_a_sample_missed_is_told_with_the_post_that_is_known(month, since, until):
    (line, *_) = most_reached(month.connection, Filter(since, until), 1)
    line = msgspec.structs.replace(line, author="eve", source="news", sentiment="negative", reach=70)
    found = _with_widest([activity(), activity(author="bob")], [nameless(line), line])
    assert [each.author for each in found] == ["ann", "eve"]
    assert (found[1].mentions, found[1].negative, found[1].reach) == (1, 1, 70)
    known = _with_widest([activity(source="news", author="eve", reach=3)], [line])
    assert [(each.mentions, each.reach) for each in known] == [(9, 70)]


def nameless(line: MentionLine) -> MentionLine:
    return msgspec.structs.replace(line, author=None, published_at=datetime(2026, 3, 1, tzinfo=UTC))
