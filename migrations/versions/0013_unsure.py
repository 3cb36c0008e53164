"""A sentiment may be `unsure`: the model was not sure of any label. It is counted apart.

What was stored before has one of three labels, and keeps it. Views and function stand in 0013_unsure.sql.
"""

import re
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TABLES = {
    "brand_hour": "Texts that the model was not sure of, and no person judged.",
    "brand_day": "As in brand_hour.",
}
_VIEWS = ("expected_brand_day", "expected_brand_hour", "sentiment_daily", "source_daily", "brand_authors")


def upgrade() -> None:
    _check("'negative', 'neutral', 'positive', 'unsure'")
    _comment("negative, neutral, positive or unsure: the model's word.")
    for table, comment in _TABLES.items():
        # So far there is none: nothing has to be counted.
        column = sa.Column("unsure", sa.BigInteger(), nullable=False, server_default="0", comment=comment)
        op.add_column(table, column)
        op.alter_column(table, "unsure", server_default=None)
    _run(r"\1")


def downgrade() -> None:
    # By hand, and counted below: a change that triggers have yet to look at would be in the way.
    op.execute("ALTER TABLE sentiment DISABLE TRIGGER USER")
    op.execute("""
        UPDATE sentiment SET label = CASE greatest(p_negative, p_neutral, p_positive)
            WHEN p_negative THEN 'negative' WHEN p_neutral THEN 'neutral' ELSE 'positive' END
        WHERE label = 'unsure'
    """)
    op.execute("ALTER TABLE sentiment ENABLE TRIGGER USER")
    _check("'negative', 'neutral', 'positive'")
    _comment("negative, neutral or positive: the model's word.")
    for view in _VIEWS:
        op.execute(f"DROP VIEW {view}")
    for table in _TABLES:
        op.drop_column(table, "unsure")
    _run("")
    for view in _VIEWS:
        for role in ("brand_monitor_read", "brand_monitor_write"):
            _for_role(role, f"GRANT SELECT ON {view} TO {role}")
        _for_role("brand_monitor_migrate", f"ALTER VIEW {view} OWNER TO brand_monitor_migrate")
    op.execute("SELECT figures_rebuild()")


def _check(labels: str) -> None:
    op.drop_constraint(op.f("sentiment_label_ck"), "sentiment")
    op.create_check_constraint(op.f("sentiment_label_ck"), "sentiment", f"label IN ({labels})")


def _comment(comment: str) -> None:
    quoted = comment.replace("'", "''")
    op.execute(f"COMMENT ON COLUMN sentiment.label IS '{quoted}'")


def _run(unsure: str) -> None:
    script = re.sub("«(.*?)»", unsure, Path(__file__).with_suffix(".sql").read_text("utf-8"), flags=re.DOTALL)
    # Not through SQLAlchemy's text(): it takes colons for parameters.
    op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})


def _for_role(role: str, statement: str) -> None:
    """Run a statement about a role, or say why not (0003 tells who may)."""
    op.execute(f"""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN {statement}; END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'brand-monitor: no rights granted to %: %', '{role}', SQLERRM;
        END $$
    """)
