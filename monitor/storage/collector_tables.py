"""Tables of the collectors. `metadata` is that of `monitor.storage.tables`, with these in it."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from monitor.storage.tables import metadata, moment

collector = Table(
    "collector",
    metadata,
    Column("name", Text, primary_key=True, comment="As in sources.toml."),
    Column("kind", Text, nullable=False, comment="Kind of source, as in sources.toml."),
    Column("source", Text, nullable=False, comment="What its mentions say in mention.source."),
    moment("began_at", "When a process last took it up."),
    moment("succeeded_at", "When it last published something, or found nothing new.", nullable=True),
    moment("failed_at", "When it last failed.", nullable=True),
    Column("fault", Text, comment="Why it last failed; null once it succeeds again."),
    Column("posts", BigInteger, nullable=False, server_default="0", comment="Posts and rows published."),
    Column("pictures", BigInteger, nullable=False, server_default="0", comment="Pictures published."),
    Column("deletions", BigInteger, nullable=False, server_default="0", comment="Posts deleted there."),
    Column("skipped", BigInteger, nullable=False, server_default="0", comment="Items that cannot be used."),
    Column(
        "lost_pictures", BigInteger, nullable=False, server_default="0", comment="Pictures not to be had."
    ),
    comment="Where mentions come from: the entries of sources.toml that were collected, and how that goes.",
)

collector_state = Table(
    "collector_state",
    metadata,
    Column("collector", Text, primary_key=True, comment="collector.name."),
    Column("part", Text, primary_key=True, comment="A feed, a query, a file; empty: the whole."),
    Column("state", JSONB, nullable=False, comment="Where to go on; each kind has a form of its own."),
    moment("changed_at", "When it was last written.", server_default=func.now()),
    comment="How far each collector is. Moves only once Kafka has acknowledged what lies before.",
)

collected = Table(
    "collected",
    metadata,
    Column("source", Text, primary_key=True, comment="As in mention.source."),
    Column("id", Text, primary_key=True, comment="The platform's id, as in mention.external_id."),
    Column("aliases", ARRAY(Text), comment="Other names that the platform tells its deletion by."),
    Column("author_id", Text, comment="What the platform never changes about its author."),
    moment("published_at", "When it was published."),
    Column(
        "n_pictures", Integer, nullable=False, comment="Pictures it named: mentions id, id#picture-2, ..."
    ),
    Index(None, "source", "author_id", postgresql_where=text("author_id IS NOT NULL")),
    Index(None, "aliases", postgresql_using="gin"),
    # What pruning asks for.
    Index(None, "published_at"),
    CheckConstraint("n_pictures >= 0", name="n_pictures"),
    comment="Posts that collectors published: what comes again, is edited or deleted is looked up here.",
)

publisher = Table(
    "publisher",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, unique=True, comment="Who sends."),
    Column("source", Text, comment="The only source its mentions may say; null: any."),
    Column("token_sha256", Text, nullable=False, unique=True, comment="SHA-256 of its token, hexadecimal."),
    moment("created_at", "When its token was made.", server_default=func.now()),
    moment("revoked_at", "When the token ceased to hold; null: it holds.", nullable=True),
    CheckConstraint("token_sha256 ~ '^[0-9a-f]{64}$'", name="token_sha256"),
    comment="Programs that may send mentions by HTTP.",
)
