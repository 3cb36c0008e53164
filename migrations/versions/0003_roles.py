"""Group roles brand_monitor_migrate, _write and _read, with the least each of them needs.

Roles belong to the whole server, so a user who may not create them gets a notice and goes on: whoever may
creates them and runs this migration again (`downgrade 0002`, `upgrade head`). Logins are granted a role with
`GRANT brand_monitor_read TO alice`. Taking the migration back leaves the roles: other databases may use them.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_VIEWS = (
    *(
        "sentiment_correction",
        "effective_sentiment",
        "effective_detection",
        "logo_sighting",
        "brand_presence",
    ),
    *("brand_sentiment", "share_of_voice", "sentiment_daily", "brand_health", "image_only_mentions"),
    "mention_detail",
)
# What the workers do to each table, and the pages to corrections. Nobody but the owner deletes a mention.
_WRITES = {
    "brand": "INSERT, UPDATE (own)",
    "picture": "INSERT",
    "picture_scan": "INSERT, UPDATE (brands_key, scanned_at)",
    "logo_detection": "INSERT, DELETE",
    "mention": "INSERT, UPDATE",
    "brand_mention": "INSERT, DELETE",
    "sentiment": "INSERT, DELETE",
    "correction": "INSERT, UPDATE (undone_by, undone_at)",
    "dead_letter": "INSERT",
    "ingest_batch": "INSERT, UPDATE",
}
_EVERYTHING = ", ".join((*_WRITES, *_VIEWS, "alembic_version"))


def _where_role_exists(role: str, *statements: str) -> None:
    """Run statements about a role, or say why not."""
    body = " ".join(f"{statement};" for statement in statements)
    op.execute(f"""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN {body} END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'brand-monitor: no rights granted to %: %', '{role}', SQLERRM;
        END $$
    """)


def upgrade() -> None:
    for role in ("brand_monitor_migrate", "brand_monitor_write", "brand_monitor_read"):
        # Two databases of one server may be migrated at once: the second finds the role made meanwhile.
        op.execute(f"""
            DO $$ BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} NOLOGIN; END IF;
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN NULL;
                WHEN insufficient_privilege THEN
                    RAISE NOTICE 'brand-monitor: role % not created: %', '{role}', SQLERRM;
            END $$
        """)
    _where_role_exists(
        "brand_monitor_read",
        "GRANT USAGE ON SCHEMA public TO brand_monitor_read",
        f"GRANT SELECT ON {_EVERYTHING} TO brand_monitor_read",
    )
    _where_role_exists(
        "brand_monitor_write",
        "GRANT USAGE ON SCHEMA public TO brand_monitor_write",
        f"GRANT SELECT ON {_EVERYTHING} TO brand_monitor_write",
        *(f"GRANT {rights} ON {table} TO brand_monitor_write" for table, rights in _WRITES.items()),
    )
    # Only an owner may alter a table: the tables go to the role, which takes whoever migrates along.
    _where_role_exists(
        "brand_monitor_migrate",
        "GRANT USAGE, CREATE ON SCHEMA public TO brand_monitor_migrate",
        "IF NOT pg_has_role(CURRENT_USER, 'brand_monitor_migrate', 'USAGE')"
        " THEN GRANT brand_monitor_migrate TO CURRENT_USER; END IF",
        *(f"ALTER TABLE {table} OWNER TO brand_monitor_migrate" for table in (*_WRITES, "alembic_version")),
        *(f"ALTER VIEW {view} OWNER TO brand_monitor_migrate" for view in _VIEWS),
    )


def downgrade() -> None:
    for thing in (*_WRITES, *_VIEWS, "alembic_version"):
        kind = "VIEW" if thing in _VIEWS else "TABLE"
        op.execute(f"ALTER {kind} {thing} OWNER TO CURRENT_USER")
    for role in ("brand_monitor_read", "brand_monitor_write"):
        _where_role_exists(
            role, f"REVOKE ALL ON {_EVERYTHING} FROM {role}", f"REVOKE ALL ON SCHEMA public FROM {role}"
        )
    _where_role_exists("brand_monitor_migrate", "REVOKE ALL ON SCHEMA public FROM brand_monitor_migrate")
