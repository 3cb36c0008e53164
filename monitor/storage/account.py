"""The batch's account: which offsets it accounts for and how they ended, one line a partition."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import xor
from uuid import UUID

from monitor.storage.records import Batch, DeletionResult, RecordPosition, WriteOutcome
from monitor.storage.rows import Row, mention_digest


@dataclass
class _Partition:
    results: set[RecordPosition] = field(default_factory=set)
    rejected: set[RecordPosition] = field(default_factory=set)
    deletions: set[RecordPosition] = field(default_factory=set)
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Offsets from to before, more than those of the records."""

    def offsets(self) -> list[tuple[int, int]]:
        records = self.results | self.rejected | self.deletions
        return [*self.spans, *((place.offset, place.offset + 1) for place in records)]


def lines(batch: Batch, inserted: Mapping[RecordPosition, UUID]) -> list[Row]:
    """Rows of table `ingest_batch`; `inserted` are the mentions that were not there before, by position."""
    return [
        _line(batch.log_id, topic, partition, part, inserted)
        for (topic, partition), part in _partitions(batch).items()
    ]


def turns(batch: Batch) -> list[int]:
    """Keys of the advisory locks that let one transaction at a time write a partition; ascending, so that two
    that share several cannot deadlock."""
    names = (f"{batch.log_id}\0{topic}\0{partition}" for topic, partition in _partitions(batch))
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
        (part.deletions if isinstance(result, DeletionResult) else part.results).add(result.position)
    for rejection in batch.rejections:
        found[rejection.position.topic, rejection.position.partition].rejected.add(rejection.position)
    for topic, partition, start, end in batch.spans:
        if start < end:
            found[topic, partition].spans.append((start, end))
    return found


def _line(
    log_id: str,
    topic: str,
    partition: int,
    part: _Partition,
    inserted: Mapping[RecordPosition, UUID],
) -> Row:
    offsets = part.offsets()
    stored = [inserted[place] for place in part.results if place in inserted]
    records = len(part.results | part.rejected | part.deletions)
    return {
        "log_id": log_id,
        "topic": topic,
        "partition": partition,
        "first_offset": min(start for start, _ in offsets),
        "last_offset": max(end for _, end in offsets) - 1,
        "offsets": _multirange(offsets),
        "mention_offsets": _multirange((place.offset, place.offset + 1) for place in part.results),
        "rejected_offsets": _multirange((place.offset, place.offset + 1) for place in part.rejected),
        "deliveries": 1,
        "records": records,
        "stored": len(stored),
        "replaced": records - len(stored) - len(part.rejected) - len(part.deletions),
        "rejected": len(part.rejected),
        "deleted": len(part.deletions),
        "stored_digest": reduce(xor, map(mention_digest, stored), 0),
    }


def _multirange(spans: Iterable[tuple[int, int]]) -> str:
    """Spans as PostgreSQL reads an int8multirange; it joins those that touch or overlap itself."""
    return "{" + ",".join(f"[{start},{end})" for start, end in sorted(spans)) + "}"
