"""How Faust is set up, and how its messages become records."""

from datetime import UTC, datetime
from typing import Any

import pytest
from faust.transport.drivers.aiokafka import server_list
from hypothesis import given
from hypothesis import strategies as st

from monitor.settings import Agents, load_settings
from monitor.stream.app import StreamApp
from monitor.stream.ledger import Ledger
from monitor.stream.metrics import Metrics
from monitor.stream.records import moment

nobody: Any = None
"""Asked at an assignment; there is none here."""


@pytest.mark.parametrize("agents", list(Agents))
async def test_every_bootstrap_server_reaches_faust(agents: Agents) -> None:
    settings = load_settings(kafka_url="kafka://a:1,b:2")
    app = StreamApp(settings, agents, {}, Ledger(), Metrics(), nobody, {})
    assert server_list(app.conf.broker_consumer, 9092) == settings.bootstrap_servers == ["a:1", "b:2"]


async def test_timeouts_fit_each_other() -> None:
    settings = load_settings(rebalance_timeout=120, session_timeout=45)
    conf = StreamApp(settings, Agents.ALL, {}, Ledger(), Metrics(), nobody, {}).conf
    assert conf.broker_request_timeout > conf.broker_rebalance_timeout == 120
    assert conf.broker_session_timeout == 3 * conf.broker_heartbeat_interval == 45
    assert conf.consumer_max_fetch_size > settings.max_message_bytes


@given(st.one_of(st.none(), st.floats(allow_nan=False), st.integers(-(2**63), 2**63 - 1)))
def test_no_timestamp_a_publisher_may_set_stops_the_stream(seconds: float | None) -> None:
    assert datetime(1970, 1, 1, tzinfo=UTC) <= moment(seconds) <= datetime(9999, 12, 31, tzinfo=UTC)


def test_a_sound_timestamp_is_kept() -> None:
    assert moment(1772357400.5) == datetime(2026, 3, 1, 9, 30, 0, 500_000, tzinfo=UTC)
