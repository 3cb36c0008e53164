"""The batch's account: which offsets it accounts for and how they ended, one line a partition."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import xor
from typing import Final
from uuid import UUID

from monitor.storage import driver
from monitor.storage.account_tables import ingest_batch
from monitor.storage.records import Batch, DeletionResult, RecordPosition, WriteOutcome
from monitor.storage.rows import Row, mention_digest

_KEY: Final = ("log_id", "topic", "partition", "first_offset", "last_offset")
_OFFSETS: Final = ("offsets", "mention_offsets", "rejected_offsets")
_COUNTS: Final = ("deliveries", "records", "stored", "replaced", "rejected", "deleted")
_ADDED: Final = ", ".join(f"{name} = kept.{name} + excluded.{name}" for name in (*_OFFSETS, *_COUNTS))

_INSERT: Final = driver.insert(ingest_batch, (*_KEY, *_OFFSETS, *_COUNTS, "stored_digest"), order_by=_KEY)

UPSERT: Final = f"""{_INSERT}
    ON CONFLICT ({", ".join(_KEY)}) DO UPDATE
    SET {_ADDED}, stored_digest = kept.stored_digest # excluded.stored_digest, written_at = now()
"""  # noqa: S608 - names of our own tables
"""Writes `lines`; a batch delivered again adds to its own row, so that all counts keep adding up."""


@dataclass
class _Partition:
    """Offsets of one partition; `spans` are from to before, more than those of the records."""

    results: set[int] = field(default_factory=set)
    rejected: set[int] = field(default_factory=set)
    deletions: set[int] = field(default_factory=set)
    stored: list[UUID] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)


def lines(batch: Batch, inserted: Mapping[UUID, RecordPosition]) -> list[Row]:
    """Rows of table `ingest_batch`; `inserted` are the mentions that were not there before, and their
    records."""
    parts = _partitions(batch)
    for id, place in inserted.items():
        parts[place.topic, place.partition].stored.append(id)
    return [_line(batch.log_id, topic, partition, part) for (topic, partition), part in parts.items()]


def turns(batch: Batch) -> list[int]:
    """Keys of the advisory locks that let one transaction at a time write a partition; ascending, so that two
    that share several cannot deadlock."""
    places = {(each.position.topic, each.position.partition) for each in (*batch.results, *batch.rejections)}
    places |= {(topic, partition) for topic, partition, start, end in batch.spans if start < end}
    names = (f"{batch.log_id}\0{topic}\0{partition}" for topic, partition in places)
    digests = (hashlib.blake2b(name.encode(), digest_size=8).digest() for name in names)
    return sorted(int.from_bytes(digest, signed=True) for digest in digests)


def outcome(accounts: Iterable[Row]) -> WriteOutcome:
    """The lines of one batch, summed."""
    kept = list(accounts)
    names = ("stored", "replaced", "rejected", "deleted")
    return WriteOutcome(**{name: sum(line[name] for line in kept) for name in names})


def _partitions(batch: Batch) -> dict[tuple[str, int], _Partition]:
    found: defaultdict[tuple[str, int], _Partition] = defaultdict(_Partition)
    for result in batch.results:
        part = found[result.position.topic, result.position.partition]
        (part.deletions if isinstance(result, DeletionResult) else part.results).add(result.position.offset)
    for rejection in batch.rejections:
        found[rejection.position.topic, rejection.position.partition].rejected.add(rejection.position.offset)
    for topic, partition, start, end in batch.spans:
        if start < end:
            found[topic, partition].spans.append((start, end))
    return found


def _line(log_id: str, topic: str, partition: int, part: _Partition) -> Row:
    records = part.results | part.rejected | part.deletions
    spans = [*part.spans, *_spans(records)]
    return {
        "log_id": log_id,
        "topic": topic,
        "partition": partition,
        "first_offset": min(start for start, _ in spans),
        "last_offset": max(end for _, end in spans) - 1,
        "offsets": _multirange(spans),
        "mention_offsets": _multirange(_spans(part.results)),
        "rejected_offsets": _multirange(_spans(part.rejected)),
        "deliveries": 1,
        "records": len(records),
        "stored": len(part.stored),
        "replaced": len(records) - len(part.stored) - len(part.rejected) - len(part.deletions),
        "rejected": len(part.rejected),
        "deleted": len(part.deletions),
        "stored_digest": reduce(xor, map(mention_digest, part.stored), 0),
    }


def _spans(offsets: Iterable[int]) -> list[tuple[int, int]]:
    """Runs of offsets, each from to before."""
    runs: list[tuple[int, int]] = []
    for offset in sorted(offsets):
        if runs and runs[-1][1] == offset:
            runs[-1] = (runs[-1][0], offset + 1)
        else:
            runs.append((offset, offset + 1))
    return runs


def _multirange(spans: Iterable[tuple[int, int]]) -> str:
    """Spans as PostgreSQL reads an int8multirange; it joins those that touch or overlap itself."""
    return "{" + ",".join(f"[{start},{end})" for start, end in sorted(spans)) + "}"
