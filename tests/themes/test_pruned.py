"""Themes of a time whose posts were pruned in part: of what is kept, and compared with nothing half gone."""

from datetime import timedelta

from monitor.insights.causes import cause
from monitor.reports.filters import Filter
from monitor.storage.pruning import Pruning
from monitor.themes import themes
from tests.themes.conftest import SINCE, UNTIL

WEEK = Filter(SINCE, UNTIL)


def test_themes_are_those_of_the_posts_that_are_kept(engine, connection):
    def prune(days: int) -> None:
        pruning = Pruning(engine, SINCE + timedelta(days=days))
        pruning.begin()
        assert pruning.run().finished

    def battery():
        return next(each for each in themes(connection, WEEK, "Acme") if each.name == "battery life")

    assert (battery().posts, battery().posts_before) == (10, 10)
    prune(-3)
    assert (battery().posts, battery().posts_before, battery().moved) == (10, None, "")
    story = cause(connection, "Acme", SINCE + timedelta(days=5), UNTIL)
    assert story is not None
    assert story.first_author == "wire0"
    # Neither figure has moved, so the memory of what was found has to be told.
    prune(3)
    assert battery().posts == 4
    prune(7)
    assert cause(connection, "Acme", SINCE + timedelta(days=5), UNTIL) is None
