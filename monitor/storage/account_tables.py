"""Tables of what became of records: dead letters, and the batches' account.

`metadata` is that of `monitor.storage.tables`, with these in it.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE

from monitor.storage.tables import metadata, moment, position

dead_letter = Table(
    "dead_letter",
    metadata,
    Column(
        "id", Uuid, primary_key=True, comment="UUID v5 of the record's place: a redelivery is the same row."
    ),
    *position(),
    Column("error_code", Text, nullable=False, comment="Stable word, listed in docs/messages.md."),
    Column("error_detail", Text, nullable=False, comment="What is wrong, for whoever mends the publisher."),
    moment("failed_at", "When the service gave it up."),
    Column("record_key", LargeBinary, comment="Kafka key, at most its first 1,024 bytes."),
    Column("value_head", LargeBinary, nullable=False, comment="First 1,024 bytes of the record's value."),
    Column(
        "value_bytes", BigInteger, nullable=False, comment="Size of the whole value, kept in the dead topic."
    ),
    Index(None, "failed_at"),
    Index(None, "error_code", "failed_at"),
    Index(None, "log_id", "topic", "partition", "record_offset"),
    comment="Records that could not be processed, and why. Replay: `brand-monitor dead-letters`.",
)

ingest_batch = Table(
    "ingest_batch",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("log_id", Text, nullable=False, comment="Kafka cluster."),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("first_offset", BigInteger, nullable=False),
    Column("last_offset", BigInteger, nullable=False),
    Column(
        "offsets",
        INT8MULTIRANGE,
        nullable=False,
        comment="Exactly the offsets accounted for, also those without a record.",
    ),
    Column(
        "mention_offsets",
        INT8MULTIRANGE,
        nullable=False,
        comment="Those of them whose record is a mention.",
    ),
    Column("rejected_offsets", INT8MULTIRANGE, nullable=False, comment="Those of them in dead_letter."),
    Column(
        "deliveries",
        Integer,
        nullable=False,
        comment="How often Kafka delivered this batch; the counts add up.",
    ),
    Column("records", BigInteger, nullable=False, comment="stored + replaced + rejected + deleted."),
    Column("stored", BigInteger, nullable=False, comment="Mentions not seen before."),
    Column("replaced", BigInteger, nullable=False, comment="Records whose mention was there already."),
    Column("rejected", BigInteger, nullable=False, comment="Dead letters."),
    Column(
        "stored_digest",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="XOR of mention_digest of the mentions stored; 0 before schema 0010.",
    ),
    moment("written_at", "When it was last written.", server_default=func.now()),
    Column(
        "deleted",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="Records that delete one.",
    ),
    UniqueConstraint("log_id", "topic", "partition", "first_offset", "last_offset"),
    CheckConstraint("records = stored + replaced + rejected + deleted", name="adds_up"),
    Index(None, "written_at"),
    # Whether a record was delivered before, whatever batch it was in then.
    Index(None, "offsets", postgresql_using="gist"),
    comment="One row per batch of one partition: what `brand-monitor status --audit` adds up.",
)
