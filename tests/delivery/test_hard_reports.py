"""Reports that are hard to make: the schedule goes on, and tells people what it could not make."""

import io
import threading
from datetime import UTC, datetime, timedelta

import pytest
from pypdf import PdfReader
from sqlalchemy import select
from structlog.testing import capture_logs

from monitor.delivery import ledger, read_schedule
from monitor.delivery.recipients import Outcome, Recipient
from monitor.delivery.sender import Dispatch, ReportSender
from monitor.delivery.service import attempt, serve
from monitor.errors import OutageError
from monitor.reports.renderer import Renderer
from monitor.storage.subscription_tables import report_delivery
from tests import hostile

SCHEDULE = read_schedule("Monday 08:00 Europe/Berlin")
SUNDAY = datetime(2026, 3, 29, 12, tzinfo=UTC)
MONDAY = datetime(2026, 3, 30, 6, 1, tzinfo=UTC)


@pytest.fixture
def sender(engine, store):
    """Makes a sender; the last of `at` is now."""

    def make(at: list[datetime], url: str, attach: str = "", view: str = "/") -> ReportSender:
        dispatch = Dispatch(SCHEDULE, [Recipient(url)], view=view)
        return ReportSender(engine, store, lambda _: [dispatch], attach, clock=lambda: at[-1])

    return make


async def test_a_report_of_names_that_nobody_expects_arrives_whole(sender, mail_server, database):
    await hostile.write(database)
    now = [SUNDAY]
    running = sender(now, mail_server.url, attach="pdf html")
    running.send_due()
    now.append(MONDAY)
    with capture_logs() as logged:
        assert running.send_due() == [Outcome.SENT]
    assert [line for line in logged if line["log_level"] == "error"] == []
    (message,) = mail_server.got
    made = {part.get_filename().rpartition(".")[2]: part for part in message.iter_attachments()}
    page = made["html"].get_content()
    assert page.count("<svg") >= 1
    assert "could not be drawn" not in page
    pdf = PdfReader(io.BytesIO(made["pdf"].get_content()))
    assert len(pdf.pages) <= 6, "a name of 2,000 characters is cut"
    said = " ".join(each.extract_text() for each in pdf.pages)
    assert "could not be drawn" not in said
    assert "W" * 100 not in said.replace("\u200b", "")


def test_a_file_that_cannot_be_made_is_left_out_and_the_message_says_so(sender, mail_server, monkeypatch):
    monkeypatch.setattr("monitor.reports.pdf.renderer", Renderer(seconds=0.001))
    now = [SUNDAY]
    running = sender(now, mail_server.url, attach="pdf html")
    running.send_due()
    now.append(MONDAY)
    with capture_logs() as logged:
        assert running.send_due() == [Outcome.SENT]
    assert sum(line["event"] == "file of a report could not be made" for line in logged) == 2
    (message,) = mail_server.got
    assert [part.get_filename().rpartition(".")[2] for part in message.iter_attachments()] == ["html"]
    body = message.get_body(("plain",)).get_content()
    assert "brand-report-2026-03-23-to-2026-03-29.pdf could not be made, tried twice" in " ".join(
        body.split()
    )


def test_a_report_that_cannot_be_made_is_tried_again_and_then_told_of(sender, web_hook, engine):
    now = [SUNDAY]
    running = sender(now, web_hook.url, view="/no-such-page")
    running.send_due()
    due = SCHEDULE.latest_due(MONDAY)
    names, period = [Recipient(web_hook.url).name], SCHEDULE.period(due)
    for minutes in (0, 1, 2, 3, 4):
        now.append(MONDAY + timedelta(minutes=minutes))
        running.send_due()
        with engine.connect() as connection:
            late = ledger.failed(connection, names, period)
        if minutes < 3:
            assert [why.partition(":")[2] for _, why in late] == [
                " it could not be made; the log of the schedule says why"
            ]
    assert late == []
    (message,) = web_hook.got
    assert message["title"] == "Brand report, 23 March 2026 to 29 March 2026: could not be made"
    assert "log of its schedule" in message["message"]
    with engine.connect() as connection:
        rows = connection.execute(select(report_delivery.c.state, report_delivery.c.attempts))
        assert sorted(map(tuple, rows)) == [("sent", 3), ("skipped", 0)]


class Panic(BaseException):
    """As libraries in Rust raise it: no Exception."""


@pytest.mark.parametrize(
    "fault",
    [ValueError("no"), KeyError("x"), RecursionError(), MemoryError(), Panic("no"), OutageError("away")],
)
def test_no_fault_of_one_duty_ends_the_schedule_or_holds_up_another(fault):
    done, stop = [], threading.Event()

    def failing() -> None:
        done.append("failing")
        raise fault

    with capture_logs() as logged:
        serve([("a", failing), ("b", lambda: done.append("b"))], stop, lambda: len(done) >= 4)
    assert done == ["failing", "b"] * 2
    assert [line["duty"] for line in logged if line["log_level"] == "error"] == ["a", "a"]
    assert not attempt("a", failing)
    assert attempt("b", lambda: None)


def test_a_person_who_stops_the_schedule_stops_it():
    def stopped() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt("a", stopped)
