"""What all tables share: their metadata, columns that come again, and the brands that others point at.

The tables stand in the modules `…_tables`; migrations/ makes them, and a test holds the two equal. Comments
are stored in the database too, so that a SQL client explains itself.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Identity,
    Integer,
    MetaData,
    Table,
    Text,
    true,
)

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


def position() -> list[Column[Any]]:
    """Columns of a record's place."""
    return [
        Column("log_id", Text, nullable=False, comment="Kafka cluster the record came from."),
        Column("topic", Text, nullable=False, comment="Kafka topic the record came from."),
        Column("partition", Integer, nullable=False, comment="Kafka partition the record came from."),
        Column("record_offset", BigInteger, nullable=False, comment="Kafka offset of the record."),
        moment("recorded_at", "Kafka timestamp of the record."),
    ]


def box(*, nullable: bool = False) -> list[Column[Any]]:
    """Columns of a place in a picture, relative to its size."""
    return [
        Column("x", Double, nullable=nullable, comment="Left edge, 0..1 of the picture's width."),
        Column("y", Double, nullable=nullable, comment="Top edge, 0..1 of the picture's height."),
        Column("width", Double, nullable=nullable, comment="0..1 of the picture's width."),
        Column("height", Double, nullable=nullable, comment="0..1 of the picture's height."),
    ]


# Half a ULP of slack would do; 1e-6 of a picture is a thousandth of a pixel.
BOX_INSIDE: Final = (
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
