"""Unpacks what a fetch brought: whatever lies in the log, it costs its own record and never the stream.

aiokafka decodes inside its fetcher, where a codec it lacks, a header name that is not UTF-8 or a batch that
unpacks to gigabytes ends the worker before our code sees the record, and each restart meets it again. Here
what cannot be read becomes an entry with a fault, in its place (`monitor.stream.batches`).
"""

from collections.abc import Iterator

from monitor.stream.batches import CONTROL, TRANSACTIONAL, Batch, Entry, batches, entries, is_abort

__all__ = ["Entry", "Fetch"]


class Fetch:
    """The batches of one partition's fetch, from `position` on, taken in slices.

    Iterates lazily: one batch is unpacked at a time. `position` is the offset after everything taken or
    skipped: aborted transactions, their markers and what compaction removed are skipped, so it can move
    without an entry.
    """

    def __init__(
        self, data: bytes, aborted: list[tuple[int, int]], position: int, unpacked_max_bytes: int
    ) -> None:
        self.next_fetch_offset = position  # aiokafka's name: it compares it with the consumer's position
        self.exhausted = False
        self._data = data
        self._aborted = sorted(aborted or [], key=lambda one: one[1])
        self._aborting: set[int] = set()
        self._limit = unpacked_max_bytes
        self._entries = self._read()

    def take(self, records: int, most_bytes: int) -> list[Entry]:
        """The next entries: at most `records`, and no more after `most_bytes` of them. Raises nothing.

        An empty list that leaves `exhausted` false does not occur.
        """
        taken: list[Entry] = []
        size = 0
        for entry in self._entries:
            taken.append(entry)
            size += len(entry.key or b"") + len(entry.value or b"")
            size += sum(len(name) + len(value or b"") for name, value in entry.headers)
            if len(taken) >= records or size >= most_bytes:
                return taken
        self.exhausted = True
        return taken

    def _read(self) -> Iterator[Entry]:
        for batch in batches(self._data):
            if batch.last < self.next_fetch_offset:
                continue
            if self._skipped(batch):
                self.next_fetch_offset = batch.last + 1
                continue
            # A fetch begins with the whole batch that holds the position.
            for entry in entries(batch, self.next_fetch_offset, self._limit):
                self.next_fetch_offset = entry.offset + 1
                yield entry
            self.next_fetch_offset = batch.last + 1

    def _skipped(self, batch: "Batch") -> bool:
        """Whether a batch is a transaction's marker, or was aborted (KIP-98)."""
        if batch.producer >= 0:
            while self._aborted and self._aborted[0][1] <= batch.first:
                self._aborting.add(self._aborted.pop(0)[0])
        if batch.attributes & CONTROL:
            if is_abort(batch):
                self._aborting.discard(batch.producer)
            return True
        return bool(batch.attributes & TRANSACTIONAL) and batch.producer in self._aborting
