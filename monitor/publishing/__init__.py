"""The publisher's side: files become mentions, mentions become Kafka records."""

from monitor.publishing.images import read_images
from monitor.publishing.producer import PublishOutcome, publish
from monitor.publishing.records import Defaults, Outgoing, Refused
from monitor.publishing.texts import read_raw_texts, read_texts

__all__ = [
    "Defaults",
    "Outgoing",
    "PublishOutcome",
    "Refused",
    "publish",
    "read_images",
    "read_raw_texts",
    "read_texts",
]
