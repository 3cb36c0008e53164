"""Watches our brands for sudden criticism: each alert once in the database, on Kafka, and with people."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Connection, Engine, select, update
from sqlalchemy.dialects.postgresql import insert

from monitor.delivery import ledger
from monitor.delivery.recipients import Message, Outcome, Recipient
from monitor.messages import Alert, encode
from monitor.reports.quality import is_synthetic
from monitor.reports.spikes import Spike, negative_spike, negative_stories
from monitor.reports.wording import counted, minute
from monitor.settings import Settings
from monitor.storage.alert_tables import alert
from monitor.storage.tables import brand
from monitor.stream.clients import kafka_faults, open_producer

_log = structlog.get_logger(__name__)

RULE: Final = "negative-spike"

_SETTLE: Final = timedelta(minutes=10)
"""An hour is looked at this long after its end: what was published in it has arrived by then."""

_MOST_TRIES: Final = 5
"""Looks at which a refused message is tried; then people hear of it from the topic or the next report."""


class Alarm:
    """Looks once an hour. Any number of processes may do so at once: the database keeps order.

    A brand that raised an alert is left alone for 24 hours: its window would hold the same texts.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        recipients: Sequence[Recipient],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._recipients = recipients
        self._clock = clock
        self._looked_at: datetime | None = None
        self._unsent: list[tuple[Recipient, Message, int]] = []

    def look(self) -> None:
        """Raise what is due, send and publish what is not yet. Blocks; raises what database and Kafka do."""
        until = (self._clock() - _SETTLE).replace(minute=0, second=0, microsecond=0)
        with ledger.sole_sender(self._engine) as connection:
            if connection is None:
                return  # another process is at it
            if until != self._looked_at:
                self._raise(connection, until)
                self._looked_at = until
            self._send(connection)
            self._publish(connection)

    def _raise(self, connection: Connection, until: datetime) -> None:
        own = connection.execute(select(brand.c.id, brand.c.name).where(brand.c.own)).all()
        for id, name in own:
            last = select(alert.c.id).where(alert.c.brand_id == id, alert.c.until > until - timedelta(days=1))
            if connection.execute(last.limit(1)).first() is not None:
                continue
            spike = negative_spike(connection, name, until)
            if spike is not None:
                _log.warning("sudden criticism", brand=name, observed=spike.observed, expected=spike.expected)
                connection.execute(insert(alert).values(_row(id, spike)).on_conflict_do_nothing())

    def _send(self, connection: Connection) -> None:
        """Handed to people once: marked before it leaves, refused ones kept here and tried again."""
        claimed = (
            update(alert).where(alert.c.sent_at.is_(None)).values(sent_at=self._clock()).returning(alert.c.id)
        )
        raised = connection.execute(claimed).scalars().all()
        for each in (_alert(connection, id) for id in raised):
            stories = negative_stories(connection, each.brand, each.since, each.until)
            message = alert_message(each, stories, synthetic=is_synthetic(connection))
            self._unsent += [(recipient, message, 1) for recipient in self._recipients]
        waiting, self._unsent = self._unsent, []
        for recipient, message, tries in waiting:
            receipt = recipient.send(message)
            if receipt.outcome is Outcome.SENT:
                _log.info("alert sent", recipient=recipient.name)
                continue
            _log.error("alert not sent", recipient=recipient.name, tries=tries, detail=receipt.detail)
            if receipt.outcome is Outcome.FAILED and tries < _MOST_TRIES:
                self._unsent.append((recipient, message, tries + 1))

    def _publish(self, connection: Connection) -> None:
        """At least once: a process that dies before the mark publishes again."""
        waiting = connection.execute(select(alert.c.id).where(alert.c.published_at.is_(None))).scalars().all()
        if not waiting:
            return
        asyncio.run(_to_kafka(self._settings, [_alert(connection, id) for id in waiting]))
        connection.execute(update(alert).where(alert.c.id.in_(waiting)).values(published_at=self._clock()))


def alert_message(raised: Alert, stories: int, *, synthetic: bool) -> Message:
    """An alert in words, in UTC; no text of a publisher's in it. `stories`: without copies."""
    since, until = minute(raised.since), minute(raised.until)
    made_up = "SYNTHETIC DATA: " if synthetic else ""
    told = f" ({counted(stories, 'story')}, the others are copies)" if 0 < stories < raised.observed else ""
    return Message(
        title=f"{made_up}Sudden criticism of {raised.brand}: {raised.observed:,} negative texts in 24 hours",
        body=f"{raised.observed:,} negative texts about {raised.brand} were published between {since} and "
        f"{until} UTC{told}; the same hours of the {raised.baseline_windows} weeks before had "
        f"{raised.expected:.1f} on average. By chance alone as many come with a probability of "
        f"{max(raised.p_value, 1e-12):.1g}.\n\n"
        f"What they say: brand-monitor report --since {raised.since.date()} --brand {raised.brand!r}",
        urgent=True,
    )


async def _to_kafka(settings: Settings, alerts: Sequence[Alert]) -> None:
    async with open_producer(settings) as producer:
        with kafka_faults(settings):
            for each in alerts:
                await producer.send_and_wait(
                    settings.topic("alerts"), value=encode(each), key=each.brand.encode()
                )


def _row(brand_id: int, spike: Spike) -> dict[str, object]:
    return {
        "rule": RULE,
        "brand_id": brand_id,
        "since": spike.since,
        "until": spike.until,
        "observed": spike.observed,
        "expected": spike.expected,
        "baseline_windows": spike.baseline_windows,
        "p_value": spike.p_value,
    }


def _alert(connection: Connection, id: int) -> Alert:
    row = connection.execute(
        select(
            alert.c.rule,
            brand.c.name.label("brand"),
            alert.c.since,
            alert.c.until,
            alert.c.observed,
            alert.c.expected,
            alert.c.baseline_windows,
            alert.c.p_value,
            alert.c.raised_at,
        )
        .join(brand, brand.c.id == alert.c.brand_id)
        .where(alert.c.id == id)
    ).one()
    return Alert(**row._asdict())
