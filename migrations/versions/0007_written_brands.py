"""Brand names read in pictures: table written_brand, view written_sighting, mention_detail.brands_written.

Evidence with its own column: no other view and no roll-up reads it, so figures before and after MONITOR_OCR was
turned on stay comparable.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BOX_INSIDE = (
    "x >= 0 AND y >= 0 AND width > 0 AND height > 0 AND x + width <= 1.000001 AND y + height <= 1.000001"
)

_SIGHTING = """
    SELECT m.id AS mention_id, m.post_id, m.published_at, m.source, m.author, m.url, m.reach, m.picture_sha256,
           w.position, w.brand_id, b.name AS brand, w.matched, w.line, w.score, w.x, w.y, w.width, w.height,
           w.model_version,
           EXISTS (SELECT FROM effective_detection AS d
                   WHERE d.picture_sha256 = m.picture_sha256 AND d.model_version = m.model_version
                     AND d.brand_id = w.brand_id) AS shown
    FROM mention AS m
    JOIN written_brand AS w ON w.picture_sha256 = m.picture_sha256 AND w.model_version = m.model_version
    JOIN brand AS b ON b.id = w.brand_id
"""

# As in 0002; PostgreSQL lets a view grow at its end only.
_DETAIL = """
    SELECT m.id AS mention_id, m.kind, m.source, m.external_id, m.published_at, m.author, m.url, m.lang, m.reach,
           m.text,
           ARRAY(SELECT DISTINCT b.name FROM brand_mention AS n JOIN brand AS b ON b.id = n.brand_id
                 WHERE n.mention_id = m.id ORDER BY 1) AS brands_named,
           ARRAY(SELECT DISTINCT l.brand FROM logo_sighting AS l WHERE l.mention_id = m.id ORDER BY 1)
               AS brands_shown,
           s.label AS sentiment, s.p_negative, s.p_neutral, s.p_positive,
           s.correction_id IS NOT NULL
               OR EXISTS (SELECT FROM logo_sighting AS l WHERE l.mention_id = m.id AND l.corrected) AS corrected,
           p.url AS picture_url, p.width AS picture_width, p.height AS picture_height, m.model_version, m.stored_at
           {more}
    FROM mention AS m
    LEFT JOIN effective_sentiment AS s ON s.mention_id = m.id AND s.brand_id IS NULL
    LEFT JOIN picture AS p ON p.sha256 = m.picture_sha256
"""
_WRITTEN = """,
           ARRAY(SELECT DISTINCT b.name FROM written_brand AS w JOIN brand AS b ON b.id = w.brand_id
                 WHERE w.picture_sha256 = m.picture_sha256 AND w.model_version = m.model_version ORDER BY 1)
               AS brands_written"""

_COMMENTS = {
    "VIEW written_sighting": "One row per brand name read in each image mention. Counts in no figure.",
    "COLUMN written_sighting.position": "From 0 in each picture, in reading order.",
    "COLUMN written_sighting.matched": "The brand as read there.",
    "COLUMN written_sighting.line": "The whole line it stands in, as read.",
    "COLUMN written_sighting.score": "The reader''s confidence in the line, 0..1.",
    "COLUMN written_sighting.shown": "The picture also shows the brand''s logo, as it counts.",
    "COLUMN mention_detail.brands_written": "Brands whose name was read in the picture (MONITOR_OCR).",
}
# A view made anew loses its comments and rights: those of 0002 and 0003.
_DETAIL_COMMENTS = {
    "VIEW mention_detail": "One row per mention, with everything found in it.",
    "COLUMN mention_detail.text": "What was said; the caption of a picture.",
    "COLUMN mention_detail.brands_named": "Brands named in the text or caption.",
    "COLUMN mention_detail.brands_shown": "Brands whose logo the picture shows.",
    "COLUMN mention_detail.sentiment": "Of the whole text, corrections included; null for pictures.",
    "COLUMN mention_detail.corrected": "A person changed something here.",
}


def upgrade() -> None:
    op.create_table(
        "written_brand",
        sa.Column("picture_sha256", sa.Text(), nullable=False),
        sa.Column(
            "model_version",
            sa.Text(),
            nullable=False,
            comment="name@version of the logo model, +words- and the reader's.",
        ),
        sa.Column("position", sa.Integer(), nullable=False, comment="From 0, in reading order."),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("matched", sa.Text(), nullable=False, comment="The brand as read there."),
        sa.Column("line", sa.Text(), nullable=False, comment="The whole line it stands in, as read."),
        sa.Column("score", sa.Double(), nullable=False, comment="The reader's confidence in the line, 0..1."),
        sa.Column("x", sa.Double(), nullable=False, comment="Left edge, 0..1 of the picture's width."),
        sa.Column("y", sa.Double(), nullable=False, comment="Top edge, 0..1 of the picture's height."),
        sa.Column("width", sa.Double(), nullable=False, comment="0..1 of the picture's width."),
        sa.Column("height", sa.Double(), nullable=False, comment="0..1 of the picture's height."),
        sa.CheckConstraint("position >= 0", name=op.f("written_brand_position_ck")),
        sa.CheckConstraint("score BETWEEN 0 AND 1", name=op.f("written_brand_score_ck")),
        sa.CheckConstraint(_BOX_INSIDE, name=op.f("written_brand_box_ck")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("written_brand_brand_id_fk")),
        sa.ForeignKeyConstraint(
            ["picture_sha256", "model_version"],
            ["picture_scan.picture_sha256", "picture_scan.model_version"],
            name=op.f("written_brand_picture_sha256_model_version_fk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("picture_sha256", "model_version", "position", name=op.f("written_brand_pk")),
        comment="A brand's name read in a picture (MONITOR_OCR). Evidence beside the logos: counts in no figure.",
    )
    op.create_index(op.f("written_brand_brand_id_ix"), "written_brand", ["brand_id"])
    op.execute(f"CREATE VIEW written_sighting AS {_SIGHTING}")
    op.execute(f"CREATE OR REPLACE VIEW mention_detail AS {_DETAIL.format(more=_WRITTEN)}")
    _comment(_COMMENTS)
    for things in ("written_brand", "written_sighting"):
        _grant(things)
    _for_role("brand_monitor_write", "GRANT INSERT, DELETE ON written_brand TO brand_monitor_write")
    _for_role("brand_monitor_migrate", "ALTER TABLE written_brand OWNER TO brand_monitor_migrate")
    _for_role("brand_monitor_migrate", "ALTER VIEW written_sighting OWNER TO brand_monitor_migrate")


def downgrade() -> None:
    op.execute("DROP VIEW mention_detail")
    op.execute(f"CREATE VIEW mention_detail AS {_DETAIL.format(more='')}")
    _comment(_DETAIL_COMMENTS)
    _grant("mention_detail")
    _for_role("brand_monitor_migrate", "ALTER VIEW mention_detail OWNER TO brand_monitor_migrate")
    op.execute("DROP VIEW written_sighting")
    op.drop_table("written_brand")


def _comment(comments: dict[str, str]) -> None:
    for thing, comment in comments.items():
        op.execute(f"COMMENT ON {thing} IS '{comment}'")


def _grant(thing: str) -> None:
    for role in ("brand_monitor_read", "brand_monitor_write"):
        _for_role(role, f"GRANT SELECT ON {thing} TO {role}")


def _for_role(role: str, statement: str) -> None:
    """Run a statement about a role, or say why not (0003 tells who may)."""
    op.execute(f"""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN {statement}; END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'brand-monitor: no rights granted to %: %', '{role}', SQLERRM;
        END $$
    """)
