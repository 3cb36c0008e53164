"""Happenings in sentences: what it was for the brand and when, then the figures; and how sure that is."""

from datetime import UTC, datetime

import msgspec
import pytest

from monitor.insights.compared import Compared, Standing
from monitor.insights.happenings import Happening, first, headline
from monitor.insights.titles import when

OUTAGE = Happening(
    brand="Ford",
    own=True,
    kind="volume",
    good=False,
    since=datetime(2026, 7, 12, tzinfo=UTC),
    until=datetime(2026, 7, 13, tzinfo=UTC),
    mentions=44,
    usual=10.0,
    ratio=4.4,
    ratio_low=3.1,
    ratio_high=6.2,
    opinions=31,
    positive=4,
    health=0.13,
    health_usual=0.57,
    health_low=-0.72,
    health_high=-0.28,
    size=4.0,
)
LAUNCH = msgspec.structs.replace(
    OUTAGE,
    good=True,
    mentions=148,
    usual=29.6,
    ratio=5.0,
    ratio_low=4.0,
    ratio_high=6.3,
    opinions=114,
    positive=101,
    health=0.886,
    health_usual=0.84,
    health_low=-0.04,
    health_high=0.1,
)


def changed(it: Happening, **changes: object) -> Happening:
    return msgspec.structs.replace(it, **changes)


@pytest.mark.parametrize(
    ("it", "title"),
    [
        (OUTAGE, "Ford drew criticism on 12 Jul: mentions ×4.4 (44, usually 10), health 57% to 13%"),
        (
            LAUNCH,
            "Ford drew praise on 12 Jul: mentions ×5.0 (148, usually 30), 101 of 114 opinions positive",
        ),
        (
            changed(LAUNCH, good=None),
            "Ford was much talked about on 12 Jul: mentions ×5.0 (148, usually 30)",
        ),
        (
            changed(LAUNCH, good=None, mentions=9, ratio=0.3, ratio_low=0.2, ratio_high=0.5),
            "Ford was little talked about on 12 Jul: mentions ×0.30 (9, usually 30)",
        ),
        (
            changed(OUTAGE, kind="health", ratio=1.1, ratio_low=0.8, ratio_high=1.6),
            "Opinion of Ford fell on 12 Jul: health 57% to 13% (n = 31)",
        ),
        (
            changed(OUTAGE, kind="health"),
            "Opinion of Ford fell on 12 Jul: health 57% to 13% (n = 31), mentions ×4.4 (44, usually 10)",
        ),
        (
            changed(OUTAGE, kind="silence", good=None, mentions=1, ratio=0.025, usual=40.0),
            "Ford fell silent on 12 Jul: 1 mention, usually 40",
        ),
        (
            changed(OUTAGE, kind="silence", good=None, mentions=0, usual=40.2, source="forum", others=3),
            "No word of Ford and 3 other brands from forum on 12 Jul: 0 mentions, usually 40",
        ),
    ],
)
def test_the_title_says_what_happened_good_or_bad(it, title):
    assert it.title == title


@pytest.mark.parametrize(
    ("it", "certainty"),
    [
        (OUTAGE, "Beyond its usual ups and downs: mentions ×3.1 to ×6.2; health 28 to 72 points down."),
        (LAUNCH, "Beyond its usual ups and downs: mentions ×4.0 to ×6.3."),
        (
            changed(LAUNCH, ratio_low=0.9),
            "Beyond its usual ups and downs only when mentions and opinions are taken together.",
        ),
        (
            changed(OUTAGE, kind="silence", source="forum"),
            "By its eight weeks before, so few would hardly ever come by chance.",
        ),
    ],
)
def test_how_sure_it_is_comes_second_and_in_plain_words(it, certainty):
    assert it.certainty == certainty


def test_health_that_moved_is_told_and_health_as_usual_is_not():
    assert OUTAGE.moved_health == "fell to 13% on 12 Jul, usually 57%"
    assert LAUNCH.moved_health == ""


def test_a_source_that_calls_itself_whatever_it_likes_breaks_no_title():
    hostile = changed(OUTAGE, kind="silence", source="constructor\u202e\ud83d" + "x" * 300)
    assert "\u202e" not in hostile.title
    assert len(hostile.title) < 140


@pytest.mark.parametrize(
    ("since", "until", "zone", "told"),
    [
        ("2026-07-12T00:00Z", "2026-07-13T00:00Z", "UTC", "on 12 Jul"),
        ("2026-07-12T00:00Z", "2026-07-15T00:00Z", "UTC", "from 12 to 14 Jul"),
        ("2026-07-30T00:00Z", "2026-08-03T00:00Z", "UTC", "from 30 Jul to 2 Aug"),
        ("2026-07-11T22:00Z", "2026-07-12T22:00Z", "Europe/Berlin", "on 12 Jul"),
        ("2025-12-31T00:00Z", "2026-01-02T00:00Z", "UTC", "from 31 Dec to 1 Jan"),
    ],
)
def test_windows_are_told_by_their_days(since, until, zone, told):
    assert when(datetime.fromisoformat(since), datetime.fromisoformat(until), zone) == told


def test_the_headline_is_of_ours_even_where_more_happened_to_others():
    theirs = changed(OUTAGE, brand="Opel", own=False, size=9.0)
    assert first([theirs, OUTAGE]) is OUTAGE
    assert headline([theirs, OUTAGE]) == OUTAGE.title
    assert headline([theirs]) == theirs.title


def standing(**changes: object) -> Standing:
    bare = Compared(
        scale="count", now=None, before=None, usual=None, n=0, n_before=0, since_before=None, from_usual=None
    )
    mentions = msgspec.structs.replace(bare, now=120, n=120, **changes)
    health = msgspec.structs.replace(bare, scale="share", now=0.57, n=60)
    return Standing(brand="Ford", own=True, mentions=mentions, share=bare, health=health, net=bare)


def test_a_quiet_week_is_called_so_where_its_usual_is_known():
    figures = "57% of 60 opinions positive"
    quiet = headline([], standing=standing(usual=110.4))
    assert quiet == f"Nothing out of the ordinary: Ford has 120 mentions (usually 110), {figures}"
    assert headline([], standing=standing()) == f"Ford has 120 mentions, {figures}"
    assert headline([]) == "Nothing out of the ordinary happened"
