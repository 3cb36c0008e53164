"""Once, late after an outage, never twice: against a real database, mail server and web hook."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from monitor.delivery import ledger, read_schedule
from monitor.delivery.recipients import Outcome, Recipient
from monitor.delivery.sender import Dispatch, ReportSender
from monitor.storage.subscription_tables import report_delivery

SCHEDULE = read_schedule("Monday 08:00 Europe/Berlin")
SUNDAY = datetime(2026, 3, 8, 12, tzinfo=UTC)
MONDAY = datetime(2026, 3, 9, 7, 1, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture
def sender(engine, store):
    """Makes a sender as a process would at its start; `at` is a list whose last moment is now."""

    def make(at: list[datetime], *urls: str, attach: str = "") -> ReportSender:
        dispatch = Dispatch(SCHEDULE, [Recipient(url) for url in urls])
        return ReportSender(engine, store, lambda _: [dispatch], attach, clock=lambda: at[-1])

    return make


def states(engine) -> list[str]:
    with engine.connect() as connection:
        return list(
            connection.execute(select(report_delivery.c.state).order_by(report_delivery.c.due_at)).scalars()
        )


def test_a_new_recipient_waits_for_the_next_report_and_gets_it_once(sender, web_hook, engine):
    now = [SUNDAY]
    running = sender(now, web_hook.url)
    assert running.send_due() == []
    now.append(MONDAY)
    assert running.send_due() == [Outcome.SENT]
    assert running.send_due() == []
    assert sender(now, web_hook.url).send_due() == []  # after a restart
    now.append(MONDAY + timedelta(days=6))
    assert running.send_due() == []
    assert states(engine) == ["skipped", "sent"]
    (message,) = web_hook.got
    assert message["title"] == "Brand report, 2 March 2026 to 8 March 2026"
    assert message["message"].startswith("No mention was published in this period.")


def test_mail_arrives_with_the_report_attached(sender, mail_server):
    now = [SUNDAY]
    running = sender(now, mail_server.url, attach="pdf html")
    running.send_due()
    now.append(MONDAY)
    assert running.send_due() == [Outcome.SENT]
    (message,) = mail_server.got
    assert message["subject"] == "Brand report, 2 March 2026 to 8 March 2026"
    assert "marketing@example.com" in message["to"]
    files = {part.get_filename(): part.get_payload(decode=True) for part in message.iter_attachments()}
    assert set(files) == {
        "brand-report-2026-03-02-to-2026-03-08.pdf",
        "brand-report-2026-03-02-to-2026-03-08.html",
    }
    assert files["brand-report-2026-03-02-to-2026-03-08.pdf"].startswith(b"%PDF-")


def test_after_an_outage_the_latest_report_is_sent_once_and_says_what_was_left_out(sender, web_hook):
    now = [SUNDAY]
    sender(now, web_hook.url).send_due()
    now.append(MONDAY)
    sender(now, web_hook.url).send_due()
    now.append(MONDAY + 3 * WEEK + timedelta(days=2))  # Wednesday, after two Mondays nobody served
    assert sender(now, web_hook.url).send_due() == [Outcome.SENT]
    assert sender(now, web_hook.url).send_due() == []
    late = web_hook.got[-1]
    assert late["title"] == "Brand report, 23 March 2026 to 29 March 2026"
    assert "2 earlier reports were not sent" in late["message"]
    assert len(web_hook.got) == 2


def test_of_workers_that_look_at_the_same_moment_one_sends(sender, web_hook):
    now = [SUNDAY]
    sender(now, web_hook.url).send_due()
    now.append(MONDAY)
    workers = [sender(now, web_hook.url) for _ in range(4)]
    start = threading.Barrier(len(workers))

    def look(worker: ReportSender) -> list[Outcome]:
        start.wait()
        return worker.send_due()

    with ThreadPoolExecutor(len(workers)) as pool:
        outcomes = [outcome for each in pool.map(look, workers) for outcome in each]
    assert outcomes == [Outcome.SENT]
    assert len(web_hook.got) == 1


def test_a_refused_report_is_tried_again_after_a_minute_for_that_recipient_only(
    sender, web_hook, mail_server, engine
):
    now = [SUNDAY]
    running = sender(now, web_hook.url, mail_server.url)
    running.send_due()
    web_hook.status = 503
    now.append(MONDAY)
    assert running.send_due() == [Outcome.FAILED, Outcome.SENT]
    now.append(MONDAY + timedelta(seconds=50))
    assert running.send_due() == []
    web_hook.status = 200
    now.append(MONDAY + timedelta(seconds=61))
    assert running.send_due() == [Outcome.SENT]
    assert len(mail_server.got) == 1
    with engine.connect() as connection:
        rows = {row.recipient: row for row in ledger.latest(connection) if row.state == "sent"}
    assert sorted(row.attempts for row in rows.values()) == [1, 2]


def test_a_report_cut_off_while_it_was_sent_is_not_sent_again(sender, web_hook, engine):
    now = [SUNDAY]
    sender(now, web_hook.url).send_due()
    now.append(MONDAY)
    due = SCHEDULE.latest_due(MONDAY)
    with engine.begin() as connection:  # as a process killed between claim and receipt leaves it
        assert ledger.claim(connection, Recipient(web_hook.url).name, SCHEDULE.period(due), due, MONDAY)
    now.append(MONDAY + timedelta(hours=5))
    assert sender(now, web_hook.url).send_due() == []
    assert web_hook.got == []
    assert states(engine) == ["skipped", "sending"]


def test_a_new_password_makes_no_new_recipient_and_no_secret_is_stored(sender, web_hook, engine):
    now = [SUNDAY]
    sender(now, web_hook.url).send_due()
    now.append(MONDAY)
    assert sender(now, web_hook.url.replace("secret", "changed")).send_due() == [Outcome.SENT]
    with engine.connect() as connection:
        stored = connection.execute(
            text("SELECT string_agg(d::text, ' ') FROM report_delivery AS d")
        ).scalar()
    assert "127.0.0.1" in stored
    assert "secret" not in stored
    assert "changed" not in stored
