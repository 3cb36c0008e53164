"""Sends each scheduled report once to each recipient: on time, late after an outage, and never twice."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import structlog
from sqlalchemy import Connection, Engine

from monitor.delivery import ledger
from monitor.delivery.messages import no_report, report_message
from monitor.delivery.recipients import Message, Outcome, Receipt
from monitor.delivery.schedule import Period, Schedule
from monitor.errors import OutageError, SetupError
from monitor.reports.asked import read_address
from monitor.storage.faults import translated
from monitor.storage.pictures import PictureStore

_log = structlog.get_logger(__name__)

_MOST_ATTEMPTS = 3
"""To make a report: after three minutes its recipients are told that it cannot be made."""


class Receiver(Protocol):
    """Somebody who gets a report: a `Recipient`, or a `Subscriber`."""

    @property
    def name(self) -> str:
        """Without secrets: what the ledger knows them by."""
        ...

    def send(self, message: Message) -> Receipt:
        """Hand the message over; blocks, and never raises for a service that is away."""
        ...


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What is sent when and to whom."""

    times: Schedule
    recipients: Sequence[Receiver]
    view: str = "/"
    """A page's address without days, as `monitor.reports.asked.Asked.address` writes it."""
    subscription: int | None = None
    """Row of table `subscription`; None: what the settings schedule."""
    named_at: datetime | None = None
    """From when on reports are sent; None: from when the recipient is first met."""

    def named_before(self, due: datetime) -> bool:
        """Whether what is due then is to be sent even if nothing was before."""
        return self.named_at is not None and self.named_at < due


class ReportSender:
    """Looks what is due and sends it. Any number of processes may do so at once: the database keeps order.

    Only the latest report is made up for: after three weeks of silence nobody wants three reports at once.
    The message says how many were left out.
    """

    def __init__(
        self,
        engine: Engine,
        store: PictureStore,
        dispatches: Callable[[Connection], Sequence[Dispatch]],
        attach: str,
        site: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`dispatches` is asked at every look; `attach` as in `report_message`; `site` is where the pages are
        reached, for the link to them."""
        self._engine = engine
        self._store = store
        self._dispatches = dispatches
        self._attach = attach
        self._site = site
        self._clock = clock
        self._doubtful: set[tuple[int | None, str, datetime]] = set()

    def send_due(self) -> list[Outcome]:
        """Send what is due and not sent yet; the outcomes, empty where there was nothing to do.

        Blocks while reports are made and handed over. Raises what the database raises; nothing is lost then,
        the next look finds the same reports due.
        """
        with ledger.sole_sender(self._engine) as connection:
            if connection is None:
                return []  # another process is at it
            return [
                outcome
                for dispatch in self._dispatches(connection)
                for outcome in self._send_if_due(connection, dispatch)
            ]

    def _send_if_due(self, connection: Connection, dispatch: Dispatch) -> list[Outcome]:
        due = dispatch.times.latest_due(self._clock())
        waiting = [each for each in dispatch.recipients if self._waits(connection, dispatch, each, due)]
        if not waiting:
            return []
        missed = max(self._missed(connection, dispatch, each, due) for each in waiting)
        return self._send(connection, dispatch, waiting, due, missed)

    def _waits(self, connection: Connection, dispatch: Dispatch, recipient: Receiver, due: datetime) -> bool:
        period, subscription = dispatch.times.period(due), dispatch.subscription
        row = ledger.delivery(connection, recipient.name, period, subscription)
        if row is None:
            before = ledger.last_due(connection, recipient.name, subscription)
            if before is not None or dispatch.named_before(due):
                return True
            ledger.skip(connection, recipient.name, period, due, subscription)
            following = dispatch.times.next_due(due)
            _log.info("new recipient", recipient=recipient.name, first_report=following.isoformat())
            return False
        doubt = (subscription, recipient.name, due)
        if row.state == "sending" and doubt not in self._doubtful:
            self._doubtful.add(doubt)
            _log.warning(
                "a report may not have arrived; `brand-monitor report --send now` sends it again",
                recipient=recipient.name,
                due_at=due.isoformat(),
                why=row.detail or "the process ended while it was sent",
            )
        return row.retry_at is not None and row.retry_at <= self._clock()

    def _missed(self, connection: Connection, dispatch: Dispatch, recipient: Receiver, due: datetime) -> int:
        before = ledger.last_due(connection, recipient.name, dispatch.subscription) or dispatch.named_at
        return 0 if before is None else max(0, len(dispatch.times.due_between(before, due)) - 1)

    def _send(
        self,
        connection: Connection,
        dispatch: Dispatch,
        waiting: Sequence[Receiver],
        due: datetime,
        missed: int,
    ) -> list[Outcome]:
        period = dispatch.times.period(due)
        outcomes = []
        with tempfile.TemporaryDirectory(prefix="brand-monitor-report-") as folder:
            message = self._message(dispatch, period, Path(folder), missed)
            for recipient in waiting:
                now, whose = self._clock(), dispatch.subscription
                if not ledger.claim(connection, recipient.name, period, due, now, whose):
                    continue
                receipt = self._hand_over(connection, dispatch, recipient, period, message)
                self._settle(connection, dispatch, recipient, period, receipt)
                outcomes.append(receipt.outcome)
        return outcomes

    def _message(self, dispatch: Dispatch, period: Period, folder: Path, missed: int) -> Message | None:
        """None where it cannot be made for another reason than an outage: the log says which."""
        try:
            with translated():
                return report_message(
                    self._engine,
                    self._store,
                    read_address(dispatch.view, period.since, period.until),
                    self._attach,
                    folder,
                    self._clock(),
                    missed,
                    site=self._site,
                )
        except (OutageError, SetupError):
            raise
        except Exception:
            _log.exception("report could not be made", view=dispatch.view, since=period.since.isoformat())
            return None

    def _hand_over(
        self,
        connection: Connection,
        dispatch: Dispatch,
        recipient: Receiver,
        period: Period,
        message: Message | None,
    ) -> Receipt:
        """Without a message it is tried again; in the end the recipient is told that there is none."""
        if message is None:
            row = ledger.delivery(connection, recipient.name, period, dispatch.subscription)
            if row is None or row.attempts < _MOST_ATTEMPTS:
                return Receipt(Outcome.FAILED, "it could not be made; the log of the schedule says why")
            message = no_report(dispatch.view, period.since, period.until, self._site)
        return recipient.send(message)

    def _settle(
        self,
        connection: Connection,
        dispatch: Dispatch,
        recipient: Receiver,
        period: Period,
        receipt: Receipt,
    ) -> None:
        # Unknown stays `sending`: it may have arrived, and twice is worse than late.
        state = "sending" if receipt.outcome is Outcome.UNKNOWN else receipt.outcome.value
        ledger.settle(
            connection,
            recipient.name,
            period,
            state,
            self._clock(),
            receipt.detail,
            dispatch.subscription,
        )
        log = _log.info if receipt.outcome is Outcome.SENT else _log.error
        log(
            f"report {receipt.outcome.value}",
            view=dispatch.view,
            recipient=recipient.name,
            since=period.since.isoformat(),
            until=period.until.isoformat(),
            detail=receipt.detail or None,
        )
