"""What a peer is told when it starts: where to read, and where to write."""

import os
from dataclasses import dataclass
from typing import Final, Self

SESSION_TIMEOUT: Final = 10.0
"""Seconds without a heartbeat until a killed process's partitions move on; the same for every peer."""

BATCH: Final = 64
"""Texts scored together where the framework gives batches: MONITOR_TEXT_BATCH_SIZE's default."""


@dataclass(frozen=True)
class Where:
    """`bootstrap` is HOST:PORT, `database` a URL, `folder` for files of its own."""

    bootstrap: str
    topic: str
    group: str
    database: str
    folder: str

    def environment(self) -> dict[str, str]:
        return {f"PEER_{name.upper()}": value for name, value in vars(self).items()}

    @classmethod
    def told(cls) -> Self:
        return cls(**{name: os.environ[f"PEER_{name.upper()}"] for name in cls.__dataclass_fields__})
