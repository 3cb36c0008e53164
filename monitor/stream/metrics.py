"""All metrics in one place: kind, unit, meaning, and what to do when a figure looks wrong.

`Metrics` is made once per worker, `CollectMetrics` once per collecting process; docs/operations.md lists the
same tables (`MetricSet.definitions`).
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


class MetricSet:
    """Metrics on a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.definitions: list[Definition] = []

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


class Metrics(MetricSet):
    """A worker's metrics."""

    def __init__(self) -> None:
        super().__init__()
        self.records = self._counter(
            "brand_monitor_records",
            ["agent"],
            "records",
            "Records taken from Kafka, redeliveries included.",
            "Far above stored + replaced + rejected + deleted: look for rebalances and restarts in the log.",
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
        self.deleted = self._counter(
            "brand_monitor_deletions",
            ["agent"],
            "records",
            "Records that delete a mention, there or not.",
            "Rises much: a source cleans up, or a publisher takes back what it sent; ask it.",
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


class CollectMetrics(MetricSet):
    """A collecting process's metrics; `collector` is an entry of sources.toml."""

    def __init__(self) -> None:
        super().__init__()
        self.collected = self._counter(
            "brand_monitor_collected",
            ["collector", "what"],
            "items",
            "What became of items: posts, pictures, deletions published; skipped, lost_pictures not.",
            "posts stand still: see brand_monitor_collector_faults; skipped rises: see the log.",
        )
        self.faults = self._counter(
            "brand_monitor_collector_faults",
            ["collector"],
            "failed passes",
            "Times it failed: its platform, Kafka or the database was away, or its entry is wrong.",
            "`brand-monitor collect --list` says why.",
        )
        self.holds = self._gauge(
            "brand_monitor_collector_holds",
            ["collector"],
            "0 or 1",
            "1: this process collects it; 0: another one does, or none can.",
            "The sum over all processes is 0 for long: none collects it; see the log.",
        )
        self.succeeded = self._gauge(
            "brand_monitor_collector_success_timestamp_seconds",
            ["collector"],
            "seconds since 1970",
            "When it last published something, or found nothing new.",
            "Older than a few of its intervals: `brand-monitor collect --list` says why.",
        )
        self.received = self._counter(
            "brand_monitor_received",
            ["publisher", "what"],
            "items",
            "Items sent by HTTP: accepted, refused.",
            "refused rises: the answers tell the publisher what is wrong with which item.",
        )
        self.turned_away = self._counter(
            "brand_monitor_requests_turned_away",
            ["why"],
            "requests",
            "Requests answered 401, 413, 415 or 429 as a whole: token, size, form, rate, slow (Kafka).",
            "rate: the publisher sends faster than its entry allows; slow: see to Kafka.",
        )
