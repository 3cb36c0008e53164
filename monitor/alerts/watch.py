"""What `brand-monitor schedule` does about alerts: looks at rules, sends what is due, publishes to Kafka."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, select, update

from monitor.alerts.delivering import deliver
from monitor.alerts.raising import raise_due
from monitor.alerts.reading import alerts
from monitor.delivery import ledger
from monitor.delivery.links import base_address
from monitor.delivery.recipients import Recipient
from monitor.messages import Alert, encode
from monitor.settings import Settings
from monitor.storage.alert_tables import alert
from monitor.stream.clients import kafka_faults, open_producer

_SETTLE: Final = timedelta(minutes=10)
"""An hour is looked at this long after its end: what was published in it has arrived by then."""


class AlertWatch:
    """Looks at each rule once an hour. Any number of processes may do so: the database keeps order."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        defaults: Sequence[Recipient],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`defaults` are the recipients in MONITOR_ALERT_TO."""
        self._engine = engine
        self._settings = settings
        self._defaults = defaults
        self._clock = clock

    def look(self) -> None:
        """Raise what is due, send and publish what is not yet. Blocks; raises what database and Kafka do."""
        with ledger.sole_sender(self._engine) as connection:
            if connection is None:
                return  # another process is at it
            until = (self._clock() - _SETTLE).replace(minute=0, second=0, microsecond=0)
            raise_due(self._engine, until, self._clock(), [each.name for each in self._defaults])
            deliver(connection, self._settings, self._defaults, self._clock())
            self._publish(connection)

    def _publish(self, connection: Connection) -> None:
        """At least once: a process that dies before the mark publishes again, under the same id."""
        waiting = connection.execute(select(alert.c.id).where(alert.c.published_at.is_(None))).scalars().all()
        if not waiting:
            return
        base, zone = base_address(self._settings), ZoneInfo(self._settings.web_zone)
        asyncio.run(_to_kafka(self._settings, alerts(connection, base, zone, waiting)))
        connection.execute(update(alert).where(alert.c.id.in_(waiting)).values(published_at=self._clock()))


async def _to_kafka(settings: Settings, raised: Sequence[Alert]) -> None:
    async with open_producer(settings) as producer:
        with kafka_faults(settings):
            for each in raised:
                await producer.send_and_wait(
                    settings.topic("alerts"), value=encode(each), key=each.subject.encode()
                )
