"""What people said the model got wrong. `metadata` is that of `monitor.storage.tables`, with this in it."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    func,
    text,
)

from monitor.storage.mention_tables import mention
from monitor.storage.tables import BOX_INSIDE, LABELS, box, brand, metadata, moment

correction = Table(
    "correction",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("mention_id", Uuid, ForeignKey(mention.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("subject", Text, nullable=False, comment="sentiment or logo."),
    Column(
        "content_sha256",
        Text,
        nullable=False,
        comment="SHA-256 of the text (UTF-8) or picture judged; counts only while the content is that.",
    ),
    Column("label", Text, comment="sentiment: the right label."),
    Column("detection_id", Uuid, comment="logo: the find judged; null for a logo the model missed."),
    Column(
        "brand_id",
        Integer,
        ForeignKey(brand.c.id),
        comment="sentiment: toward this brand, null for all. logo: what is there, null for nothing.",
    ),
    *box(nullable=True),
    Column("corrected_by", Text, nullable=False, comment="Who."),
    moment("corrected_at", "When.", server_default=func.now()),
    Column("note", Text, comment="Why, in that person's words."),
    Column("undone_by", Text),
    moment("undone_at", "Set when taken back; the row stays.", nullable=True),
    Index(
        "correction_active_sentiment_ix",
        "mention_id",
        "brand_id",
        "content_sha256",
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=text("subject = 'sentiment' AND undone_at IS NULL"),
    ),
    Index(
        "correction_active_logo_ix",
        "detection_id",
        unique=True,
        postgresql_where=text("subject = 'logo' AND undone_at IS NULL"),
    ),
    Index(None, "content_sha256"),
    CheckConstraint("subject IN ('sentiment', 'logo')", name="subject"),
    CheckConstraint(f"label IN ({LABELS})", name="label"),
    CheckConstraint(
        "CASE subject WHEN 'sentiment' THEN label IS NOT NULL AND detection_id IS NULL AND x IS NULL"
        " ELSE label IS NULL AND (detection_id IS NOT NULL OR brand_id IS NOT NULL) END",
        name="shape",
    ),
    CheckConstraint("num_nulls(x, y, width, height) IN (0, 4)", name="whole_box"),
    CheckConstraint("subject = 'sentiment' OR (brand_id IS NULL) = (x IS NULL)", name="logo_box"),
    CheckConstraint(BOX_INSIDE, name="box"),
    CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone"),
    comment="What people said the model got wrong: a sentiment label, or a logo's brand and box.",
)
