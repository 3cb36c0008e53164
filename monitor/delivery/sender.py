"""Sends each scheduled report once to each recipient: on time, late after an outage, and never twice."""

import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy import Connection, Engine

from monitor.delivery import ledger
from monitor.delivery.messages import report_message
from monitor.delivery.recipients import Outcome, Recipient
from monitor.delivery.schedule import Period, Schedule
from monitor.reports.filters import Filter
from monitor.storage.pictures import PictureStore

_log = structlog.get_logger(__name__)


class ReportSender:
    """Looks what is due and sends it. Any number of processes may do so at once: the database keeps order.

    Only the latest report is made up for: after three weeks of silence nobody wants three reports at once.
    The message says how many were left out.
    """

    def __init__(
        self,
        engine: Engine,
        store: PictureStore,
        schedule: Schedule,
        recipients: Sequence[Recipient],
        attach: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self._store = store
        self._schedule = schedule
        self._recipients = recipients
        self._attach = attach
        self._clock = clock
        self._doubtful: set[tuple[str, datetime]] = set()

    def send_due(self) -> list[Outcome]:
        """Send what is due and not sent yet; the outcomes, empty where there was nothing to do.

        Blocks while the report is made and handed over. Raises what the database raises; nothing is lost
        then, the next look finds the same report due.
        """
        due = self._schedule.latest_due(self._clock())
        period = self._schedule.period(due)
        with ledger.sole_sender(self._engine) as connection:
            if connection is None:
                return []  # another process is at it
            waiting = [each for each in self._recipients if self._waits(connection, each, period, due)]
            if not waiting:
                return []
            missed = max(self._missed(connection, each, due) for each in waiting)
            return self._send(connection, waiting, period, due, missed)

    def _waits(self, connection: Connection, recipient: Recipient, period: Period, due: datetime) -> bool:
        row = ledger.delivery(connection, recipient.name, period)
        if row is None:
            if ledger.last_due(connection, recipient.name) is not None:
                return True
            ledger.skip(connection, recipient.name, period, due)
            following = self._schedule.next_due(due)
            _log.info("new recipient", recipient=recipient.name, first_report=following.isoformat())
            return False
        if row.state == "sending" and (recipient.name, due) not in self._doubtful:
            self._doubtful.add((recipient.name, due))
            _log.warning(
                "a report may not have arrived; `brand-monitor report --send now` sends it again",
                recipient=recipient.name,
                due_at=due.isoformat(),
                why=row.detail or "the process ended while it was sent",
            )
        return row.retry_at is not None and row.retry_at <= self._clock()

    def _missed(self, connection: Connection, recipient: Recipient, due: datetime) -> int:
        before = ledger.last_due(connection, recipient.name)
        return 0 if before is None else max(0, len(self._schedule.due_between(before, due)) - 1)

    def _send(
        self,
        connection: Connection,
        waiting: Sequence[Recipient],
        period: Period,
        due: datetime,
        missed: int,
    ) -> list[Outcome]:
        outcomes = []
        with tempfile.TemporaryDirectory(prefix="brand-monitor-report-") as folder:
            message = report_message(
                self._engine,
                self._store,
                Filter(period.since, period.until),
                self._attach,
                Path(folder),
                self._clock(),
                missed,
            )
            for recipient in waiting:
                if not ledger.claim(connection, recipient.name, period, due, self._clock()):
                    continue
                receipt = recipient.send(message)
                # Unknown stays `sending`: it may have arrived, and twice is worse than late.
                state = "sending" if receipt.outcome is Outcome.UNKNOWN else receipt.outcome.value
                ledger.settle(connection, recipient.name, period, state, self._clock(), receipt.detail)
                log = _log.info if receipt.outcome is Outcome.SENT else _log.error
                log(
                    f"report {receipt.outcome.value}",
                    recipient=recipient.name,
                    since=period.since.isoformat(),
                    until=period.until.isoformat(),
                    detail=receipt.detail or None,
                )
                outcomes.append(receipt.outcome)
        return outcomes
