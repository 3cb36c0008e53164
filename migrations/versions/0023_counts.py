"""Counts of any period by functions: what pages and reports read, and anybody with psql may call.

They stand in 0023_counts.sql; whatever reads the roll-ups over a period goes through them.
"""

import re
from pathlib import Path

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_SCRIPT = Path(__file__).with_suffix(".sql").read_text("utf-8")
_FUNCTIONS = re.findall(r"^CREATE FUNCTION (\w+)", _SCRIPT, re.MULTILINE)


def upgrade() -> None:
    # Not through SQLAlchemy's text(): it takes colons for parameters.
    op.get_bind().exec_driver_sql(_SCRIPT, execution_options={"no_parameters": True})
    owners = " ".join(f"ALTER FUNCTION {name} OWNER TO brand_monitor_migrate;" for name in _FUNCTIONS)
    op.execute(f"""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'brand_monitor_migrate') THEN {owners} END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'brand-monitor: functions of counts keep their owner: %', SQLERRM;
        END $$
    """)


def downgrade() -> None:
    for name in reversed(_FUNCTIONS):
        op.execute(f"DROP FUNCTION {name}")
