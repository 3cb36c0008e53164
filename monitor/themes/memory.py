"""What was found in posts, kept while they are the same."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final

from sqlalchemy import Connection, text

from monitor.reports.feeling import net_sentiment
from monitor.reports.filters import Filter
from monitor.reports.mentions import how_many


class Memory:
    """What was found last, for what it was found for. Safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, find: Callable[[], Any]) -> Any:
        """What `find` gave for the key, or gives."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        found = find()
        with self._lock:
            self._found[key] = found
            while len(self._found) > self._most:
                self._found.popitem(last=False)
        return found


def state(connection: Connection, *about: Filter) -> Hashable:
    """What the roll-ups say of the posts of some filters: a post more, or a label that is another, and it is
    another state. Pruning moves no roll-up, and is one, too."""
    pruned = tuple(connection.execute(_PRUNED).one())
    counted = tuple((how_many(connection, each), net_sentiment(connection, each)) for each in about)
    return str(connection.engine.url), pruned, counted


_PRUNED: Final = text("SELECT max(before), sum(mentions) FROM pruning")
