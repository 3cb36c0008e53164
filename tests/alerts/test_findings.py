"""The function that alerts and previews ask: against SciPy's distributions, and what people would say."""

from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom

from monitor.alerts.findings import EVERY_SOURCE, find, together, windows
from monitor.alerts.rules import Rule
from monitor.alerts.series import HOUR, Series
from monitor.insights.usual import at_least, at_most, expectation

START = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = START + timedelta(weeks=9)
WINDOW = timedelta(hours=24)
WEEKS = st.lists(st.integers(0, 300), min_size=8, max_size=8)


def series(
    now: int,
    before: list[int],
    *,
    of: tuple[int, list[int]] | None = None,
    subject: str = "VMware",
    earliest: datetime | None = START,
    reach: int = 0,
) -> Series:
    """The 24 hours before `UNTIL` have `now` in their first hour, those of the weeks before it the others."""

    def totals(n: int, past: list[int]) -> tuple[int, ...]:
        hours = [0] * int((UNTIL - START) / HOUR)
        for weeks, count in enumerate([n, *past]):
            hours[-24 - weeks * 168] = count
        return tuple(accumulate(hours, initial=0))

    counts = totals(now, before)
    widest = (0,) * (len(counts) - 25) + (reach,) + (0,) * 23
    return Series(subject, "VMware", START, earliest, counts, totals(*of) if of else counts, widest)


def rule(kind: str, **more) -> Rule:
    return Rule(name="r", kind=kind, scope="own", **more)


USUAL = [3, 5, 4, 2, 6, 4, 3, 5]
MANY = [200, 210, 190, 205, 198, 202, 207, 195]


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        # Of emergencies, of clear changes, of everything unusual.
        (40, USUAL, (True, True, True)),
        (900, MANY, (True, True, True)),
        (20, USUAL, (False, True, True)),
        (15, USUAL, (False, False, True)),
        (9, USUAL, (False, False, False)),  # a bad day, not an alarm
        (300, MANY, (False, False, False)),  # sure, but little more than usual
        (330, MANY, (False, False, True)),
        (300, [20, 600, 35, 700, 90, 15, 500, 60], (False, False, False)),  # such weeks come anyway
        (4, [0] * 8, (False, False, True)),  # four texts are nobody's emergency
        (14, [0] * 8, (False, True, True)),
        (25, [0] * 8, (True, True, True)),
    ],
)
@pytest.mark.parametrize("kind", ["criticism", "volume-up", "theme", "competitor"])
def test_much_is_what_people_would_call_so(kind, now, before, told):
    levels = ("emergencies", "clear", "unusual")
    query = "outage" if kind == "theme" else None
    found = [
        find(rule(kind, sensitivity=each, query=query), series(now, before), UNTIL, None) for each in levels
    ]
    assert tuple(each is not None for each in found) == told
    if found[-1]:
        assert (found[-1].observed, found[-1].baseline_windows) == (now, 8)
        assert found[-1].p_value == at_least(now, expectation(before))


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        (0, MANY, (True, True, True)),
        (20, MANY, (True, True, True)),
        (80, MANY, (False, True, True)),
        (125, MANY, (False, False, True)),
        (170, MANY, (False, False, False)),
        (0, USUAL, (False, False, False)),  # a quiet day of a quiet brand
    ],
)
def test_little_is_what_people_would_call_so(now, before, told):
    levels = ("emergencies", "clear", "unusual")
    found = [find(rule("volume-down", sensitivity=each), series(now, before), UNTIL, None) for each in levels]
    assert tuple(each is not None for each in found) == told
    if found[-1]:
        assert found[-1].p_value == at_most(now, expectation(before))


@pytest.mark.parametrize(("now", "before", "told"), [(0, MANY, True), (1, MANY, False), (0, USUAL, False)])
def test_a_source_is_silent_when_nothing_comes_from_it(now, before, told):
    assert (find(rule("silence"), series(now, before), UNTIL, None) is not None) is told


def test_a_busy_source_is_missed_after_six_hours():
    counts = tuple(accumulate([100] * 1506 + [0] * 6, initial=0))  # nine weeks, the last six hours empty
    busy = Series("forum", None, START, START, counts, counts, (0,) * 1512)
    found = find(rule("silence"), busy, UNTIL, None)
    assert (found.since, found.observed, found.expected) == (UNTIL - timedelta(hours=6), 0, 600 + 0.5 / 8)


def test_where_every_source_is_silent_there_is_one_alert():
    both = [series(0, MANY, subject=name) for name in ("forum", "news")]
    both = [Series(each.subject, None, START, START, each.counts, each.of, each.widest) for each in both]
    found = [find(rule("silence"), each, UNTIL, None) for each in both]
    (told,) = together(found, both, UNTIL)
    assert (told.subject, told.observed) == (EVERY_SOURCE, 0)
    assert together(found[:1], both, UNTIL) == found[:1]
    talking = series(7, MANY, subject="blog")
    assert together(found, [*both, talking], UNTIL) == found


@pytest.mark.parametrize(
    ("negative", "texts", "told"),
    [
        (27, 44, (True, True, True)),  # usually 10 in 80
        (22, 44, (False, True, True)),
        (18, 44, (False, False, True)),
        (9, 40, (False, False, False)),
        (3, 4, (False, False, False)),  # of four texts nothing follows
        (400, 2000, (False, False, False)),  # 20%, usually 13%: sure, and nothing to wake anybody for
        (440, 2000, (False, False, False)),
        (640, 2000, (False, True, True)),
    ],
)
def test_a_larger_share_is_what_people_would_call_so(negative, texts, told):
    here = series(negative, [10] * 8, of=(texts, [80] * 8))
    levels = ("emergencies", "clear", "unusual")
    found = [find(rule("negative-share", sensitivity=each), here, UNTIL, None) for each in levels]
    assert tuple(each is not None for each in found) == told
    if found[-1]:
        assert found[-1].share == negative / texts
        assert found[-1].usual_share == 10 / 80
        n, k = round(texts / 2), round(negative / 2)
        assert found[-1].p_value == pytest.approx(betabinom.sf(k - 1, n, 40.5, 280.5), rel=1e-4, abs=1e-9)


@given(st.integers(0, 400), WEEKS)
def test_a_more_sensitive_rule_tells_of_all_that_a_less_sensitive_one_does(now, before):
    for kind in ("criticism", "volume-down", "silence"):
        told = [
            find(rule(kind, sensitivity=each), series(now, before), UNTIL, None) is not None
            for each in ("emergencies", "clear", "unusual")
        ]
        assert told == sorted(told)


@given(WEEKS, st.integers(0, 8))
def test_with_fewer_than_four_weeks_behind_it_nothing_is_told(before, weeks):
    earliest = UNTIL - WINDOW - timedelta(weeks=weeks)
    here = series(10_000, before, earliest=earliest)
    found = find(rule("volume-up"), here, UNTIL, None)
    assert (found is not None) is (weeks >= 4 and 2 * sum(before[:weeks]) / weeks <= 10_000)
    if found:
        assert found.baseline_windows == weeks


def test_a_subject_is_left_alone_for_the_cool_down():
    here = series(40, USUAL)
    for cool_down, hours, told in ((24, 23, False), (24, 24, True), (6, 5, False), (6, 6, True)):
        last = UNTIL - timedelta(hours=hours)
        assert (find(rule("criticism", cool_down=cool_down), here, UNTIL, last) is not None) is told


def test_an_author_with_reach_is_told_of_once():
    here = series(2, [0] * 8, reach=50_000)
    asked = rule("reach", reach=1000, cool_down=6)
    found = find(asked, here, UNTIL, None)
    assert (found.observed, found.reach, found.p_value) == (2, 50_000, None)
    assert find(asked, here, UNTIL, UNTIL - timedelta(hours=7)) is None  # told of seven hours ago


def test_what_is_read_is_all_that_is_asked_for():
    assert windows(rule("reach", reach=1), UNTIL) == [(UNTIL - WINDOW, UNTIL)]
    found = windows(rule("criticism"), UNTIL)
    assert found == [
        (UNTIL - WINDOW - n * timedelta(weeks=1), UNTIL - n * timedelta(weeks=1)) for n in range(9)
    ]
