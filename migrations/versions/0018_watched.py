"""Which brands are watched: brand.watched, so that one taken out of brands.toml is history and no choice."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # All are, until a worker begins with its brands.toml and says which are not.
    op.add_column(
        "brand",
        sa.Column(
            "watched",
            sa.Boolean(),
            server_default=sa.true(),
            nullable=False,
            comment="In brands.toml when a worker last began, or in the gallery; else it is history only.",
        ),
    )
    _for_role("brand_monitor_write", "GRANT UPDATE (watched) ON brand TO brand_monitor_write")


def downgrade() -> None:
    op.drop_column("brand", "watched")


def _for_role(role: str, statement: str) -> None:
    """Run a statement about a role, or say why not (0003 tells who may)."""
    op.execute(f"""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN {statement}; END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'brand-monitor: no rights granted to %: %', '{role}', SQLERRM;
        END $$
    """)
