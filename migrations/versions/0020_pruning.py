"""Old mentions are pruned: deleted in small steps, while the figures of their hours stay as they were.

Table `pruning` holds from when on mentions are kept. Views and functions stand in 0020_pruning.sql.
"""

import re
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_PRUNE = (
    "prune_begin(timestamptz)",
    "prune_some(integer, timestamptz, uuid)",
    "prune_end()",
)
_VIEWS = {
    "0011_readings.sql": (
        *("post_pair", "mention_hour", "about_hour", "combination_hour"),
        *("pair_day", "brand_pair_day"),
    ),
    "0013_unsure.sql": ("brand_hour", "brand_day"),
}
_FUNCTIONS = {"0005_figures.sql": "figures_catch_up", "0011_readings.sql": "figures_rebuild"}


def upgrade() -> None:
    op.create_table(
        "pruning",
        sa.Column(
            "before",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Mentions published earlier go; the latest of these moments counts. A midnight in UTC.",
        ),
        sa.Column(
            "pruned_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When that was decided: from then on nothing older is taken.",
        ),
        sa.Column(
            "ended_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When all of them were gone; null while some are there.",
        ),
        sa.Column(
            "mentions",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Mentions deleted so far.",
        ),
        sa.Column(
            "pictures",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Pictures that no mention showed any more.",
        ),
        sa.Column(
            "erasure_id",
            sa.BigInteger(),
            nullable=True,
            comment="Their line in erasure; null while none is deleted.",
        ),
        sa.PrimaryKeyConstraint("before", name=op.f("pruning_pk")),
        sa.CheckConstraint(
            "isfinite(before) AND (before AT TIME ZONE 'UTC')::time = '00:00'",
            name=op.f("pruning_midnight_ck"),
        ),
        comment="From when on mentions are kept. The roll-ups of the hours before stay as they were then.",
    )
    _run(Path(__file__).with_suffix(".sql").read_text("utf-8"))
    for function in _PRUNE:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        _for_role("brand_monitor_write", f"GRANT EXECUTE ON FUNCTION {function} TO brand_monitor_write")
    for role in ("brand_monitor_read", "brand_monitor_write"):
        _for_role(role, f"GRANT SELECT ON pruning TO {role}")
    _for_role(
        "brand_monitor_migrate",
        "ALTER TABLE pruning OWNER TO brand_monitor_migrate",
        *(
            f"ALTER FUNCTION {function} OWNER TO brand_monitor_migrate"
            for function in ("kept_from()", *_PRUNE)
        ),
    )


def downgrade() -> None:
    """The figures of what was pruned go: nothing else could bear them out."""
    for script, views in _VIEWS.items():
        for view in views:
            _run(_found(script, rf"CREATE (?:OR REPLACE )?VIEW expected_{view} AS.*?;\nCOMMENT ON VIEW.*?';"))
    for script, function in _FUNCTIONS.items():
        _run(_found(script, rf"CREATE (?:OR REPLACE )?FUNCTION {function}\(\).*?END \$\$;"))
    for function in (*_PRUNE, "kept_from()"):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("pruning")
    op.execute("SELECT figures_rebuild()")


def _found(script: str, pattern: str) -> str:
    """A statement of an earlier script, such that it replaces the present one."""
    text = Path(__file__).with_name(script).read_text("utf-8")
    found = re.search(pattern, re.sub("[«»]", "", text), re.DOTALL)
    assert found is not None, f"{script} has no {pattern}"
    return re.sub("^CREATE (OR REPLACE )?", "CREATE OR REPLACE ", found.group())


def _run(script: str) -> None:
    # Not through SQLAlchemy's text(): it takes colons for parameters.
    op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})


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
