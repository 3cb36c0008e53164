"""What may be committed to Kafka: per partition, the offset after the last record whose fate is stored.

Faust keeps a book of its own, and it can commit over records nobody processed (seen in 0.15.3):

* `Consumer._new_offset` refuses a gap only past a committed offset that is neither `None` nor 0, and only
  one wider than a single record; acknowledge 64..127 first on a fresh group, and 0..63 are gone.
* `Consumer._add_gap` takes any jump in the offsets it read for records that never existed, and commits over
  them.
* without its Cython part, a stream acknowledges what it skips around a rebalance.
* on revocation it forgets acknowledgements that were not yet committed.

So Faust is never told of an acknowledgement. `LedgerConsumer` asks this ledger, which knows one rule:
batches are stored in the order they were delivered, so a partition's position is that of its last stored
record plus one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple


class Partition(NamedTuple):
    """A topic's partition; equal to Faust's and aiokafka's own."""

    topic: str
    partition: int


@dataclass
class Ledger:
    """Positions of the partitions held. Used from the event loop only; never blocks."""

    generation: int = -1
    """The group's generation in which records now arrive; records of another one are not accounted."""

    _positions: dict[Partition, int] = field(default_factory=dict)

    def assigned(self, generation: int) -> None:
        """A rebalance ended: records of `generation` count from now on, older positions do not."""
        self.generation = generation
        self._positions.clear()

    def stored(self, ends: Iterable[tuple[Partition, int]], generation: int) -> None:
        """Records up to `end` (the next offset to be read) are stored, and their announcements sent.

        A batch that was under way when its partitions were taken away is stored all the same, but belongs
        to an older generation: whoever has the partition now will store it again, to the same effect.
        """
        if generation != self.generation:
            return
        for partition, end in ends:
            if end > self._positions.get(partition, 0):
                self._positions[partition] = end

    def committable(self, partition: tuple[str, int]) -> int | None:
        """The offset to commit for a partition, `None` if nothing of it was stored in this generation."""
        return self._positions.get(Partition(*partition))

    def partitions(self) -> list[Partition]:
        """Partitions with a position."""
        return list(self._positions)
