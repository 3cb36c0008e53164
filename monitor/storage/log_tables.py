"""Tables of the logs that records come from, and of what was erased: what the account is held against.

`metadata` is that of `monitor.storage.tables`, with these in it.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

from monitor.storage.tables import metadata

log = Table(
    "log",
    metadata,
    Column(
        "log_id",
        Text,
        primary_key=True,
        comment="The cluster's id; for a further life of the topic, cluster id/topic id.",
    ),
    Column("topic", Text, primary_key=True, comment="Its name, which outlives it."),
    Column("cluster_id", Text, nullable=False, comment="Kafka cluster."),
    Column("topic_id", Text, comment="Kafka's UUID of the topic; null while no broker told it."),
    Column(
        "opened_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=func.clock_timestamp(),
        comment="When a worker first met it.",
    ),
    UniqueConstraint("cluster_id", "topic", "topic_id", postgresql_nulls_not_distinct=True),
    comment="One row per life of a topic: one deleted and made anew counts its offsets from 0 again.",
)

log_partition = Table(
    "log_partition",
    metadata,
    Column("log_id", Text, primary_key=True, comment="As in log."),
    Column("topic", Text, primary_key=True, comment="As in log."),
    Column("partition", Integer, primary_key=True),
    Column(
        "first_offset", BigInteger, nullable=False, comment="Where this service began to read the partition."
    ),
    Column(
        "low_offset",
        BigInteger,
        comment="First offset Kafka still held then; null where reading began before schema 0010.",
    ),
    Column("position", BigInteger, comment="Next offset to be read."),
    Column(
        "exact_from",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="From here on batches also account for offsets without a record (transaction markers, "
        "compaction); what lies below was written before schema 0010.",
    ),
    Column(
        "deaths",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="Workers that ended without a word at this position.",
    ),
    Column(
        "held", Boolean, nullable=False, server_default=text("false"), comment="A worker is at this position."
    ),
    Column(
        "changed_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=func.now(),
        comment="When the row became what it is.",
    ),
    CheckConstraint("first_offset >= 0 AND low_offset >= 0 AND exact_from >= 0", name="offsets"),
    CheckConstraint("deaths >= 0", name="deaths"),
    comment="One row per partition of a log: where reading began, where it stands, what happened there.",
)

suspect = Table(
    "suspect",
    metadata,
    Column("log_id", Text, primary_key=True, comment="As in log."),
    Column("topic", Text, primary_key=True, comment="As in log."),
    Column("partition", Integer, primary_key=True),
    Column("record_offset", BigInteger, primary_key=True, comment="The record that is tried alone."),
    Column(
        "deaths", Integer, nullable=False, comment="Tries that nobody came back from, one under way included."
    ),
    CheckConstraint("deaths > 0", name="deaths"),
    comment="Records tried alone, to find those that end workers. Gone once they are behind the position.",
)

erasure = Table(
    "erasure",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "kind",
        Text,
        nullable=False,
        comment="delete; truncate; upgrade: what was there and gone before schema 0010.",
    ),
    Column("erased_at", DateTime(timezone=True), nullable=False, server_default=func.now(), comment="When."),
    Column("erased_by", Text, nullable=False, comment="Login that did it."),
    Column(
        "reason",
        Text,
        comment="Why, as brand_monitor.erasure was set in that session; null for an unexplained one.",
    ),
    Column("mentions", BigInteger, nullable=False, comment="Rows of mention removed."),
    Column("digest", BigInteger, nullable=False, comment="XOR of their mention_digest."),
    Column("ids", ARRAY(Uuid), comment="Which, to find them again: up to 1,000, and only without a reason."),
    CheckConstraint("kind IN ('delete', 'truncate', 'upgrade')", name="kind"),
    comment="One row per statement that removed mentions; a trigger writes it, nobody else may.",
)
