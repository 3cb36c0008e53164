"""What may be committed to Kafka: per partition, the offset after the last record whose fate is stored.

Faust keeps a book of its own, and it can commit over records nobody processed (seen in 0.15.3):

* `Consumer._new_offset` refuses a gap only past a committed offset that is neither `None` nor 0, and only
  one wider than a single record; acknowledge 64..127 first on a fresh group, and 0..63 are gone.
* `Consumer._add_gap` takes any jump in the offsets it read for records that never existed, and commits over
  them.
* without its Cython part, a stream acknowledges what it skips around a rebalance.
* on revocation it forgets acknowledgements that were not yet committed.

So Faust is never told of an acknowledgement. `LedgerConsumer` asks this ledger, which knows one rule: a
partition's position is the end of what was stored without a gap from where reading began. A gap means that
records were dropped on the way here; it ends the worker before anything is committed over them.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.stream.records import Partition, Stretch


class GapError(Exception):
    """A fault of our own: records between two stored stretches never reached the pipeline."""


@dataclass
class Ledger:
    """Positions of the partitions held. Used from the event loop only; never blocks."""

    generation: int = -1
    """The group's generation in which records now arrive; records of another one are not accounted."""

    _reached: dict[Partition, int] = field(default_factory=dict)
    _resumed: dict[Partition, set[int]] = field(default_factory=lambda: defaultdict(set))
    _due: set[Partition] = field(default_factory=set)
    """Those whose position the group does not know yet."""

    def assigned(self, generation: int) -> None:
        """A rebalance ended: records of `generation` count from now on, older positions do not."""
        self.generation = generation
        self._reached.clear()
        self._resumed.clear()
        self._due.clear()

    def begin(self, starts: Mapping[Any, int], untold: Collection[Any] = ()) -> None:
        """Where each partition (topic and number) is read from; told again, where reading it goes on after
        records left the log unread.

        The group does not know it of those `untold`: it is to be committed as it is. Else a partition that
        is empty by now would lag behind for good, and whatever scales by that would start workers for it.
        """
        for key, offset in starts.items():
            partition = Partition(*key)
            if partition in self._reached:
                self._resumed[partition].add(offset)
            else:
                self._reached[partition] = offset
                if key in untold:
                    self._due.add(partition)

    def stored(self, stretches: Iterable[Stretch]) -> None:
        """These stretches are stored, and their announcements sent.

        A batch that was under way when its partitions were taken away is stored all the same, but belongs
        to an older generation: whoever has the partition now will store it again, to the same effect.
        Raises `GapError` where a stretch does not continue its partition's position.
        """
        for stretch in stretches:
            if stretch.generation != self.generation:
                continue
            reached = self._reached.get(stretch.partition, -1)
            resumed = stretch.start > reached and stretch.start in self._resumed[stretch.partition]
            if stretch.start != reached and not resumed:
                raise GapError(
                    f"{stretch.partition} was stored up to offset {reached}, and now from {stretch.start} on"
                )
            self._reached[stretch.partition] = stretch.end
            self._due.add(stretch.partition)

    def committable(self, partition: tuple[str, int]) -> int | None:
        """The offset to commit for a partition, `None` if the group knows it: nothing of the partition was
        stored in this generation."""
        return self._reached[Partition(*partition)] if partition in self._due else None

    def partitions(self) -> list[Partition]:
        """Partitions with a position to commit."""
        return list(self._due)
