"""Tables of what was deleted. `metadata` is that of `monitor.storage.tables`, with these in it."""

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Table, Text, Uuid, text

from monitor.storage.tables import metadata, moment

__all__: Final = ["deleted_mention", "metadata", "picture_gone"]

deleted_mention = Table(
    "deleted_mention",
    metadata,
    Column("id", Uuid, primary_key=True, comment="As in mention."),
    Column("log_id", Text, nullable=False, comment="As in mention: of the deletion, or of what was deleted."),
    Column("topic", Text, nullable=False, comment="As log_id."),
    Column("partition", Integer, nullable=False, comment="As log_id."),
    Column("record_offset", BigInteger, nullable=False, comment="Its records up to here stay dead."),
    moment("recorded_at", "Those of other partitions up to here."),
    moment("deleted_at", "When, as its publisher says, or when somebody here deleted it."),
    Column("kind", Text, nullable=False, comment="text or image."),
    Column("source", Text, comment="Only until its deletion was told on mentions.findings."),
    Column("external_id", Text, comment="As source."),
    CheckConstraint("kind IN ('text', 'image')", name="kind"),
    CheckConstraint("(source IS NULL) = (external_id IS NULL)", name="untold"),
    Index("deleted_mention_untold_ix", "deleted_at", postgresql_where=text("source IS NOT NULL")),
    comment="Mentions that were deleted, so that a late delivery of an old record does not bring them back. "
    "One published again since is in mention as well.",
)

picture_gone = Table(
    "picture_gone",
    metadata,
    Column("sha256", Text, primary_key=True, comment="As in picture."),
    Column("url", Text, nullable=False, comment="As in picture."),
    moment("gone_at", "When its last mention went."),
    moment("removed_at", "When its file was removed; null: still to do.", nullable=True),
    comment="Pictures whose last mention went, and whose files are removed from the picture store.",
)
