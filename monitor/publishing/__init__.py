"""The publisher's side: mentions become Kafka records. `monitor.files` reads them from files."""

from monitor.publishing.producer import PublishOutcome, publish
from monitor.publishing.records import Defaults, Outgoing, Refused
from monitor.publishing.texts import read_raw_texts

__all__ = [
    "Defaults",
    "Outgoing",
    "PublishOutcome",
    "Refused",
    "publish",
    "read_raw_texts",
]
