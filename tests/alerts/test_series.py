"""What rules count, against counting the texts by hand; and previews, against what the service does."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from monitor.alerts import store
from monitor.alerts.matching import TooMuchError
from monitor.alerts.preview import DAYS, preview
from monitor.alerts.raising import raise_due
from monitor.alerts.rules import Rule
from monitor.alerts.series import load
from monitor.reports.labels import label
from monitor.storage.alert_tables import alert
from monitor.storage.pruning import Pruning
from tests.alerts.conftest import NOW, UNTIL, Said, burst, weeks

HOUR = timedelta(hours=1)
LONG = "constructor " + "😀" * 200

SAID = [
    Said(UNTIL - HOUR, text="{} outage again"),
    Said(UNTIL - 2 * HOUR, text="{} outage", label="positive", author="ann", reach=5_000),
    Said(UNTIL - 2 * HOUR, text="{} is fine", label="neutral", author="bob", reach=90_000),
    Said(UNTIL - 3 * HOUR, brand="Citrix", text="{} outage", reach=70_000),
    Said(UNTIL - 3 * HOUR, brand=None, text="an outage, somewhere", label="negative"),
    Said(UNTIL - 30 * HOUR, text="{} outage last week"),
    Said(UNTIL, text="{} outage, just now"),
    *(Said(UNTIL - 4 * HOUR, brand=None, source=LONG, text=f"nothing {n}") for n in range(40)),
]
SPAN = [(UNTIL - 24 * HOUR, UNTIL)]


@pytest.mark.parametrize(
    ("asked", "counted"),
    [
        ({"kind": "volume-up", "scope": "brand", "brand": "VMware"}, {"VMware": (3, 3)}),
        ({"kind": "criticism", "scope": "own"}, {"VMware": (1, 1)}),
        ({"kind": "negative-share", "scope": "own"}, {"VMware": (1, 3)}),
        ({"kind": "competitor", "scope": "others"}, {"Citrix": (1, 1), "Nutanix": (0, 0)}),
        ({"kind": "theme", "scope": "own", "query": "outage"}, {"VMware": (2, 2)}),
        ({"kind": "theme", "scope": "any", "query": "outage"}, {"outage": (4, 4)}),
        ({"kind": "criticism", "scope": "any", "query": "outage"}, {"outage": (3, 3)}),
        ({"kind": "negative-share", "scope": "any", "query": "outage"}, {"outage": (3, 4)}),
        ({"kind": "negative-share", "scope": "own", "query": "outage"}, {"VMware": (1, 2)}),
        ({"kind": "reach", "scope": "own", "reach": 6_000}, {"VMware": (1, 1)}),
        ({"kind": "reach", "scope": "any", "query": "outage", "reach": 6_000}, {"outage": (1, 1)}),
        ({"kind": "theme", "scope": "any", "query": "source:nowhere"}, {"source:nowhere": (0, 0)}),
        ({"kind": "silence", "scope": "any"}, {label(LONG, 120): (40, 40)}),
        ({"kind": "silence", "scope": "any", "source": LONG}, {label(LONG, 120): (40, 40)}),
        ({"kind": "silence", "scope": "any", "source": "forum"}, {}),
    ],
)
async def test_counts_are_those_of_the_texts(write, engine, asked, counted):
    await write(SAID)
    with engine.connect() as connection:
        found = load(connection, Rule(name="r", **asked), SPAN, 60, whole=True)
    assert {each.subject: each.counted(*SPAN[0]) for each in found} == counted


async def test_the_widest_reach_is_that_of_the_window(write, engine):
    await write(SAID)
    for asked, widest in (({"scope": "own"}, 90_000), ({"scope": "any", "query": "outage"}, 70_000)):
        with engine.connect() as connection:
            (found,) = load(
                connection, Rule(name="r", kind="reach", reach=1_000, **asked), SPAN, 60, whole=True
            )
        assert found.reach(*SPAN[0]) == widest
        assert found.reach(UNTIL - HOUR, UNTIL) == 0


async def test_without_patience_a_query_is_asked_of_the_newest_days_only(write, engine):
    await write([*weeks(NOW), *SAID])
    rule = Rule(name="r", kind="theme", scope="any", query="VMware")
    with engine.connect() as connection:
        (found,) = load(connection, rule, [(UNTIL - 9 * 168 * HOUR, UNTIL)], 0, whole=False)
        with pytest.raises(TooMuchError, match="make it narrower"):
            load(connection, rule, [(UNTIL - 9 * 168 * HOUR, UNTIL)], 0, whole=True)
    assert found.earliest == UNTIL


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "criticism", "scope": "own"},
        {"kind": "theme", "scope": "any", "query": "down"},
        {"kind": "negative-share", "scope": "brand", "brand": "VMware"},
        {"kind": "reach", "scope": "own", "reach": 400, "cool_down": 6},
    ],
)
async def test_a_preview_tells_of_what_the_service_would_have_told_of_hour_by_hour(
    write, keep, engine, asked
):
    usual = [each for day in range(70) for each in weeks(NOW - timedelta(days=day), label="positive")[:3]]
    bad = burst(NOW - timedelta(days=2), 40, text="{} is down", author="ann", reach=500)
    await write([*usual, *bad])
    rule_id = keep(**asked)
    with engine.connect() as connection:
        rule = store.rule(connection, rule_id)
        tried = preview(connection, rule, NOW)
    assert tried.since == tried.until - timedelta(days=DAYS) or tried.short
    for hours in range(80, -1, -1):
        raise_due(engine, tried.until - hours * HOUR, NOW, [])
    with engine.connect() as connection:
        raised = connection.execute(
            select(alert.c.subject, alert.c.since, alert.c.until, alert.c.observed).order_by(alert.c.id)
        ).all()
    told = [(each.subject, each.since, each.until, each.observed) for each in tried.found]
    assert told == [tuple(row) for row in raised]
    assert len(told) in (1, 2)


async def test_a_young_database_previews_nothing_and_says_so(write, engine):
    await write(burst(NOW, 20))
    with engine.connect() as connection:
        tried = preview(connection, Rule(name="r", kind="criticism", scope="own"), NOW)
        assert (tried.found, tried.short) == ((), True)
        assert tried.since > tried.until
        empty = preview(connection, Rule(name="r", kind="silence", scope="any"), NOW)
        assert (empty.subjects, empty.found) == (0, ())


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        # Figures of the weeks that were pruned are kept, so brands are still compared with all eight.
        ({"kind": "criticism", "scope": "brand", "brand": "VMware"}, 8),
        ({"kind": "silence", "scope": "any"}, 8),
        # A query is asked of mentions: weeks that have none left say nothing of what is usual.
        ({"kind": "theme", "scope": "any", "query": "VMware"}, 5),
        ({"kind": "theme", "scope": "own", "query": "VMware"}, 5),
    ],
)
async def test_weeks_that_were_pruned_are_known_by_their_figures_only(write, engine, asked, known):
    await write(weeks(NOW))
    pruning = Pruning(engine, NOW.replace(hour=0, minute=0) - timedelta(weeks=5, days=2))
    pruning.begin()
    assert pruning.run().finished
    day = (UNTIL - 24 * HOUR, UNTIL)
    with engine.connect() as connection:
        (found,) = load(
            connection, Rule(name="r", **asked), [(day[0] - 8 * 168 * HOUR, UNTIL)], 60, whole=True
        )
    assert found.before(*day) == [(3, 3)] * known
