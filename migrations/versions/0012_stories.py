"""Copies of one text or picture are found by keys: each mention's own, and which story has which.

What was stored before has no keys and stays a story of its own.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "mention",
        sa.Column(
            "story_keys",
            postgresql.ARRAY(sa.BigInteger()),
            comment="Mentions that share one are copies; null: none, or stored before schema 0012.",
        ),
    )
    op.create_table(
        "story_key",
        sa.Column("key", sa.BigInteger(), nullable=False, comment="As in mention.story_keys."),
        sa.Column(
            "period",
            sa.Integer(),
            nullable=False,
            comment="30 days, counted from 1970: those of the mentions that have the key.",
        ),
        sa.Column("story_id", sa.Uuid(), nullable=False, comment="Of those mentions."),
        sa.PrimaryKeyConstraint("key", "period", name=op.f("story_key_pk")),
        comment="Which story copies belong to: every key of its mentions, for every 30 days in which one has it.",
    )
    for role in ("brand_monitor_read", "brand_monitor_write"):
        _for_role(role, f"GRANT SELECT ON story_key TO {role}")
    _for_role(
        "brand_monitor_write",
        "GRANT INSERT, DELETE, UPDATE (story_id) ON story_key TO brand_monitor_write",
        "GRANT UPDATE (story_keys) ON mention TO brand_monitor_write",
    )
    _for_role("brand_monitor_migrate", "ALTER TABLE story_key OWNER TO brand_monitor_migrate")


def downgrade() -> None:
    op.drop_table("story_key")
    op.drop_column("mention", "story_keys")


def _for_role(role: str, *statements: str) -> None:
    """Run statements about a role, or say why not (0003 tells who may)."""
    body = " ".join(f"{statement};" for statement in statements)
    op.execute(f"""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN {body} END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'brand-monitor: no rights granted to %: %', '{role}', SQLERRM;
        END $$
    """)
