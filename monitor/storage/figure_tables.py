"""Tables of what is derived: triggers keep them in the transaction that changes the rows (migration 0005).

No foreign keys on purpose: whoever brings them up to date holds the lock of the figures and waits for nobody.
`metadata` is that of `monitor.storage.tables`, with these in it.
"""

from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from monitor.storage.tables import metadata

__all__: Final = [
    "about_hour",
    "brand_day",
    "brand_hour",
    "combination_hour",
    "figure_queue",
    "mention_hour",
    "metadata",
    "pair_day",
    "post_pair",
    "presence",
    "seeding",
]


def _moment(name: str, comment: str, **options: Any) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=False, comment=comment, **options)


def _first(name: str, **options: Any) -> Column[Any]:
    return _moment(name, "Its first moment (UTC).", primary_key=True, **options)


def _count(name: str, comment: str | None = None) -> Column[Any]:
    return Column(name, BigInteger, nullable=False, comment=comment)


presence = Table(
    "presence",
    metadata,
    Column("mention_id", Uuid, primary_key=True),
    Column("brand_id", Integer, primary_key=True),
    Column("post_id", Uuid, nullable=False, comment="As in mention."),
    _moment("published_at", "As in mention."),
    Column("source", Text, nullable=False, comment="As in mention."),
    Column("kind", Text, nullable=False, comment="As in mention."),
    Column("author", Text, comment="As in mention."),
    Column("reach", BigInteger, comment="As in mention."),
    Column("named", Boolean, nullable=False, comment="Its text or caption names the brand."),
    Column("shown", Boolean, nullable=False, comment="Its picture shows the brand's logo."),
    Column("silent", Boolean, nullable=False, comment="Shown, and nothing in the post names it."),
    Column("score", REAL, comment="Highest confidence among its logos, 0..1."),
    Column("label", Text, comment="How a text feels about the brand, as it counts."),
    Column("certainty", REAL, comment="The model's probability of that label, 0..1."),
    Column("corrected", Boolean, nullable=False, comment="A person changed something here."),
    Index(None, "brand_id", "published_at", "mention_id"),
    # The period stands at the end: what lies outside of it is passed over without reading its row.
    Index(
        "presence_surest_ix",
        *("brand_id", "label", "certainty", "published_at"),
        postgresql_where=text("label IS NOT NULL"),
    ),
    Index(
        "presence_most_reached_ix",
        *("brand_id", "source", "kind", text("coalesce(reach, -1)"), "mention_id", "published_at"),
    ),
    Index("presence_shown_ix", "published_at", "brand_id", "mention_id", postgresql_where=text("shown")),
    Index("presence_silent_ix", "published_at", "brand_id", "mention_id", postgresql_where=text("silent")),
    comment="One row per mention and brand it names or shows, as it counts now. Kept by triggers.",
)

post_pair = Table(
    "post_pair",
    metadata,
    Column("post_id", Uuid, primary_key=True),
    Column("source", Text, nullable=False),
    _moment("text_at", "published_at of the text.", index=True),
    _moment("image_at", "published_at of the picture."),
    Column("text_brands", ARRAY(Integer), nullable=False, comment="The text names them."),
    Column(
        "image_brands",
        ARRAY(Integer),
        nullable=False,
        comment="The picture shows or its caption names them.",
    ),
    Column("caption_brands", ARRAY(Integer), nullable=False, comment="The caption names them."),
    Index(
        "post_pair_other_day_ix",
        "text_at",
        postgresql_where=text("(text_at AT TIME ZONE 'UTC')::date <> (image_at AT TIME ZONE 'UTC')::date"),
    ),
    comment="Posts with a text and a picture: what keeps them from counting twice. Kept by triggers.",
)

mention_hour = Table(
    "mention_hour",
    metadata,
    _first("hour"),
    Column("source", Text, primary_key=True),
    Column("kind", Text, primary_key=True, comment="text or image."),
    Column("model_version", Text, primary_key=True, comment="Model that scored them."),
    _count("mentions"),
    comment="Mentions per hour, source, kind and model. Kept by triggers.",
)

brand_hour = Table(
    "brand_hour",
    metadata,
    _first("hour", index=True),
    Column("source", Text, primary_key=True),
    Column("brand_id", Integer, primary_key=True, autoincrement=False),
    _count("texts", "Text mentions that name the brand."),
    _count("images", "Image mentions that show or name it."),
    _count("captions", "Those whose caption names it."),
    _count("shown", "Those that show it."),
    _count("silent", "Those that show what the post never names."),
    _count("positive", "Texts, by what counts."),
    _count("neutral"),
    _count("negative"),
    comment="Mentions about each brand per hour and source. Kept by triggers.",
)

about_hour = Table(
    "about_hour",
    metadata,
    _first("hour"),
    Column("source", Text, primary_key=True),
    Column("kind", Text, primary_key=True, comment="text or image."),
    _count("mentions"),
    _count("silent", "Those that show a brand the post never names."),
    comment="Mentions about any brand, each once, per hour, source and kind. Kept by triggers.",
)

brand_day = Table(
    "brand_day",
    metadata,
    _first("day"),
    Column("source", Text, primary_key=True),
    Column("brand_id", Integer, primary_key=True, autoincrement=False),
    *(
        _count(name, "As in brand_hour.")
        for name in (
            *("texts", "images", "captions", "shown", "silent"),
            *("positive", "neutral", "negative"),
        )
    ),
    _count("twice", "Posts whose text and picture of that day are both about the brand."),
    _count("twice_named", "Those whose text and caption name it."),
    comment="Mentions about each brand per day and source: whole days of brand_hour. Kept by triggers.",
)

pair_day = Table(
    "pair_day",
    metadata,
    _first("day"),
    Column("source", Text, primary_key=True),
    _count("pairs", "Posts with a text and a picture."),
    _count("about", "Those both of which are about brands."),
    comment="Posts with a text and a picture of the same day (UTC). Kept by triggers.",
)

combination_hour = Table(
    "combination_hour",
    metadata,
    _first("hour"),
    Column("source", Text, primary_key=True),
    Column("kind", Text, primary_key=True, comment="text or image."),
    Column("brands", ARRAY(Integer), primary_key=True, comment="Ascending; two or more."),
    _count("mentions"),
    comment="Mentions about exactly these brands: what keeps them from counting twice. Kept by triggers.",
)

figure_queue = Table(
    "figure_queue",
    metadata,
    Column(
        "transaction",
        BigInteger,
        nullable=False,
        index=True,
        server_default=text("pg_current_xact_id()::text::bigint"),
        comment="Who touched them.",
    ),
    Column("posts", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
    Column("mentions", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
    Column("pictures", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("counted", JSONB, comment="By how much mention_hour moves."),
    comment="What a transaction touched, until its end; always empty to everybody else.",
    prefixes=["UNLOGGED"],
)

seeding = Table(
    "seeding",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("seeded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    _count("mentions", "How many were made up."),
    comment="`brand-monitor seed` made mentions up: a row here marks every page and report as synthetic.",
)
