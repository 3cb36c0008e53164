"""The tables, as SQLAlchemy sees them; migrations/ makes them, and a test holds the two equal.

Comments are stored in the database too, so that a SQL client explains itself.
"""

from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE, TSVECTOR

metadata: Final = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "fk": "%(table_name)s_%(column_0_N_name)s_fk",
        "uq": "%(table_name)s_%(column_0_N_name)s_uq",
        "ck": "%(table_name)s_%(constraint_name)s_ck",
        "ix": "%(table_name)s_%(column_0_N_name)s_ix",
    }
)

LABELS: Final = "'negative', 'neutral', 'positive'"


def moment(name: str, comment: str, *, nullable: bool = False, **options: Any) -> Column[Any]:
    """A column of moments, with zone."""
    return Column(name, DateTime(timezone=True), nullable=nullable, comment=comment, **options)


def _position() -> list[Column[Any]]:
    return [
        Column("log_id", Text, nullable=False, comment="Kafka cluster the record came from."),
        Column("topic", Text, nullable=False, comment="Kafka topic the record came from."),
        Column("partition", Integer, nullable=False, comment="Kafka partition the record came from."),
        Column("record_offset", BigInteger, nullable=False, comment="Kafka offset of the record."),
        moment("recorded_at", "Kafka timestamp of the record."),
    ]


def _box(*, nullable: bool = False) -> list[Column[Any]]:
    return [
        Column("x", Double, nullable=nullable, comment="Left edge, 0..1 of the picture's width."),
        Column("y", Double, nullable=nullable, comment="Top edge, 0..1 of the picture's height."),
        Column("width", Double, nullable=nullable, comment="0..1 of the picture's width."),
        Column("height", Double, nullable=nullable, comment="0..1 of the picture's height."),
    ]


# Half a ULP of slack would do; 1e-6 of a picture is a thousandth of a pixel.
_BOX_INSIDE: Final = (
    "x >= 0 AND y >= 0 AND width > 0 AND height > 0 AND x + width <= 1.000001 AND y + height <= 1.000001"
)

brand = Table(
    "brand",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, unique=True, comment="As in brands.toml."),
    Column("own", Boolean, nullable=False, comment="Ours; the others are competitors."),
    Column(
        "watched",
        Boolean,
        nullable=False,
        server_default=true(),
        comment="In brands.toml when a worker last began, or in the gallery; else it is history only.",
    ),
    comment="The brands watched, from brands.toml. One taken out of the file keeps its row and history.",
)

picture = Table(
    "picture",
    metadata,
    Column("sha256", Text, primary_key=True, comment="SHA-256 of the file, hexadecimal."),
    Column("media_type", Text, nullable=False, comment="image/jpeg, image/png or image/webp."),
    Column("width", Integer, nullable=False, comment="Pixels, after EXIF rotation."),
    Column("height", Integer, nullable=False, comment="Pixels, after EXIF rotation."),
    Column("n_bytes", BigInteger, nullable=False, comment="Size of the file."),
    Column("url", Text, nullable=False, comment="Where the picture store keeps the file."),
    moment("stored_at", "When the row was first written.", server_default=func.now()),
    Column(
        "phash",
        BigInteger,
        comment="Perceptual hash, 64 bits: alike pictures differ in few of them; null: not worked out.",
    ),
    CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
    CheckConstraint("width > 0 AND height > 0 AND n_bytes > 0", name="size"),
    comment="A picture, once for equal bytes, however many mentions show it.",
)

picture_scan = Table(
    "picture_scan",
    metadata,
    Column("picture_sha256", Text, ForeignKey(picture.c.sha256), primary_key=True),
    Column("model_version", Text, primary_key=True, comment="name@version of the logo model."),
    Column(
        "brands_key",
        Text,
        nullable=False,
        comment="Digest of the logo labels looked for; a changed brands.toml makes the scan due again.",
    ),
    moment("scanned_at", "When this scan was last written.", server_default=func.now()),
    comment="A picture was searched for logos by one model version; having no detection is a result too.",
)

logo_detection = Table(
    "logo_detection",
    metadata,
    Column(
        "id", Uuid, primary_key=True, comment="UUID v5 of scan, brand and box: the same find keeps its id."
    ),
    Column("picture_sha256", Text, nullable=False),
    Column("model_version", Text, nullable=False, comment="name@version of the logo model."),
    Column("brand_id", Integer, ForeignKey(brand.c.id), nullable=False, index=True),
    Column(
        "score",
        Double,
        nullable=False,
        comment="Probability that the brand is shown there, 0..1; of finds stored before schema 0014 the "
        "network's score.",
    ),
    *_box(),
    Column("evidence", Text, nullable=False, comment="look, letters or both: by what it was found."),
    Column("look", Double, comment="The network's own score, 0..1; null: it saw nothing there."),
    Column(
        "letters", Double, comment="The reader's confidence in the letters, 0..1; null: none name the brand."
    ),
    Column("line", Text, comment="The whole line that names the brand, as read; null: none does."),
    ForeignKeyConstraint(
        ["picture_sha256", "model_version"],
        [picture_scan.c.picture_sha256, picture_scan.c.model_version],
        ondelete="CASCADE",
    ),
    Index(None, "picture_sha256", "model_version"),
    CheckConstraint("score BETWEEN 0 AND 1", name="score"),
    CheckConstraint(_BOX_INSIDE, name="box"),
    CheckConstraint("evidence IN ('look', 'letters', 'both')", name="evidence"),
    # A check of null holds: each witness of the evidence has to be there, and inside 0..1 where it is.
    CheckConstraint("(look IS NOT NULL OR evidence = 'letters') AND look BETWEEN 0 AND 1", name="look"),
    CheckConstraint(
        "(letters IS NOT NULL AND line IS NOT NULL OR evidence = 'look') AND letters BETWEEN 0 AND 1",
        name="letters",
    ),
    comment="One logo found in one picture by one model version.",
)

mention = Table(
    "mention",
    metadata,
    Column("id", Uuid, primary_key=True, comment="UUID v5 of kind, source and external_id."),
    Column(
        "post_id", Uuid, nullable=False, index=True, comment="Shared by the text and the picture of one post."
    ),
    Column("kind", Text, nullable=False, comment="text or image."),
    Column("source", Text, nullable=False, comment="Where it was published, as the publisher names it."),
    Column("external_id", Text, nullable=False, comment="The publisher's id, unique within the source."),
    moment("published_at", "When it was published."),
    Column("text", Text, comment="What was said; the caption of a picture."),
    Column("author", Text),
    Column("url", Text, comment="Where to read it."),
    Column("lang", Text, comment="Language, as the publisher gave it."),
    Column("reach", BigInteger, comment="People who may have seen it."),
    Column("picture_sha256", Text, comment="The picture of an image mention."),
    Column(
        "model_version", Text, nullable=False, comment="Model that scored it: sentiment for text, else logo."
    ),
    *_position(),
    Column(
        "n_brand_mentions",
        Integer,
        comment="Its rows in brand_mention; null where nobody counted (before schema 0010, made up).",
    ),
    Column("n_sentiments", Integer, comment="Its rows in sentiment; null as n_brand_mentions."),
    moment("first_stored_at", "When the mention was first written.", server_default=func.now()),
    moment("stored_at", "When this version of it was written.", server_default=func.now()),
    Column(
        "language",
        Text,
        nullable=False,
        comment="Language code (ISO 639): the publisher's, else the one detected, else und.",
    ),
    Column(
        "words",
        TSVECTOR,
        comment="Words it is found by. U+0001 among them: not all are here, look at the text; "
        "null: not read yet, look at the text.",
    ),
    Column("story_id", Uuid, nullable=False, comment="Shared by copies of one text or picture."),
    Column(
        "lead",
        Boolean,
        nullable=False,
        comment="First of its story, by published_at, then id: the one that counts.",
    ),
    Column(
        "story_keys",
        ARRAY(BigInteger),
        comment="Mentions that share one are copies; null: none, or stored before schema 0012.",
    ),
    ForeignKeyConstraint(
        ["picture_sha256", "model_version"], [picture_scan.c.picture_sha256, picture_scan.c.model_version]
    ),
    Index(None, "picture_sha256", postgresql_where=text("picture_sha256 IS NOT NULL")),
    # Descending pages and date ranges; sources within them.
    Index(None, "published_at", "id"),
    Index(None, "source", "published_at"),
    # Words of any language as they are written: people search for names and phrases.
    Index(None, "words", postgresql_using="gin"),
    # Languages that few mentions have; copies of a story, the first of them first.
    Index(None, "language", "published_at", "id"),
    Index(None, "story_id", "published_at", "id"),
    # Those that nobody has read yet: a search looks at their texts.
    Index("mention_unread_ix", "published_at", "id", postgresql_where=text("words IS NULL")),
    Index(
        "mention_most_reached_ix",
        *("source", "kind", text("coalesce(reach, -1)"), "id", "published_at", "language", "lead"),
    ),
    CheckConstraint("kind IN ('text', 'image')", name="kind"),
    CheckConstraint("(kind = 'image') = (picture_sha256 IS NOT NULL)", name="picture"),
    CheckConstraint("kind = 'image' OR text IS NOT NULL", name="text"),
    CheckConstraint("reach >= 0", name="reach"),
    # A zone can push a date out of what client languages can read back (years 1 to 9999).
    CheckConstraint(
        "published_at BETWEEN '0001-01-02 00:00:00+00' AND '9999-12-30 00:00:00+00'", name="published_at"
    ),
    comment="Something somebody published. (kind, source, external_id) names it for good; each is one row.",
)

story_key = Table(
    "story_key",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False, comment="As in mention.story_keys."),
    Column(
        "period",
        Integer,
        primary_key=True,
        autoincrement=False,
        comment="30 days, counted from 1970: those of the mentions that have the key.",
    ),
    Column("story_id", Uuid, nullable=False, comment="Of those mentions."),
    comment="Which story copies belong to: every key of its mentions, for every 30 days in which one has it.",
)

brand_mention = Table(
    "brand_mention",
    metadata,
    Column("mention_id", Uuid, ForeignKey(mention.c.id, ondelete="CASCADE"), primary_key=True),
    Column("brand_id", Integer, ForeignKey(brand.c.id), primary_key=True, index=True),
    Column("start_char", Integer, primary_key=True, comment="First character in mention.text, from 0."),
    Column("end_char", Integer, nullable=False, comment="Character after the last one."),
    Column("matched", Text, nullable=False, comment="The brand as written there."),
    CheckConstraint("start_char >= 0 AND end_char > start_char", name="span"),
    comment="A text or caption names a brand here.",
)

sentiment = Table(
    "sentiment",
    metadata,
    Column("mention_id", Uuid, ForeignKey(mention.c.id, ondelete="CASCADE"), nullable=False),
    Column(
        "brand_id", Integer, ForeignKey(brand.c.id), comment="Toward this brand; null for the whole text."
    ),
    Column("label", Text, nullable=False, comment="negative, neutral, positive or unsure: the model's word."),
    Column("p_negative", Double, nullable=False, comment="Probability, 0..1."),
    Column("p_neutral", Double, nullable=False, comment="Probability, 0..1."),
    Column("p_positive", Double, nullable=False, comment="Probability, 0..1."),
    Column("model_version", Text, nullable=False, comment="name@version of the sentiment model."),
    UniqueConstraint("mention_id", "brand_id", postgresql_nulls_not_distinct=True),
    CheckConstraint(f"label IN ({LABELS}, 'unsure')", name="label"),
    CheckConstraint(
        "p_negative BETWEEN 0 AND 1 AND p_neutral BETWEEN 0 AND 1 AND p_positive BETWEEN 0 AND 1",
        name="probabilities",
    ),
    comment="How a text feels as a whole, and toward each brand where the model can tell. Model output only.",
)

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
    *_box(nullable=True),
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
    CheckConstraint(_BOX_INSIDE, name="box"),
    CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone"),
    comment="What people said the model got wrong: a sentiment label, or a logo's brand and box.",
)

dead_letter = Table(
    "dead_letter",
    metadata,
    Column(
        "id", Uuid, primary_key=True, comment="UUID v5 of the record's place: a redelivery is the same row."
    ),
    *_position(),
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

report_delivery = Table(
    "report_delivery",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("recipient", Text, nullable=False, comment="Whom; an apprise address without its secrets."),
    moment("since", "The report is about mentions published from here,"),
    moment("until", "to before here."),
    moment("due_at", "When the schedule asked for it."),
    Column(
        "state",
        Text,
        nullable=False,
        comment="skipped: due before the recipient was named; sending: handed over, or cut off while it was; "
        "sent; failed: to be tried again.",
    ),
    Column("attempts", Integer, nullable=False, comment="How often it was handed over."),
    moment("changed_at", "When the state became what it is.", server_default=func.now()),
    Column("detail", Text, comment="Why it failed, as the service said."),
    Column(
        "subscription_id",
        BigInteger,
        ForeignKey("subscription.id"),
        comment="The view that was sent; null: the report that the settings schedule.",
    ),
    UniqueConstraint("subscription_id", "recipient", "since", "until", postgresql_nulls_not_distinct=True),
    CheckConstraint("state IN ('skipped', 'sending', 'sent', 'failed')", name="state"),
    CheckConstraint("since < until AND until <= due_at", name="period"),
    comment="Scheduled reports: what was sent to whom, so that nobody gets a period twice or misses one.",
)
