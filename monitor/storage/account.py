"""The batch's account: which offsets were written and how they ended, one line a partition."""

from collections import defaultdict
from collections.abc import Collection, Iterable

from monitor.storage.records import Batch, RecordPosition, WriteOutcome
from monitor.storage.rows import Row


def lines(batch: Batch, inserted: Collection[RecordPosition]) -> list[Row]:
    """Rows of table `ingest_batch`; `inserted` are the positions whose mention was not there before."""
    rejected = {rejection.position for rejection in batch.rejections}
    by_partition: dict[tuple[str, int], set[RecordPosition]] = defaultdict(set)
    for position in (*(result.position for result in batch.results), *rejected):
        by_partition[position.topic, position.partition].add(position)
    return [
        _line(batch.log_id, topic, partition, places, rejected & places, len(places & set(inserted)))
        for (topic, partition), places in by_partition.items()
    ]


def outcome(accounts: Iterable[Row]) -> WriteOutcome:
    """The lines of one batch, summed."""
    kept = list(accounts)
    return WriteOutcome(
        stored=sum(line["stored"] for line in kept),
        replaced=sum(line["replaced"] for line in kept),
        rejected=sum(line["rejected"] for line in kept),
    )


def _line(
    log_id: str,
    topic: str,
    partition: int,
    places: set[RecordPosition],
    rejected: set[RecordPosition],
    stored: int,
) -> Row:
    offsets = sorted(place.offset for place in places)
    return {
        "log_id": log_id,
        "topic": topic,
        "partition": partition,
        "first_offset": offsets[0],
        "last_offset": offsets[-1],
        "offsets": multirange(offsets),
        "rejected_offsets": multirange(sorted(place.offset for place in rejected)),
        "deliveries": 1,
        "records": len(places),
        "stored": stored,
        "replaced": len(places) - stored - len(rejected),
        "rejected": len(rejected),
    }


def multirange(offsets: Iterable[int]) -> str:
    """Ascending offsets as PostgreSQL writes an int8multirange: 3, 4, 5, 9 is {[3,6),[9,10)}."""
    spans: list[list[int]] = []
    for offset in offsets:
        if spans and offset == spans[-1][1]:
            spans[-1][1] = offset + 1
        else:
            spans.append([offset, offset + 1])
    return "{" + ",".join(f"[{start},{end})" for start, end in spans) + "}"
