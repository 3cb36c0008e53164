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
    "brand_pair_day",
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


def _language(name: str = "language", of: str = "", **options: Any) -> Column[Any]:
    return Column(name, Text, nullable=False, comment=f"As in mention{of}.", **options)


def _lead(**options: Any) -> Column[Any]:
    return Column("lead", Boolean, nullable=False, comment="As in mention.", **options)


def _of_pair(**options: Any) -> list[Column[Any]]:
    """The languages of a text and a picture, and whether both lead."""
    return [
        _language("text_language", ", of the text", **options),
        _language("image_language", ", of the picture's caption", **options),
        Column("lead", Boolean, nullable=False, comment="Both are the first of their stories.", **options),
    ]


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
    _language(),
    Column("story_id", Uuid, nullable=False, comment="As in mention."),
    _lead(),
    Index(None, "brand_id", "published_at", "mention_id"),
    # What is not wanted (other times, languages, copies) is passed over without reading its row.
    Index(
        "presence_surest_ix",
        *("brand_id", "label", "certainty", "published_at", "language", "lead"),
        postgresql_where=text("label IS NOT NULL"),
    ),
    Index(
        "presence_most_reached_ix",
        *("brand_id", "source", "kind", text("coalesce(reach, -1)"), "mention_id", "published_at"),
        *("language", "lead"),
    ),
    Index("presence_shown_ix", "published_at", "brand_id", "mention_id", postgresql_where=text("shown")),
    Index("presence_silent_ix", "published_at", "brand_id", "mention_id", postgresql_where=text("silent")),
    # What may want an answer, without reading a row.
    Index(
        "presence_to_answer_ix",
        *(
            "brand_id",
            "published_at",
            "mention_id",
            "story_id",
            "reach",
            "label",
            "source",
            "language",
            "lead",
        ),
        postgresql_where=text("label IN ('negative', 'unsure')"),
    ),
    Index(
        "presence_unscored_ix",
        *("published_at", "brand_id", "mention_id"),
        postgresql_where=text("kind = 'text' AND label IS NULL"),
    ),
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
    *_of_pair(),
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
    _language(primary_key=True),
    _lead(primary_key=True),
    _count("unscored", "Texts that the model did not score: it does not speak their language."),
    Index("mention_hour_unscored_ix", "hour", postgresql_where=text("unscored > 0")),
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
    _language(primary_key=True),
    _lead(primary_key=True),
    _count("unscored", "Texts that neither the model scored nor a person judged."),
    _count("unsure", "Texts that the model was not sure of, and no person judged."),
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
    _language(primary_key=True),
    _lead(primary_key=True),
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
    _language(primary_key=True),
    _lead(primary_key=True),
    _count("unscored", "As in brand_hour."),
    _count("unsure", "As in brand_hour."),
    comment="Mentions about each brand per day and source: whole days of brand_hour. Kept by triggers.",
)

brand_pair_day = Table(
    "brand_pair_day",
    metadata,
    _first("day"),
    Column("source", Text, primary_key=True),
    Column("brand_id", Integer, primary_key=True, autoincrement=False),
    *_of_pair(primary_key=True),
    _count("pairs", "Posts whose text and picture of that day are both about the brand."),
    _count("named", "Those whose text and caption name it."),
    comment="Posts that would count twice for a brand, per day and source. Kept by triggers.",
)

pair_day = Table(
    "pair_day",
    metadata,
    _first("day"),
    Column("source", Text, primary_key=True),
    _count("pairs", "Posts with a text and a picture."),
    _count("about", "Those both of which are about brands."),
    *_of_pair(primary_key=True),
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
    _language(primary_key=True),
    _lead(primary_key=True),
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
