"""Embedded broker and database: real servers from wheels for `up`, `demo`, development and tests; no
Docker, no root."""

from monitor.local.broker import EmbeddedBroker
from monitor.local.database import EmbeddedDatabase

__all__ = ["EmbeddedBroker", "EmbeddedDatabase"]
