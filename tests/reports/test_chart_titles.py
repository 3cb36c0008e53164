"""Titles of the charts over time say what happened, and claim nothing where nothing did."""

from datetime import date

import pytest

from monitor.reports.charts import health_over_time_chart, trend_chart
from monitor.reports.feeling import FeelingPoint
from monitor.reports.timeline import Bucket
from tests.insights.test_titles import LAUNCH, OUTAGE

WEEK = tuple(
    Bucket(f"{day} Jul", FeelingPoint(start=date(2026, 7, day), positive=4, neutral=3, negative=n))
    for day, n in ((10, 2), (11, 3), (12, 27))
)


@pytest.mark.parametrize("found", [OUTAGE, LAUNCH])
def test_the_trend_is_called_by_what_happened_good_or_bad(found):
    drawn = trend_chart("Ford", WEEK, "day", found)
    assert drawn is not None
    assert drawn.title == found.title


def test_health_is_called_by_how_it_moved():
    drawn = health_over_time_chart("Ford", WEEK, "day", OUTAGE)
    assert drawn is not None
    assert drawn.title == "Ford's health fell to 13% on 12 Jul, usually 57%"


@pytest.mark.parametrize("found", [None, LAUNCH])
def test_health_that_did_not_move_is_told_as_it_is(found):
    drawn = health_over_time_chart("Ford", WEEK, "day", found)
    assert drawn is not None
    assert drawn.title == "Ford's health is 27% over all"


def test_where_nothing_happened_the_trend_is_told_as_it_is():
    drawn = trend_chart("Ford", WEEK, "day")
    assert drawn is not None
    assert drawn.title == "32 of 53 texts about Ford are negative"
