"""What people did about stories: who answered what.

`metadata` is that of `monitor.storage.tables`, with this in it.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Table,
    Text,
    Uuid,
    func,
    text,
)

from monitor.storage.tables import metadata

__all__: Final = ["answer", "metadata"]

answer = Table(
    "answer",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    # Of a mention and not of a story: stories unite and fall apart as copies come and go.
    Column(
        "mention_id",
        Uuid,
        ForeignKey("mention.id", ondelete="CASCADE"),
        nullable=False,
        comment="The post that was looked at; it speaks for its whole story.",
    ),
    Column("state", Text, nullable=False, comment="new (opened again), seen, answered or ignored."),
    Column("set_by", Text, nullable=False, comment="Who."),
    Column("set_at", DateTime(timezone=True), nullable=False, server_default=func.now(), comment="When."),
    Column("note", Text, comment="What was done or why not, in that person's words."),
    Column("undone_by", Text),
    Column("undone_at", DateTime(timezone=True), comment="Set when taken back; the row stays."),
    CheckConstraint("state IN ('new', 'seen', 'answered', 'ignored')", name="state"),
    CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone"),
    Index(None, "mention_id"),
    Index("answer_standing_ix", "mention_id", "id", postgresql_where=text("undone_at IS NULL")),
    comment="What people did about a story. Its state is what was set last at any of its mentions and not "
    "undone; new without any.",
)
