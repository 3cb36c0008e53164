"""What becomes of alerts at their recipients: sent once, held, gathered, refused, dropped."""

from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from monitor.alerts import raising, store
from monitor.alerts.delivering import deliver
from monitor.alerts.raising import raise_due
from monitor.alerts.reading import history
from monitor.delivery import ledger
from monitor.delivery.recipients import Recipient
from monitor.settings import load_settings
from monitor.storage.alert_tables import alert, alert_delivery, alert_recipient, alert_rule
from tests.alerts.conftest import NOW, UNTIL, Said, burst, weeks


@pytest.fixture
def tell(engine, web_hook):
    """Looks and sends as the service does at a moment; the web hook is the default recipient."""

    def look(at=NOW, hosts="127.0.0.1") -> None:
        recipients = [Recipient(web_hook.url)]
        settings = load_settings(recipient_hosts=hosts)
        with ledger.sole_sender(engine) as connection:
            hour = at.replace(minute=0, second=0, microsecond=0)
            raise_due(engine, hour, at, [each.name for each in recipients])
            deliver(connection, settings, recipients, at)

    return look


def states(engine) -> list[tuple[str, str | None, int]]:
    query = select(alert_delivery.c.state, alert_delivery.c.held, alert_delivery.c.attempts)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(alert_delivery.c.alert_id))]


def test_a_usual_day_raises_nothing(bad_day, engine, web_hook, tell):
    tell(NOW - timedelta(days=3))
    assert web_hook.got == []
    with engine.connect() as connection:
        assert connection.execute(select(alert)).all() == []
        assert connection.execute(select(alert_rule.c.looked_at)).scalar_one() == UNTIL - timedelta(days=3)


def test_a_refused_message_is_tried_again_ever_later_and_then_given_up(bad_day, engine, web_hook, tell):
    web_hook.status = 503
    at = NOW
    tell(at)
    tell(at + timedelta(seconds=50))
    assert states(engine) == [("failed", None, 1)]
    for _ in range(20):
        at += timedelta(minutes=61)
        tell(at)
    assert states(engine) == [("given-up", None, 10)]
    assert len(web_hook.got) == 10
    with engine.connect() as connection:
        (told,) = history(connection, None, NOW.tzinfo)
    assert "503" in told.deliveries[0].detail


async def test_quiet_hours_hold_alerts_and_then_send_them_together(write, keep, engine, web_hook, tell):
    # 09:00 to 13:30 UTC
    quiet = {"quiet_from": time(10), "quiet_until": time(14, 30), "zone": "Europe/Berlin"}
    await write([*weeks(NOW), *burst(NOW, 27)])
    for kind in ("criticism", "volume-up"):
        keep(name=f"On {kind}", kind=kind, scope="own", **quiet)
    tell()
    assert states(engine) == [("waiting", "quiet", 0)] * 2
    assert web_hook.got == []
    tell(NOW.replace(hour=13, minute=29))
    assert web_hook.got == []
    tell(NOW.replace(hour=13, minute=31))
    assert states(engine) == [("sent", "quiet", 1)] * 2
    (message,) = web_hook.got
    assert message["title"].startswith("2 alerts: VMware: 30 ")
    assert "On criticism" in message["message"]
    assert "On volume-up" in message["message"]


def test_a_recipient_taken_off_meanwhile_gets_nothing(bad_day, keep, engine, web_hook, tell):
    rule = keep(
        kind="criticism", scope="own", to_default=False, quiet_from=time(10), quiet_until=time(11), zone="UTC"
    )
    with engine.begin() as connection:
        store.add_recipient(connection, rule, "json://a", web_hook.url, "ann")
    tell()
    with engine.begin() as connection:
        store.remove_recipient(
            connection, rule, connection.execute(select(alert_recipient.c.id)).scalar_one()
        )
    tell(NOW + timedelta(hours=2))
    assert states(engine) == [("dropped", "quiet", 1)]
    assert web_hook.got == []


def test_a_recipient_of_the_page_is_sent_to_and_the_secret_is_nowhere_else(
    bad_day, keep, engine, web_hook, tell
):
    rule = keep(kind="criticism", scope="own", to_default=False)
    with engine.begin() as connection:
        store.add_recipient(connection, rule, "json://user:****@127.0.0.1/", web_hook.url, "ann")
    tell()
    assert len(web_hook.got) == 1
    with engine.connect() as connection:
        for table in ("alert", "alert_rule", "alert_delivery"):
            stored = connection.execute(
                text(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} AS t")
            )
            assert "secret" not in stored.scalar()


def test_an_address_that_leads_inside_the_house_meanwhile_is_not_sent_to(
    bad_day, keep, engine, web_hook, tell
):
    rule = keep(kind="criticism", scope="own", to_default=False)
    with engine.begin() as connection:
        store.add_recipient(connection, rule, "json://a", web_hook.url, "ann")
    tell(hosts="")
    assert web_hook.got == []
    assert states(engine) == [("failed", None, 1)]


def test_a_rule_that_cannot_be_looked_at_keeps_no_other_from_it(bad_day, engine, web_hook, tell):
    with engine.begin() as connection:
        broken = alert_rule.insert().values(
            name="Broken",
            kind="theme",
            scope="any",
            query="((",
            sensitivity="clear",
            cool_down=24,
            zone="UTC",
        )
        connection.execute(broken)
    tell()
    assert len(web_hook.got) == 1
    with engine.connect() as connection:
        problems = {each.name: each.problem for each in store.rules(connection)}
    assert problems["Sudden criticism of our brands"] is None
    assert "line 1" in problems["Broken"]


async def test_an_alert_forgets_the_author_with_what_they_said(write, engine, tell):
    widest = Said(NOW - timedelta(hours=4), author="Bob", reach=900)
    await write([*weeks(NOW), *burst(NOW, 27, author="Ann"), widest])
    tell()
    with engine.begin() as connection:
        words = connection.execute(select(alert.c.cause)).scalar_one()
        assert "are by Ann" in words
        assert "Bob" not in words
        connection.execute(text("DELETE FROM mention WHERE author = 'Ann'"))
        row = connection.execute(select(alert.c.cause, alert.c.first_mention_id)).one()
    assert tuple(row) == (None, None)


@pytest.mark.parametrize("widest", ["Ann", "Bob", "Eve"])
@pytest.mark.parametrize("most", ["Ann", "Bob"])
@pytest.mark.parametrize("key", [7, None])
async def test_words_of_a_cause_name_one_author_and_go_with_what_they_said(
    write, engine, tell, key, most, widest
):
    said = [
        Said(NOW - timedelta(hours=4), author="Bob", key=key),
        *burst(NOW, 27, author=most, key=key),
        Said(NOW - timedelta(hours=1), author=widest, reach=5_000_000),
    ]
    await write([*weeks(NOW), *said])
    tell()
    first = "Bob" if key is not None else most
    with engine.begin() as connection:
        words = connection.execute(select(alert.c.cause)).scalar_one()
        assert [name for name in ("Ann", "Bob", "Eve") if name in words] == [first]
        assert ("are by" in words) is (most == first)
        assert ("most people" in words) is (widest == first)
        connection.execute(text("DELETE FROM mention WHERE author = :first"), {"first": first})
        assert connection.execute(select(alert.c.cause)).scalar_one() is None


async def test_an_author_who_is_forgotten_while_a_cause_is_looked_for_is_named_by_nobody(
    write, engine, tell, monkeypatch
):
    await write([*weeks(NOW), *burst(NOW, 27, author="Ann")])
    look = raising._why

    def and_forgotten(*asked: Any) -> Any:
        why = look(*asked)
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM mention WHERE author = 'Ann'"))
        return why

    monkeypatch.setattr(raising, "_why", and_forgotten)
    tell()
    with engine.connect() as connection:
        assert connection.execute(select(alert.c.cause, alert.c.first_mention_id)).one() == (None, None)


async def test_of_a_cause_that_names_the_widest_author_alone_the_words_go_with_that_post(write, engine, tell):
    said = [*burst(NOW, 27, source="news"), Said(NOW - timedelta(hours=1), author="Eve", reach=5_000_000)]
    await write([*weeks(NOW), *said])
    tell()
    with engine.begin() as connection:
        assert "most people may have read Eve" in connection.execute(select(alert.c.cause)).scalar_one()
        connection.execute(text("DELETE FROM mention WHERE author = 'Eve'"))
        assert connection.execute(select(alert.c.cause)).scalar_one() is None


async def test_where_nothing_comes_at_all_that_is_told_once_and_not_every_hour(write, keep, web_hook, tell):
    await write(
        [
            Said(NOW - timedelta(days=day, hours=hour), source=source)
            for source in ("forum", "news")
            for day in range(1, 43)
            for hour in range(1, 24)
        ]
    )
    keep(kind="silence", scope="any")
    for hours in range(3):
        tell(NOW + timedelta(hours=hours))
    assert [each["title"].partition(",")[0] for each in web_hook.got] == [
        "Nothing came from any source in 24 hours"
    ]


async def test_an_alert_that_was_given_up_stops_no_other_that_waits_with_it(
    write, keep, engine, web_hook, tell
):
    await write([*weeks(NOW), *burst(NOW, 27)])
    quiet = {"quiet_from": time(10), "quiet_until": time(11), "zone": "UTC"}
    first, _ = (keep(name=kind, kind=kind, scope="own", **quiet) for kind in ("criticism", "volume-up"))
    tell()
    with engine.begin() as connection:
        store.end(connection, first, "ann")
    tell(NOW + timedelta(hours=1))
    assert states(engine) == [("dropped", "quiet", 1), ("sent", "quiet", 1)]
    (message,) = web_hook.got
    assert "volume-up" in message["message"]


def test_two_addresses_that_look_alike_without_their_secrets_are_two_recipients(keep, engine):
    rule = keep(kind="criticism", scope="own")
    with engine.begin() as connection:
        for address in ("json://u:one@a", "json://u:two@a", "json://u:one@a"):
            store.add_recipient(connection, rule, "json://u:****@a", address, "ann")
        assert store.addresses(connection, rule) == {
            "json://u:****@a": "json://u:one@a",
            "json://u:****@a (2)": "json://u:two@a",
        }
        reserved = ["slack://a...a"]
        shown = store.add_recipient(connection, rule, "slack://a...a", "slack://b", None, reserved)
        assert shown == "slack://a...a (2)"


def test_an_alert_that_is_changed_while_it_is_looked_at_is_looked_at_again(keep, engine):
    id = keep(kind="criticism", scope="own")
    with engine.begin() as connection:
        before = store.rule(connection, id)
    with engine.begin() as connection:
        store.pause(connection, id, "ann", paused=False)
        store.looked(connection, before, UNTIL, None)
        assert store.rule(connection, id).looked_at is None
        store.looked(connection, store.rule(connection, id), UNTIL, None)
        assert store.rule(connection, id).looked_at == UNTIL


async def test_the_author_with_the_widest_reach_is_named_and_calls_nobody(
    write, keep, engine, web_hook, tell
):
    said = [
        *burst(NOW, 1, author="bob", reach=40_000),
        *burst(NOW, 1, author="@channel <!here>\n\ufffe https://evil.example", reach=2_000_000),
    ]
    await write([*weeks(NOW), *said])
    keep(kind="reach", scope="own", reach=10_000)
    tell()
    (message,) = web_hook.got
    assert message["title"] == "VMware: 2 mentions by authors who reach 10,000 people or more"
    assert "evil.example (forum) reaches 2,000,000 people" in message["message"]
    for sign in ("@", "<", "://", "\ufffe"):
        assert sign not in message["message"]
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM mention WHERE author LIKE '%evil%'"))
        assert connection.execute(select(alert.c.cause)).scalar_one() is None
