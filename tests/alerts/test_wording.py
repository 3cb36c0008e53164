"""What alerts say: the effect first, hostile names harmless, a link that finds the mentions."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from monitor.alerts.findings import EVERY_SOURCE, Finding
from monitor.alerts.rules import Rule
from monitor.alerts.wording import gathered, link, message, sureness, title
from monitor.messages import Alert

UNTIL = datetime(2026, 3, 9, 10, tzinfo=UTC)


def found(
    observed: int, expected: float | None = None, subject: str = "Acme", hours: int = 24, **more
) -> Finding:
    since = UNTIL - timedelta(hours=hours)
    return Finding(
        subject=subject, brand="Acme", since=since, until=UNTIL, observed=observed, expected=expected, **more
    )


@pytest.mark.parametrize(
    ("kind", "told", "says"),
    [
        ("volume-up", found(44, 10), "Acme: 44 mentions in 24 hours, ×4.4 the usual 10"),
        ("competitor", found(1, 0.0625), "Acme: 1 mention in 24 hours, usually none"),
        ("volume-up", found(5000, 1), "Acme: 5,000 mentions in 24 hours, usually 1"),
        ("volume-down", found(3, 40.2), "Acme: only 3 mentions in 24 hours, usually 40"),
        ("criticism", found(1, 0.3), "Acme: 1 negative text in 24 hours, usually none"),
        ("criticism", found(61, 12.4), "Acme: 61 negative texts in 24 hours, ×4.9 the usual 12"),
        (
            "negative-share",
            found(27, 6, share=27 / 44, usual_share=0.13),
            "Acme: 61% of the texts are negative, usually 13%",
        ),
        ("silence", found(0, 40, "forum", 6), "forum is silent: no mention in 6 hours, usually 40"),
        (
            "silence",
            found(0, 90, EVERY_SOURCE),
            "Nothing came from any source in 24 hours, usually 90 mentions",
        ),
        ("reach", found(1), "Acme: 1 mention by an author who reaches 1,000 people or more"),
        ("reach", found(2), "Acme: 2 mentions by authors who reach 1,000 people or more"),
    ],
)
def test_a_title_tells_the_effect(kind, told, says):
    assert title(Rule(name="r", kind=kind, scope="own", reach=1_000), told) == says


def test_a_query_is_named_beside_the_brand():
    rule = Rule(name="r", kind="theme", scope="brand", brand="Acme", query="outage OR <down>")
    assert title(rule, found(8, 0.1)) == "Acme, “outage OR ‹down›”: 8 mentions in 24 hours, usually none"


def alert(**changes) -> Alert:
    made = Alert(
        id=7,
        rule="Much talk",
        rule_id=3,
        kind="criticism",
        subject="Acme",
        brand="Acme",
        since=UNTIL - timedelta(days=1),
        until=UNTIL,
        observed=61,
        expected=12.4,
        baseline_windows=8,
        p_value=2e-9,
        title="Acme: 61 negative texts in 24 hours, ×4.9 the usual 12",
        cause="41 of 61 posts speak of “outage”",
        raised_at=UNTIL,
    )
    return msgspec.structs.replace(made, **changes)


def test_a_message_says_what_why_how_sure_and_where():
    zone = ZoneInfo("Europe/Berlin")
    raised = alert()
    raised = msgspec.structs.replace(raised, link=link("https://b.example", raised, zone))
    told = message(raised, "https://b.example", zone, synthetic=True)
    assert told.title == f"SYNTHETIC DATA: {raised.title}"
    assert told.urgent
    what, where = told.body.split("\n\n")
    assert what == (
        "61 negative texts; the same hours of the 8 weeks before had 12 on average. Published from "
        "2026-03-08 11:00 to 2026-03-09 11:00 (Europe/Berlin). 41 of 61 posts speak of “outage”. By chance "
        "alone it would look like this on one of 10,000,000 such days, or fewer."
    )
    assert where.splitlines() == [
        "What they say: https://b.example/mentions?since=2026-03-08&until=2026-03-09&brand=Acme&label=negative",
        "From the alert “Much talk”; change it: https://b.example/alerts/3",
    ]


def test_without_an_address_of_the_pages_there_is_no_link():
    told = message(alert(), None, UTC, synthetic=False)
    assert "http" not in told.body
    assert "on the page Alerts" in told.body


def test_where_every_source_is_silent_the_service_is_suspected():
    told = message(alert(kind="silence", subject=EVERY_SOURCE, brand=None), None, UTC, synthetic=False)
    assert "The service itself may stand still" in told.body


@pytest.mark.parametrize(
    ("p_value", "words"), [(None, ""), (1e-4, "10,000 such"), (2.2e-3, "500 such"), (0.0, "10,000,000 such")]
)
def test_how_sure_it_is_is_told_in_plain_words(p_value, words):
    assert words in sureness(p_value)


def test_several_alerts_are_one_message():
    one, other = (message(alert(title=name), None, UTC, synthetic=False) for name in ("First", "Second"))
    told = gathered([one, other])
    assert told.title == "2 alerts: First"
    assert told.body.startswith("- First\n- Second\n")
    assert gathered([one]) == one
