"""What people answered: table `answer`, with the roles' rights, and an index of what waits for an answer."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "answer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "mention_id",
            sa.Uuid(),
            nullable=False,
            comment="The post that was looked at; it speaks for its whole story.",
        ),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="new (opened again), seen, answered or ignored."
        ),
        sa.Column("set_by", sa.Text(), nullable=False, comment="Who."),
        sa.Column(
            "set_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("now()"),
            comment="When.",
        ),
        sa.Column(
            "note",
            sa.Text(),
            nullable=True,
            comment="What was done or why not, in that person's words.",
        ),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column(
            "undone_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Set when taken back; the row stays.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("answer_pk")),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mention.id"], name=op.f("answer_mention_id_fk"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("state IN ('new', 'seen', 'answered', 'ignored')", name=op.f("answer_state_ck")),
        sa.CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name=op.f("answer_undone_ck")),
        comment="What people did about a story. Its state is what was set last at any of its mentions and not "
        "undone; new without any.",
    )
    op.create_index(op.f("answer_mention_id_ix"), "answer", ["mention_id"])
    op.create_index(
        "answer_standing_ix", "answer", ["mention_id", "id"], postgresql_where=sa.text("undone_at IS NULL")
    )
    # A month's criticism of one brand is read from here alone, whatever else is said of it.
    op.create_index(
        "presence_to_answer_ix",
        "presence",
        [
            "brand_id",
            "published_at",
            "mention_id",
            "story_id",
            "reach",
            "label",
            "source",
            "language",
            "lead",
        ],
        postgresql_where=sa.text("label IN ('negative', 'unsure')"),
    )
    _for_role("brand_monitor_read", "GRANT SELECT ON answer TO brand_monitor_read")
    _for_role(
        "brand_monitor_write",
        "GRANT SELECT, INSERT, UPDATE (undone_by, undone_at) ON answer TO brand_monitor_write",
    )
    _for_role("brand_monitor_migrate", "ALTER TABLE answer OWNER TO brand_monitor_migrate")


def downgrade() -> None:
    op.drop_index("presence_to_answer_ix", table_name="presence")
    op.drop_table("answer")


def _for_role(role: str, statement: str) -> None:
    """Run a statement about a role, or say why not (0003 tells who may)."""
    op.execute(f"""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN {statement}; END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'brand-monitor: no rights granted to %: %', '{role}', SQLERRM;
        END $$
    """)
