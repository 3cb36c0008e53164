"""Groups inputs into batches: full ones from files, whatever has arrived from a stream that pauses."""

import queue
import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

_Item = TypeVar("_Item")


def batches(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """Lists of `size` items in order; the last may be shorter. The same input gives the same batches."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def as_available(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """Lists of up to `size` items: what has arrived by the time the last list was dealt with, at least one.

    `items` is read by a daemon thread at most `size` items ahead, so that `tail -f` gets its answers at once.
    What reading raises is raised here, after the items before it.
    """
    arrived: queue.Queue[tuple[_Item] | BaseException | None] = queue.Queue(maxsize=size)

    def read() -> None:
        try:
            for item in items:
                arrived.put((item,))
        except BaseException as error:  # belongs to whoever iterates, not to this thread
            arrived.put(error)
        else:
            arrived.put(None)

    threading.Thread(target=read, name="reads input", daemon=True).start()
    end: BaseException | None = None
    ended = False
    while not ended:
        batch: list[_Item] = []
        while len(batch) < size and not ended:
            try:
                item = arrived.get(block=not batch)
            except queue.Empty:
                break
            if isinstance(item, tuple):
                batch.append(item[0])
            else:
                ended, end = True, item
        if batch:
            yield batch
    if end is not None:
        raise end
