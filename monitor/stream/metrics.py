"""All metrics of a worker in one place: kind, unit, meaning, and what to do when a figure looks wrong.

`Metrics` is made once per worker; docs/operations.md lists the same table (`Metrics.definitions`).
"""

from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BATCH_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""A text batch takes milliseconds, a batch of large pictures on one CPU many seconds."""


@dataclass(frozen=True)
class Definition:
    """One metric for people: `remedy` says what to do when it rises (or falls, where it says so)."""

    name: str
    kind: str
    unit: str
    meaning: str
    remedy: str


class Metrics:
    """A worker's metrics on a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.definitions: list[Definition] = []
        self.records = self._counter(
            "brand_monitor_records",
            ["agent"],
            "records",
            "Records taken from Kafka, redeliveries included.",
            "Far above stored + replaced + rejected: look for rebalances and restarts in the log.",
        )
        self.stored = self._counter(
            "brand_monitor_mentions_stored",
            ["agent"],
            "mentions",
            "Mentions new to the database.",
            "Falls to zero while lag grows: see brand_monitor_outages and the log.",
        )
        self.replaced = self._counter(
            "brand_monitor_mentions_replaced",
            ["agent"],
            "mentions",
            "Records whose mention was there already: republished or redelivered.",
            "Rises without restarts: a publisher sends the same mentions again.",
        )
        self.rejected = self._counter(
            "brand_monitor_dead_letters",
            ["agent", "code"],
            "records",
            "Records dead-lettered, by error code.",
            "`brand-monitor dead-letters list` shows them; docs/messages.md says what each code means.",
        )
        self.unscored = self._counter(
            "brand_monitor_texts_unscored",
            ["language"],
            "texts",
            "Texts stored without a verdict: the model does not speak their language (rare ones: other).",
            "No fault. Much of one language: a model that speaks it, named by MONITOR_SENTIMENT_MODEL.",
        )
        self.batch_seconds = self._histogram(
            "brand_monitor_batch_seconds",
            ["agent", "step"],
            "seconds",
            "Time of a batch in a step: score (decoding included), write, announce.",
            "score: more workers, a GPU, MONITOR_INFERENCE_THREADS; write: database; announce: broker.",
        )
        self.outages = self._counter(
            "brand_monitor_outages",
            ["what"],
            "failed attempts",
            "Attempts that failed because a server was away; each is retried.",
            "See to that server: after MONITOR_OUTAGE_RETRY seconds the worker stops with exit code 1.",
        )
        self.lag = self._gauge(
            "brand_monitor_lag",
            ["topic", "partition"],
            "records",
            "Records in Kafka after the committed offset, for the partitions this worker holds.",
            "Grows for long: more workers (up to the number of partitions), then more partitions.",
        )
        self.partitions = self._gauge(
            "brand_monitor_partitions",
            [],
            "partitions",
            "Partitions this worker holds.",
            "Zero for long: more workers than partitions, or the group cannot be joined; see the log.",
        )
        self.rebalances = self._counter(
            "brand_monitor_rebalances",
            [],
            "rebalances",
            "Assignments this worker was given.",
            "Rises without deployments: a worker dies or misses heartbeats (MONITOR_SESSION_TIMEOUT).",
        )
        self.expired = self._counter(
            "brand_monitor_offsets_expired",
            ["topic"],
            "offsets",
            "Offsets that left the log before they were read: Kafka's retention was shorter than the lag.",
            "These are lost. Raise the topic's retention; `brand-monitor status --audit` names them.",
        )
        self.quarantined = self._counter(
            "brand_monitor_records_quarantined",
            ["topic"],
            "records",
            "Records dead-lettered because workers died with them alone (code kills-the-worker).",
            "`brand-monitor dead-letters list --code kills-the-worker` names them; report what they break.",
        )

        self.gallery_version = self._gauge(
            "brand_monitor_gallery_version",
            [],
            "version",
            "Version of the brand gallery this worker compares pictures with; 0 before the first picture.",
            "Differs among workers for long: one gets no pictures, or its log says why it keeps an old one.",
        )
        self.gallery_brands = self._gauge(
            "brand_monitor_gallery_brands",
            [],
            "brands",
            "Gallery brands this worker looks for.",
            "Fewer than `brand-monitor brands list` shows: run `brand-monitor brands rebuild`.",
        )

        self.unread = self._counter(
            "brand_monitor_pictures_unread",
            [],
            "pictures",
            "Pictures in which the look counts alone, because reading their letters failed.",
            "The log has the error; such a picture is read again when it is published again.",
        )

    def _note(self, name: str, kind: str, unit: str, meaning: str, remedy: str) -> None:
        self.definitions.append(Definition(name, kind, unit, meaning, remedy))

    def _counter(self, name: str, labels: list[str], unit: str, meaning: str, remedy: str) -> Counter:
        self._note(f"{name}_total", "counter", unit, meaning, remedy)
        return Counter(name, meaning, labels, registry=self.registry)

    def _gauge(self, name: str, labels: list[str], unit: str, meaning: str, remedy: str) -> Gauge:
        self._note(name, "gauge", unit, meaning, remedy)
        return Gauge(name, meaning, labels, registry=self.registry)

    def _histogram(self, name: str, labels: list[str], unit: str, meaning: str, remedy: str) -> Histogram:
        self._note(name, "histogram", unit, meaning, remedy)
        return Histogram(name, meaning, labels, registry=self.registry, buckets=_BATCH_SECONDS)
