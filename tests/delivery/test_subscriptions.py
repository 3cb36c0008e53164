"""Views that people have sent to them: each due one once, through restarts, whatever others become."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from monitor.delivery import read_schedule
from monitor.delivery.addresses import AddressError
from monitor.delivery.recipients import Outcome
from monitor.delivery.sender import ReportSender
from monitor.delivery.subscribers import Service, read_subscribers
from monitor.delivery.subscriptions import MOST, TooManyError, dispatches, stop, subscribe, subscriptions

SUNDAY = datetime(2026, 3, 8, 12, tzinfo=UTC)
MONDAY = datetime(2026, 3, 9, 7, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
WEEKLY = read_schedule("Monday 08:00 Europe/Berlin")
HERE = Service(SecretStr(""), hosts="127.0.0.1")


@pytest.fixture
def wish(engine):
    """Writes a subscription down; `at` is when somebody asked for it."""

    def make(view: str, *addresses: str, at: datetime = SUNDAY) -> int:
        names = {address: f"hook {place}" for place, address in enumerate(addresses)}
        with engine.begin() as connection:
            id = subscribe(connection, view=view, times=WEEKLY, recipients=names, by="ann")
            connection.execute(
                text("UPDATE subscription SET created_at = :at WHERE id = :id"), {"at": at, "id": id}
            )
        return id

    return make


@pytest.fixture
def process(engine, store):
    """Makes a sender as a process would at its start; `at` is a list whose last moment is now."""

    def make(at: list[datetime], service: Service = HERE) -> ReportSender:
        return ReportSender(
            engine,
            store,
            lambda connection: dispatches(connection, service),
            "",
            "https://brand.example.com",
            clock=lambda: at[-1],
        )

    return make


def test_a_view_is_sent_once_from_its_next_due_moment_on(wish, process, web_hook, engine):
    wish("/brand?name=VMware", web_hook.url)
    now = [SUNDAY]
    assert process(now).send_due() == []
    now.append(MONDAY)
    assert process(now).send_due() == [Outcome.SENT]
    assert process(now).send_due() == []  # after a restart
    now.append(MONDAY + WEEK)
    assert process(now).send_due() == [Outcome.SENT]
    first, second = web_hook.got
    assert first["title"] == "Brand: VMware, 2 March 2026 to 8 March 2026"
    assert "https://brand.example.com/brand?name=VMware&since=2026-03-02&until=2026-03-08" in first["message"]
    assert second["title"] == "Brand: VMware, 9 March 2026 to 15 March 2026"
    with engine.connect() as connection:
        (listed,) = subscriptions(connection)
    assert (listed.state, listed.due_at) == ("sent", WEEKLY.latest_due(MONDAY + WEEK))


def test_one_asked_for_just_before_it_is_due_is_sent(wish, process, web_hook):
    wish("/", web_hook.url, at=MONDAY - timedelta(minutes=2))
    assert process([MONDAY]).send_due() == [Outcome.SENT]
    wish("/mentions?q=outage", web_hook.url, at=MONDAY)
    assert process([MONDAY]).send_due() == []


def test_two_views_for_the_same_recipient_are_two_messages(wish, process, web_hook):
    wish("/", web_hook.url)
    wish("/compare", web_hook.url)
    assert process([MONDAY]).send_due() == [Outcome.SENT, Outcome.SENT]
    assert [each["title"].partition(",")[0] for each in web_hook.got] == ["Brand report", "Brands compared"]


def test_a_stopped_view_is_sent_no_more_and_its_address_forgotten(wish, process, web_hook, engine):
    id = wish("/", web_hook.url)
    with engine.begin() as connection:
        assert stop(connection, id, "bob", SUNDAY)
        assert not stop(connection, id, "bob", SUNDAY)
        assert connection.execute(text("SELECT addresses FROM subscription")).scalar_one() is None
        assert subscriptions(connection) == ()
    assert process([MONDAY]).send_due() == []
    assert web_hook.got == []


def test_somebody_who_cannot_be_reached_fails_in_words_and_delays_nobody(wish, process, web_hook, engine):
    wish("/", "ann@example.com")
    wish("/compare", web_hook.url)
    now = [MONDAY]
    assert process(now).send_due() == [Outcome.FAILED, Outcome.SENT]
    with engine.connect() as connection:
        found = {each.view: each for each in subscriptions(connection)}
    assert found["/"].state == "failed"
    assert "no mail server is set up" in str(found["/"].detail)
    assert found["/compare"].state == "sent"


def test_an_e_mail_address_goes_through_the_mail_server_of_the_reports(wish, process, mail_server):
    wish("/", "ann@example.com")
    service = Service(SecretStr(mail_server.url), hosts="")
    assert process([MONDAY], service).send_due() == [Outcome.SENT]
    (message,) = mail_server.got
    assert message["to"] == "ann@example.com"
    assert "reports@example.com" in message["from"]


def test_one_whose_address_is_read_no_more_holds_up_none_of_the_others(wish, process, web_hook, engine):
    inside, gone = "json://127.0.0.2/hook", "json://no-such-host.invalid/hook"
    wish("/", inside, web_hook.url, "nonsense", "ann@example.com", gone)
    assert process([MONDAY]).send_due() == [Outcome.FAILED, Outcome.SENT, *[Outcome.FAILED] * 3]
    later = MONDAY + timedelta(minutes=2)
    assert process([later], Service(SecretStr(""), "127.0.0.1, 127.0.0.2")).send_due() == [Outcome.FAILED] * 4
    assert len(web_hook.got) == 1
    with engine.connect() as connection:
        told = connection.execute(text("SELECT recipient, state, detail FROM report_delivery")).all()
    assert {row.recipient for row in told if row.state == "sent"} == {"hook 1"}
    assert not any("127.0.0.2/hook" in str(row.detail) for row in told)


def test_nobodys_host_is_looked_up_before_something_is_due(wish, process, web_hook, monkeypatch):
    def looked_up(*_: object) -> None:
        raise AssertionError("nothing is due")

    wish("/", "json://chat.example/hook", web_hook.url)
    with monkeypatch.context() as patched:
        patched.setattr("socket.getaddrinfo", looked_up)
        patched.setattr("apprise.Apprise.instantiate", looked_up)
        assert process([SUNDAY]).send_due() == []
    assert process([MONDAY]).send_due() == [Outcome.FAILED, Outcome.SENT]


def test_recipients_are_known_without_their_secrets(engine):
    service = Service(SecretStr("mailtos://u:hush@mail.example.com?to=all@example.com"), hosts="127.0.0.1")
    given = ("ann@example.com", "json://u:hidden1@127.0.0.1/x", "json://u:hidden2@127.0.0.1/x")
    found = read_subscribers(f"{given[0]}, {given[1]} {given[2]} {given[1]}", service)
    assert list(found) == list(given)
    with engine.begin() as connection:
        subscribe(connection, view="/", times=WEEKLY, recipients=found, by="ann")
        (listed,) = subscriptions(connection)
        (sent,) = dispatches(connection, service)
    hook = "json://u:****@127.0.0.1/x...x"
    assert listed.recipients == ("ann@example.com", hook, f"{hook} (2)")
    assert tuple(each.name for each in sent.recipients) == listed.recipients
    assert not any(secret in repr(sent) for secret in ("hush", "hidden"))


@pytest.mark.parametrize(
    "addresses", ["", " , ", "nobody", "ann@", "file:///etc/passwd", "json://127.0.0.2/x"]
)
def test_addresses_that_cannot_be_used_are_refused(addresses):
    with pytest.raises(AddressError):
        read_subscribers(addresses, HERE)


def test_there_is_an_end_to_how_many_are_sent(engine):
    with engine.begin() as connection:
        for _ in range(MOST):
            subscribe(connection, view="/", times=WEEKLY, recipients={"x": "x"}, by="ann")
        with pytest.raises(TooManyError):
            subscribe(connection, view="/", times=WEEKLY, recipients={"x": "x"}, by="ann")


def test_a_process_killed_while_it_sends_leaves_a_view_that_is_not_sent_twice(
    wish, process, web_hook, engine, tmp_path: Path
):
    """Killed for good: a child that never comes back from handing the message over."""
    import multiprocessing

    wish("/", web_hook.url)
    url = engine.url.render_as_string(hide_password=False)
    child = multiprocessing.get_context("spawn").Process(target=_hang, args=(url, str(tmp_path)))
    child.start()
    with engine.connect() as connection:
        while not connection.execute(
            text("SELECT count(*) FROM report_delivery WHERE state = 'sending'")
        ).scalar_one():
            connection.rollback()
            assert child.is_alive()
    child.kill()
    child.join()
    assert process([MONDAY]).send_due() == []
    assert web_hook.got == []
    with engine.connect() as connection:
        assert [each.state for each in subscriptions(connection)] == ["sending"]


def _hang(url: str, folder: str) -> None:
    """What a process does that is killed while a service takes the message."""
    import threading

    from monitor.delivery.recipients import Recipient
    from monitor.settings import load_settings
    from monitor.storage.engine import sync_engine
    from monitor.storage.pictures import PictureStore

    Recipient.send = lambda *_: threading.Event().wait()  # type: ignore[method-assign,assignment,return-value]
    engine = sync_engine(load_settings(database_url=url))
    ReportSender(
        engine,
        PictureStore(folder),
        lambda connection: dispatches(connection, HERE),
        "",
        clock=lambda: MONDAY,
    ).send_due()
