"""The brand gallery: versions, entries and their reference pictures, with the roles' rights."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Entries are ended, never changed or deleted: what an old version found stays traceable.
_WRITES = {
    "gallery_version": "INSERT",
    "gallery_entry": "INSERT, UPDATE (removed_in)",
    "gallery_reference": "INSERT",
}


def upgrade() -> None:
    op.create_table(
        "gallery_version",
        sa.Column(
            "version",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Stands in model_version of the scans made with it, after +gallery-.",
        ),
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was made.",
        ),
        sa.Column("note", sa.Text(), nullable=False, comment="What changed from the version before."),
        sa.PrimaryKeyConstraint("version", name=op.f("gallery_version_pk")),
        comment="Each change of the brand gallery. Workers use the latest from the next batch of pictures on.",
    )
    op.create_table(
        "gallery_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column(
            "embedder",
            sa.Text(),
            nullable=False,
            comment="name@version of the model that made the embeddings.",
        ),
        sa.Column(
            "threshold",
            sa.Double(),
            nullable=False,
            comment="Cosine similarity from which a box shows the brand.",
        ),
        sa.Column("calibration", JSONB(), nullable=False, comment="How the threshold was chosen."),
        sa.Column(
            "embeddings",
            sa.LargeBinary(),
            nullable=False,
            comment="MessagePack: rows, columns, float32 values.",
        ),
        sa.Column("added_in", sa.BigInteger(), nullable=False, comment="First gallery version with it."),
        sa.Column(
            "removed_in",
            sa.BigInteger(),
            nullable=True,
            comment="First gallery version without it; null while it is in use.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("gallery_entry_pk")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("gallery_entry_brand_id_fk")),
        sa.ForeignKeyConstraint(
            ["added_in"], ["gallery_version.version"], name=op.f("gallery_entry_added_in_fk")
        ),
        sa.ForeignKeyConstraint(
            ["removed_in"], ["gallery_version.version"], name=op.f("gallery_entry_removed_in_fk")
        ),
        sa.CheckConstraint("threshold BETWEEN -1 AND 1", name=op.f("gallery_entry_threshold_ck")),
        sa.CheckConstraint("removed_in > added_in", name=op.f("gallery_entry_versions_ck")),
        comment="A brand in the gallery, in the versions from added_in to before removed_in.",
    )
    op.create_index(
        "gallery_entry_in_use_ix",
        "gallery_entry",
        ["brand_id"],
        unique=True,
        postgresql_where=sa.text("removed_in IS NULL"),
    )
    op.create_table(
        "gallery_reference",
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="From 1, as they were given."),
        sa.Column("name", sa.Text(), nullable=False, comment="Name of the file."),
        sa.Column("file_sha256", sa.Text(), nullable=False, comment="SHA-256 of the file, hexadecimal."),
        sa.Column(
            "picture", sa.LargeBinary(), nullable=False, comment="PNG: the logo and what was around it."
        ),
        sa.Column("x", sa.Integer(), nullable=False, comment="Left edge of the logo in the PNG, px."),
        sa.Column("y", sa.Integer(), nullable=False, comment="Top edge, px."),
        sa.Column("width", sa.Integer(), nullable=False, comment="Px."),
        sa.Column("height", sa.Integer(), nullable=False, comment="Px."),
        sa.PrimaryKeyConstraint("entry_id", "position", name=op.f("gallery_reference_pk")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["gallery_entry.id"], name=op.f("gallery_reference_entry_id_fk")
        ),
        sa.CheckConstraint(
            "x >= 0 AND y >= 0 AND width > 0 AND height > 0", name=op.f("gallery_reference_box_ck")
        ),
        comment="The pictures a gallery entry was made from; it can be made again from them.",
    )
    for table, rights in _WRITES.items():
        _for_role("brand_monitor_read", f"GRANT SELECT ON {table} TO brand_monitor_read")
        _for_role("brand_monitor_write", f"GRANT SELECT, {rights} ON {table} TO brand_monitor_write")
        _for_role("brand_monitor_migrate", f"ALTER TABLE {table} OWNER TO brand_monitor_migrate")


def downgrade() -> None:
    for table in reversed(_WRITES):
        op.drop_table(table)


def _for_role(role: str, statement: str) -> None:
    """Run a statement about a role, or say why not (0003 tells who may)."""
    op.execute(f"""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN {statement}; END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'brand-monitor: no rights granted to %: %', '{role}', SQLERRM;
        END $$
    """)
