"""Roll-ups of texts that nobody corrected are worked out without the views of everything else.

Functions stand in 0022_plain_texts.sql. The index of pictures leaves out mentions without one.
"""

import re
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_PICTURES = "mention_picture_sha256_ix"


def upgrade() -> None:
    op.drop_index(_PICTURES, table_name="mention")
    op.create_index(
        _PICTURES, "mention", ["picture_sha256"], postgresql_where=sa.text("picture_sha256 IS NOT NULL")
    )
    _run(Path(__file__).with_suffix(".sql").read_text("utf-8"))
    op.execute("REVOKE ALL ON FUNCTION figures_of_texts(uuid[]) FROM PUBLIC")
    op.execute("""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'brand_monitor_migrate') THEN
                ALTER FUNCTION figures_of_texts(uuid[]) OWNER TO brand_monitor_migrate;
            END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'brand-monitor: no rights granted to %: %', 'brand_monitor_migrate', SQLERRM;
        END $$
    """)


def downgrade() -> None:
    script = Path(__file__).with_name("0020_pruning.sql").read_text("utf-8")
    found = re.search(r"CREATE OR REPLACE FUNCTION figures_catch_up\(\).*?END \$\$;", script, re.DOTALL)
    assert found is not None
    _run(found.group())
    op.execute("DROP FUNCTION figures_of_texts(uuid[])")
    op.drop_index(_PICTURES, table_name="mention")
    op.create_index(_PICTURES, "mention", ["picture_sha256"])


def _run(script: str) -> None:
    # Not through SQLAlchemy's text(): it takes colons for parameters.
    op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})
