"""The PostgreSQL that a benchmark runs on."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.local.database import EmbeddedDatabase


@contextmanager
def database(url: str | None) -> Iterator[str]:
    """The server given, or an embedded one."""
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder, EmbeddedDatabase(Path(folder)) as server:
        yield server.url
