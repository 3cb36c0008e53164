"""The brand gallery's tables; `metadata` is that of `monitor.storage.tables`, complete with them.

Entries are never changed or deleted, only ended: the gallery of every version there was can be read again,
and a detection leads back to the pictures it was compared with.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from monitor.storage.tables import brand, metadata

__all__: Final = ["gallery_entry", "gallery_reference", "gallery_version", "metadata"]

gallery_version = Table(
    "gallery_version",
    metadata,
    Column(
        "version",
        BigInteger,
        Identity(always=True),
        primary_key=True,
        comment="Stands in model_version of the scans made with it, after +gallery-.",
    ),
    Column(
        "made_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=func.now(),
        comment="When it was made.",
    ),
    Column("note", Text, nullable=False, comment="What changed from the version before."),
    comment="Each change of the brand gallery. Workers use the latest from the next batch of pictures on.",
)

gallery_entry = Table(
    "gallery_entry",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("brand_id", Integer, ForeignKey(brand.c.id), nullable=False),
    Column("embedder", Text, nullable=False, comment="name@version of the model that made the embeddings."),
    Column(
        "threshold", Double, nullable=False, comment="Cosine similarity from which a box shows the brand."
    ),
    Column("calibration", JSONB, nullable=False, comment="How the threshold was chosen."),
    Column("embeddings", LargeBinary, nullable=False, comment="MessagePack: rows, columns, float32 values."),
    Column(
        "added_in",
        BigInteger,
        ForeignKey(gallery_version.c.version),
        nullable=False,
        comment="First gallery version with it.",
    ),
    Column(
        "removed_in",
        BigInteger,
        ForeignKey(gallery_version.c.version),
        comment="First gallery version without it; null while it is in use.",
    ),
    Index("gallery_entry_in_use_ix", "brand_id", unique=True, postgresql_where=text("removed_in IS NULL")),
    CheckConstraint("threshold BETWEEN -1 AND 1", name="threshold"),
    CheckConstraint("removed_in > added_in", name="versions"),
    comment="A brand in the gallery, in the versions from added_in to before removed_in.",
)

gallery_reference = Table(
    "gallery_reference",
    metadata,
    Column("entry_id", BigInteger, ForeignKey(gallery_entry.c.id), primary_key=True),
    Column("position", Integer, primary_key=True, comment="From 1, as they were given."),
    Column("name", Text, nullable=False, comment="Name of the file."),
    Column("file_sha256", Text, nullable=False, comment="SHA-256 of the file, hexadecimal."),
    Column("picture", LargeBinary, nullable=False, comment="PNG: the logo and what was around it."),
    Column("x", Integer, nullable=False, comment="Left edge of the logo in the PNG, px."),
    Column("y", Integer, nullable=False, comment="Top edge, px."),
    Column("width", Integer, nullable=False, comment="Px."),
    Column("height", Integer, nullable=False, comment="Px."),
    CheckConstraint("x >= 0 AND y >= 0 AND width > 0 AND height > 0", name="box"),
    comment="The pictures a gallery entry was made from; it can be made again from them.",
)
