"""From when on mentions are kept. `metadata` is that of `monitor.storage.tables`, with this in it."""

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Table, func, text

from monitor.storage.tables import metadata, moment

__all__: Final = ["metadata", "pruning"]

pruning = Table(
    "pruning",
    metadata,
    Column(
        "before",
        DateTime(timezone=True),
        primary_key=True,
        comment="Mentions published earlier go; the latest of these moments counts. A midnight in UTC.",
    ),
    moment(
        "pruned_at",
        "When that was decided: from then on nothing older is taken.",
        server_default=func.now(),
    ),
    moment("ended_at", "When all of them were gone; null while some are there.", nullable=True),
    Column(
        "mentions", BigInteger, nullable=False, server_default=text("0"), comment="Mentions deleted so far."
    ),
    Column(
        "pictures",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="Pictures that no mention showed any more.",
    ),
    Column("erasure_id", BigInteger, comment="Their line in erasure; null while none is deleted."),
    CheckConstraint("isfinite(before) AND (before AT TIME ZONE 'UTC')::time = '00:00'", name="midnight"),
    comment="From when on mentions are kept. The roll-ups of the hours before stay as they were then.",
)
