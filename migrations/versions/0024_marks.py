"""Marks of deletions end: what they hold off is refused for its age by then, and no longer say of what they are
once that was told.

`prune_marks` removes the old ones, `deletion_told` blanks source and id: workers' roles change no mark otherwise.
"""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_FUNCTIONS = ("prune_marks()", "deletion_told(uuid[], timestamptz[])")
_PICTURES = "Pictures it named: mentions id, {}, ..."


def upgrade() -> None:
    # A record is of no earlier moment than the post that it holds, give or take a day of wrong clocks: all that
    # such a mark keeps dead was published before kept_from(), and is refused for that.
    op.execute("""
        CREATE FUNCTION prune_marks() RETURNS bigint
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            WITH gone AS (
                DELETE FROM deleted_mention AS d
                WHERE d.recorded_at < kept_from() - interval '1 day' AND d.source IS NULL
                  AND NOT EXISTS (SELECT FROM mention AS m WHERE m.id = d.id)
                RETURNING d.id)
            SELECT count(*) FROM gone
        $$
    """)
    # One that was deleted once more meanwhile is untold again.
    op.execute("""
        CREATE FUNCTION deletion_told(ids uuid[], moments timestamptz[]) RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            UPDATE deleted_mention AS d SET source = NULL, external_id = NULL
            FROM unnest(ids, moments) AS told(id, deleted_at)
            WHERE d.id = told.id AND d.deleted_at = told.deleted_at
        $$
    """)
    for function in _FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        _for_role("brand_monitor_write", f"GRANT EXECUTE ON FUNCTION {function} TO brand_monitor_write")
        _for_role("brand_monitor_migrate", f"ALTER FUNCTION {function} OWNER TO brand_monitor_migrate")
    _comment("id#picture-2")


def downgrade() -> None:
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    _comment("id#2, id#3")


def _comment(others: str) -> None:
    op.execute(f"COMMENT ON COLUMN collected.n_pictures IS '{_PICTURES.format(others)}'")


def _for_role(role: str, statement: str) -> None:
    """Run a statement about a role, or say why not (0003 tells who may)."""
    op.execute(f"""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN {statement}; END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'brand-monitor: no rights granted to %: %', '{role}', SQLERRM;
        END $$
    """)
