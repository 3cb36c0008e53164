"""Tables of mentions, the brands they name and how they feel.

`metadata` is that of `monitor.storage.tables`, with these in it.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from monitor.storage.picture_tables import picture_scan
from monitor.storage.tables import LABELS, brand, metadata, moment, position

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
    *position(),
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
