"""Tables of pictures and what was found in them.

`metadata` is that of `monitor.storage.tables`, with these in it.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    func,
)

from monitor.storage.tables import BOX_INSIDE, box, brand, metadata, moment

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
    *box(),
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
    CheckConstraint(BOX_INSIDE, name="box"),
    CheckConstraint("evidence IN ('look', 'letters', 'both')", name="evidence"),
    # A check of null holds: each witness of the evidence has to be there, and inside 0..1 where it is.
    CheckConstraint("(look IS NOT NULL OR evidence = 'letters') AND look BETWEEN 0 AND 1", name="look"),
    CheckConstraint(
        "(letters IS NOT NULL AND line IS NOT NULL OR evidence = 'look') AND letters BETWEEN 0 AND 1",
        name="letters",
    ),
    comment="One logo found in one picture by one model version.",
)
