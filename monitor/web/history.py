"""Searches the stored mentions again with the present brands.toml, beside the pages, one search at a time.

It is what `brand-monitor query --backfill` does: safe beside workers, and to break off with the server and
begin again. Pages are somewhat slower meanwhile.
"""

import threading
from dataclasses import dataclass, field, replace

import structlog

from monitor.backfill import Backfill, Done
from monitor.brands import load_brands
from monitor.errors import OutageError, SetupError
from monitor.reports.preview import EVER
from monitor.settings import Settings
from monitor.storage.engine import sync_engine

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Search:
    """How far a search is."""

    running: bool = True
    mentions: int = 0
    """To be looked at."""
    done: Done = field(default_factory=Done)
    fault: str = ""
    """Why it ended before its end."""


class HistorySearch:
    """The searches of one server. Safe for concurrent use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._beginning = threading.Lock()
        self._latest: Search | None = None

    @property
    def latest(self) -> Search | None:
        """The search that runs, or ran last; None before the first."""
        return self._latest

    def start(self) -> bool:
        """Begin one, unless one runs; returns whether it was begun. Does not wait for it."""
        with self._beginning:
            if self._latest is not None and self._latest.running:
                return False
            self._latest = Search()
        # A daemon: its transactions are short and whole, so that the server need not wait for its end.
        threading.Thread(target=self._search, name="history", daemon=True).start()
        return True

    def _search(self) -> None:
        search = Search()
        engine = sync_engine(self._settings)
        try:
            run = Backfill(engine, load_brands(self._settings.brands_file), self._settings)
            search = self._latest = replace(search, mentions=run.how_many(EVER.since, EVER.until))
            for done in run.run(EVER.since, EVER.until):
                search = self._latest = replace(search, done=done)
        except (OutageError, SetupError) as error:
            search = replace(search, fault=str(error))
        except Exception:
            _log.exception("the search of stored mentions ended")
            search = replace(search, fault="It ended with an error, which the server's log has.")
        finally:
            engine.dispose()
            self._latest = replace(search, running=False)
