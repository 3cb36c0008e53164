"""The tables of monitor.storage.tables, their constraints, indexes and comments."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "brand",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="As in brands.toml."),
        sa.Column("own", sa.Boolean(), nullable=False, comment="Ours; the others are competitors."),
        sa.PrimaryKeyConstraint("id", name=op.f("brand_pk")),
        sa.UniqueConstraint("name", name=op.f("brand_name_uq")),
        comment="The brands watched, from brands.toml. One taken out of the file keeps its row and history.",
    )
    op.create_table(
        "dead_letter",
        sa.Column(
            "id",
            sa.Uuid(),
            nullable=False,
            comment="UUID v5 of the record's place: a redelivery is the same row.",
        ),
        sa.Column("log_id", sa.Text(), nullable=False, comment="Kafka cluster the record came from."),
        sa.Column("topic", sa.Text(), nullable=False, comment="Kafka topic the record came from."),
        sa.Column("partition", sa.Integer(), nullable=False, comment="Kafka partition the record came from."),
        sa.Column("record_offset", sa.BigInteger(), nullable=False, comment="Kafka offset of the record."),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Kafka timestamp of the record.",
        ),
        sa.Column(
            "error_code", sa.Text(), nullable=False, comment="Stable word, listed in docs/messages.md."
        ),
        sa.Column(
            "error_detail",
            sa.Text(),
            nullable=False,
            comment="What is wrong, for whoever mends the publisher.",
        ),
        sa.Column(
            "failed_at", sa.DateTime(timezone=True), nullable=False, comment="When the service gave it up."
        ),
        sa.Column(
            "record_key", sa.LargeBinary(), nullable=True, comment="Kafka key, at most its first 1,024 bytes."
        ),
        sa.Column(
            "value_head", sa.LargeBinary(), nullable=False, comment="First 1,024 bytes of the record's value."
        ),
        sa.Column(
            "value_bytes",
            sa.BigInteger(),
            nullable=False,
            comment="Size of the whole value, kept in the dead topic.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("dead_letter_pk")),
        comment="Records that could not be processed, and why. Replay: `brand-monitor dead-letters`.",
    )
    op.create_index(
        op.f("dead_letter_error_code_failed_at_ix"), "dead_letter", ["error_code", "failed_at"], unique=False
    )
    op.create_index(op.f("dead_letter_failed_at_ix"), "dead_letter", ["failed_at"], unique=False)
    op.create_index(
        op.f("dead_letter_log_id_topic_partition_record_offset_ix"),
        "dead_letter",
        ["log_id", "topic", "partition", "record_offset"],
        unique=False,
    )
    op.create_table(
        "ingest_batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("log_id", sa.Text(), nullable=False, comment="Kafka cluster."),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("first_offset", sa.BigInteger(), nullable=False),
        sa.Column("last_offset", sa.BigInteger(), nullable=False),
        sa.Column(
            "offsets", postgresql.INT8MULTIRANGE(), nullable=False, comment="Exactly the offsets written."
        ),
        sa.Column(
            "rejected_offsets",
            postgresql.INT8MULTIRANGE(),
            nullable=False,
            comment="Those of them in dead_letter.",
        ),
        sa.Column(
            "deliveries",
            sa.Integer(),
            nullable=False,
            comment="How often Kafka delivered this batch; the counts add up.",
        ),
        sa.Column("records", sa.BigInteger(), nullable=False, comment="stored + replaced + rejected."),
        sa.Column("stored", sa.BigInteger(), nullable=False, comment="Mentions not seen before."),
        sa.Column(
            "replaced", sa.BigInteger(), nullable=False, comment="Records whose mention was there already."
        ),
        sa.Column("rejected", sa.BigInteger(), nullable=False, comment="Dead letters."),
        sa.Column(
            "written_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was last written.",
        ),
        sa.CheckConstraint("records = stored + replaced + rejected", name=op.f("ingest_batch_adds_up_ck")),
        sa.PrimaryKeyConstraint("id", name=op.f("ingest_batch_pk")),
        sa.UniqueConstraint(
            "log_id",
            "topic",
            "partition",
            "first_offset",
            "last_offset",
            name=op.f("ingest_batch_log_id_topic_partition_first_offset_last_offset_uq"),
        ),
        comment="One row per batch of one partition: what `brand-monitor status --audit` adds up.",
    )
    op.create_index(op.f("ingest_batch_written_at_ix"), "ingest_batch", ["written_at"], unique=False)
    op.create_table(
        "picture",
        sa.Column("sha256", sa.Text(), nullable=False, comment="SHA-256 of the file, hexadecimal."),
        sa.Column("media_type", sa.Text(), nullable=False, comment="image/jpeg, image/png or image/webp."),
        sa.Column("width", sa.Integer(), nullable=False, comment="Pixels, after EXIF rotation."),
        sa.Column("height", sa.Integer(), nullable=False, comment="Pixels, after EXIF rotation."),
        sa.Column("n_bytes", sa.BigInteger(), nullable=False, comment="Size of the file."),
        sa.Column("url", sa.Text(), nullable=False, comment="Where the picture store keeps the file."),
        sa.Column(
            "stored_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was first written.",
        ),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("picture_sha256_ck")),
        sa.CheckConstraint("width > 0 AND height > 0 AND n_bytes > 0", name=op.f("picture_size_ck")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("picture_pk")),
        comment="A picture, once for equal bytes, however many mentions show it.",
    )
    op.create_table(
        "picture_scan",
        sa.Column("picture_sha256", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False, comment="name@version of the logo model."),
        sa.Column(
            "brands_key",
            sa.Text(),
            nullable=False,
            comment="Digest of the logo labels looked for; a changed brands.toml makes the scan due again.",
        ),
        sa.Column(
            "scanned_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When this scan was last written.",
        ),
        sa.ForeignKeyConstraint(
            ["picture_sha256"], ["picture.sha256"], name=op.f("picture_scan_picture_sha256_fk")
        ),
        sa.PrimaryKeyConstraint("picture_sha256", "model_version", name=op.f("picture_scan_pk")),
        comment="A picture was searched for logos by one model version; having no detection is a result too.",
    )
    op.create_table(
        "logo_detection",
        sa.Column(
            "id",
            sa.Uuid(),
            nullable=False,
            comment="UUID v5 of scan, brand and box: the same find keeps its id.",
        ),
        sa.Column("picture_sha256", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False, comment="name@version of the logo model."),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column(
            "score",
            sa.Double(),
            nullable=False,
            comment="Confidence, 0..1; only finds at or above the threshold.",
        ),
        sa.Column("x", sa.Double(), nullable=False, comment="Left edge, 0..1 of the picture's width."),
        sa.Column("y", sa.Double(), nullable=False, comment="Top edge, 0..1 of the picture's height."),
        sa.Column("width", sa.Double(), nullable=False, comment="0..1 of the picture's width."),
        sa.Column("height", sa.Double(), nullable=False, comment="0..1 of the picture's height."),
        sa.CheckConstraint("score BETWEEN 0 AND 1", name=op.f("logo_detection_score_ck")),
        sa.CheckConstraint(
            "x >= 0 AND y >= 0 AND width > 0 AND height > 0 AND x + width <= 1.000001 AND y + height <= 1.000001",
            name=op.f("logo_detection_box_ck"),
        ),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("logo_detection_brand_id_fk")),
        sa.ForeignKeyConstraint(
            ["picture_sha256", "model_version"],
            ["picture_scan.picture_sha256", "picture_scan.model_version"],
            name=op.f("logo_detection_picture_sha256_model_version_fk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("logo_detection_pk")),
        comment="One logo found in one picture by one model version.",
    )
    op.create_index(op.f("logo_detection_brand_id_ix"), "logo_detection", ["brand_id"], unique=False)
    op.create_index(
        op.f("logo_detection_picture_sha256_model_version_ix"),
        "logo_detection",
        ["picture_sha256", "model_version"],
        unique=False,
    )
    op.create_table(
        "mention",
        sa.Column("id", sa.Uuid(), nullable=False, comment="UUID v5 of kind, source and external_id."),
        sa.Column(
            "post_id", sa.Uuid(), nullable=False, comment="Shared by the text and the picture of one post."
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="text or image."),
        sa.Column(
            "source", sa.Text(), nullable=False, comment="Where it was published, as the publisher names it."
        ),
        sa.Column(
            "external_id", sa.Text(), nullable=False, comment="The publisher's id, unique within the source."
        ),
        sa.Column(
            "published_at", sa.DateTime(timezone=True), nullable=False, comment="When it was published."
        ),
        sa.Column("text", sa.Text(), nullable=True, comment="What was said; the caption of a picture."),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True, comment="Where to read it."),
        sa.Column("lang", sa.Text(), nullable=True, comment="Language, as the publisher gave it."),
        sa.Column("reach", sa.BigInteger(), nullable=True, comment="People who may have seen it."),
        sa.Column("picture_sha256", sa.Text(), nullable=True, comment="The picture of an image mention."),
        sa.Column(
            "model_version",
            sa.Text(),
            nullable=False,
            comment="Model that scored it: sentiment for text, else logo.",
        ),
        sa.Column("log_id", sa.Text(), nullable=False, comment="Kafka cluster the record came from."),
        sa.Column("topic", sa.Text(), nullable=False, comment="Kafka topic the record came from."),
        sa.Column("partition", sa.Integer(), nullable=False, comment="Kafka partition the record came from."),
        sa.Column("record_offset", sa.BigInteger(), nullable=False, comment="Kafka offset of the record."),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Kafka timestamp of the record.",
        ),
        sa.Column(
            "first_stored_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the mention was first written.",
        ),
        sa.Column(
            "stored_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When this version of it was written.",
        ),
        sa.CheckConstraint(
            "(kind = 'image') = (picture_sha256 IS NOT NULL)", name=op.f("mention_picture_ck")
        ),
        sa.CheckConstraint("kind = 'image' OR text IS NOT NULL", name=op.f("mention_text_ck")),
        sa.CheckConstraint("kind IN ('text', 'image')", name=op.f("mention_kind_ck")),
        sa.CheckConstraint(
            "published_at BETWEEN '0001-01-02 00:00:00+00' AND '9999-12-30 00:00:00+00'",
            name=op.f("mention_published_at_ck"),
        ),
        sa.CheckConstraint("reach >= 0", name=op.f("mention_reach_ck")),
        sa.ForeignKeyConstraint(
            ["picture_sha256", "model_version"],
            ["picture_scan.picture_sha256", "picture_scan.model_version"],
            name=op.f("mention_picture_sha256_model_version_fk"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("mention_pk")),
        comment="Something somebody published. (kind, source, external_id) names it for good; each is one row.",
    )
    op.create_index(op.f("mention_picture_sha256_ix"), "mention", ["picture_sha256"], unique=False)
    op.create_index(op.f("mention_post_id_ix"), "mention", ["post_id"], unique=False)
    op.create_index(op.f("mention_published_at_id_ix"), "mention", ["published_at", "id"], unique=False)
    op.create_index(
        op.f("mention_source_published_at_ix"), "mention", ["source", "published_at"], unique=False
    )
    op.create_table(
        "brand_mention",
        sa.Column("mention_id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column(
            "start_char", sa.Integer(), nullable=False, comment="First character in mention.text, from 0."
        ),
        sa.Column("end_char", sa.Integer(), nullable=False, comment="Character after the last one."),
        sa.Column("matched", sa.Text(), nullable=False, comment="The brand as written there."),
        sa.CheckConstraint("start_char >= 0 AND end_char > start_char", name=op.f("brand_mention_span_ck")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("brand_mention_brand_id_fk")),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mention.id"], name=op.f("brand_mention_mention_id_fk"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mention_id", "brand_id", "start_char", name=op.f("brand_mention_pk")),
        comment="A text or caption names a brand here.",
    )
    op.create_index(op.f("brand_mention_brand_id_ix"), "brand_mention", ["brand_id"], unique=False)
    op.create_table(
        "correction",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("mention_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="sentiment or logo."),
        sa.Column(
            "content_sha256",
            sa.Text(),
            nullable=False,
            comment="SHA-256 of the text (UTF-8) or picture judged; counts only while the content is that.",
        ),
        sa.Column("label", sa.Text(), nullable=True, comment="sentiment: the right label."),
        sa.Column(
            "detection_id",
            sa.Uuid(),
            nullable=True,
            comment="logo: the find judged; null for a logo the model missed.",
        ),
        sa.Column(
            "brand_id",
            sa.Integer(),
            nullable=True,
            comment="sentiment: toward this brand, null for all. logo: what is there, null for nothing.",
        ),
        sa.Column("x", sa.Double(), nullable=True, comment="Left edge, 0..1 of the picture's width."),
        sa.Column("y", sa.Double(), nullable=True, comment="Top edge, 0..1 of the picture's height."),
        sa.Column("width", sa.Double(), nullable=True, comment="0..1 of the picture's width."),
        sa.Column("height", sa.Double(), nullable=True, comment="0..1 of the picture's height."),
        sa.Column("corrected_by", sa.Text(), nullable=False, comment="Who."),
        sa.Column(
            "corrected_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When.",
        ),
        sa.Column("note", sa.Text(), nullable=True, comment="Why, in that person's words."),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column(
            "undone_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Set when taken back; the row stays.",
        ),
        sa.CheckConstraint(
            "CASE subject WHEN 'sentiment' THEN label IS NOT NULL AND detection_id IS NULL AND x IS NULL ELSE label IS NULL AND (detection_id IS NOT NULL OR brand_id IS NOT NULL) END",
            name=op.f("correction_shape_ck"),
        ),
        sa.CheckConstraint("label IN ('negative', 'neutral', 'positive')", name=op.f("correction_label_ck")),
        sa.CheckConstraint(
            "subject = 'sentiment' OR (brand_id IS NULL) = (x IS NULL)", name=op.f("correction_logo_box_ck")
        ),
        sa.CheckConstraint("subject IN ('sentiment', 'logo')", name=op.f("correction_subject_ck")),
        sa.CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name=op.f("correction_undone_ck")),
        sa.CheckConstraint("num_nulls(x, y, width, height) IN (0, 4)", name=op.f("correction_whole_box_ck")),
        sa.CheckConstraint(
            "x >= 0 AND y >= 0 AND width > 0 AND height > 0 AND x + width <= 1.000001 AND y + height <= 1.000001",
            name=op.f("correction_box_ck"),
        ),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("correction_brand_id_fk")),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mention.id"], name=op.f("correction_mention_id_fk"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("correction_pk")),
        comment="What people said the model got wrong: a sentiment label, or a logo's brand and box.",
    )
    op.create_index(
        "correction_active_logo_ix",
        "correction",
        ["detection_id"],
        unique=True,
        postgresql_where=sa.text("subject = 'logo' AND undone_at IS NULL"),
    )
    op.create_index(
        "correction_active_sentiment_ix",
        "correction",
        ["mention_id", "brand_id", "content_sha256"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("subject = 'sentiment' AND undone_at IS NULL"),
    )
    op.create_index(op.f("correction_content_sha256_ix"), "correction", ["content_sha256"], unique=False)
    op.create_index(op.f("correction_mention_id_ix"), "correction", ["mention_id"], unique=False)
    op.create_table(
        "sentiment",
        sa.Column("mention_id", sa.Uuid(), nullable=False),
        sa.Column(
            "brand_id", sa.Integer(), nullable=True, comment="Toward this brand; null for the whole text."
        ),
        sa.Column(
            "label", sa.Text(), nullable=False, comment="negative, neutral or positive: the model's word."
        ),
        sa.Column("p_negative", sa.Double(), nullable=False, comment="Probability, 0..1."),
        sa.Column("p_neutral", sa.Double(), nullable=False, comment="Probability, 0..1."),
        sa.Column("p_positive", sa.Double(), nullable=False, comment="Probability, 0..1."),
        sa.Column("model_version", sa.Text(), nullable=False, comment="name@version of the sentiment model."),
        sa.CheckConstraint("label IN ('negative', 'neutral', 'positive')", name=op.f("sentiment_label_ck")),
        sa.CheckConstraint(
            "p_negative BETWEEN 0 AND 1 AND p_neutral BETWEEN 0 AND 1 AND p_positive BETWEEN 0 AND 1",
            name=op.f("sentiment_probabilities_ck"),
        ),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("sentiment_brand_id_fk")),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mention.id"], name=op.f("sentiment_mention_id_fk"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint(
            "mention_id",
            "brand_id",
            name=op.f("sentiment_mention_id_brand_id_uq"),
            postgresql_nulls_not_distinct=True,
        ),
        comment="How a text feels as a whole, and toward each brand where the model can tell. Model output only.",
    )


def downgrade() -> None:
    op.drop_table("sentiment")
    op.drop_index(op.f("correction_mention_id_ix"), table_name="correction")
    op.drop_index(op.f("correction_content_sha256_ix"), table_name="correction")
    op.drop_index(
        "correction_active_sentiment_ix",
        table_name="correction",
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("subject = 'sentiment' AND undone_at IS NULL"),
    )
    op.drop_index(
        "correction_active_logo_ix",
        table_name="correction",
        postgresql_where=sa.text("subject = 'logo' AND undone_at IS NULL"),
    )
    op.drop_table("correction")
    op.drop_index(op.f("brand_mention_brand_id_ix"), table_name="brand_mention")
    op.drop_table("brand_mention")
    op.drop_index(op.f("mention_source_published_at_ix"), table_name="mention")
    op.drop_index(op.f("mention_published_at_id_ix"), table_name="mention")
    op.drop_index(op.f("mention_post_id_ix"), table_name="mention")
    op.drop_index(op.f("mention_picture_sha256_ix"), table_name="mention")
    op.drop_table("mention")
    op.drop_index(op.f("logo_detection_picture_sha256_model_version_ix"), table_name="logo_detection")
    op.drop_index(op.f("logo_detection_brand_id_ix"), table_name="logo_detection")
    op.drop_table("logo_detection")
    op.drop_table("picture_scan")
    op.drop_table("picture")
    op.drop_index(op.f("ingest_batch_written_at_ix"), table_name="ingest_batch")
    op.drop_table("ingest_batch")
    op.drop_index(op.f("dead_letter_log_id_topic_partition_record_offset_ix"), table_name="dead_letter")
    op.drop_index(op.f("dead_letter_failed_at_ix"), table_name="dead_letter")
    op.drop_index(op.f("dead_letter_error_code_failed_at_ix"), table_name="dead_letter")
    op.drop_table("dead_letter")
    op.drop_table("brand")
