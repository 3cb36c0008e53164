"""Deletion: mentions that stay dead, files that go with their last mention, deletions in the batches' account.

Nobody but the owner deletes a mention; workers do it through functions of the owner's, which leave nothing unsaid:
`mention_remove` takes those that `deleted_mention` names, `picture_release` pictures that no mention shows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_TABLES = ("deleted_mention", "picture_gone")
_FUNCTIONS = ("picture_release(text[])", "mention_remove(uuid[], text)")
_ADDS_UP = "ingest_batch_adds_up_ck"
_RECORDS = "stored + replaced + rejected"


def upgrade() -> None:
    _tables()
    op.add_column(
        "ingest_batch",
        sa.Column(
            "deleted",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Records that delete one.",
        ),
    )
    _adds_up(f"{_RECORDS} + deleted")
    _functions()
    # What earlier versions of mentions showed, and none shows now.
    op.execute("""
        SELECT picture_release(ARRAY(
            SELECT p.sha256 FROM picture AS p
            WHERE NOT EXISTS (SELECT FROM mention AS m WHERE m.picture_sha256 = p.sha256)))
    """)
    _rights()


def downgrade() -> None:
    for function in reversed(_FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
    _adds_up(_RECORDS, "UPDATE ingest_batch SET records = records - deleted WHERE deleted > 0")
    op.drop_column("ingest_batch", "deleted")
    for table in reversed(_TABLES):
        op.drop_table(table)


def _tables() -> None:
    op.create_table(
        "deleted_mention",
        sa.Column("id", sa.Uuid(), nullable=False, comment="As in mention."),
        sa.Column(
            "log_id",
            sa.Text(),
            nullable=False,
            comment="As in mention: of the deletion, or of what was deleted.",
        ),
        sa.Column("topic", sa.Text(), nullable=False, comment="As log_id."),
        sa.Column("partition", sa.Integer(), nullable=False, comment="As log_id."),
        sa.Column(
            "record_offset", sa.BigInteger(), nullable=False, comment="Its records up to here stay dead."
        ),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Those of other partitions up to here.",
        ),
        sa.Column(
            "deleted_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When, as its publisher says, or when somebody here deleted it.",
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="text or image."),
        sa.Column(
            "source",
            sa.Text(),
            nullable=True,
            comment="Only until its deletion was told on mentions.findings.",
        ),
        sa.Column("external_id", sa.Text(), nullable=True, comment="As source."),
        sa.CheckConstraint("kind IN ('text', 'image')", name=op.f("deleted_mention_kind_ck")),
        sa.CheckConstraint(
            "(source IS NULL) = (external_id IS NULL)", name=op.f("deleted_mention_untold_ck")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("deleted_mention_pk")),
        comment="Mentions that were deleted, so that a late delivery of an old record does not bring them back. "
        "One published again since is in mention as well.",
    )
    op.create_index(
        "deleted_mention_untold_ix",
        "deleted_mention",
        ["deleted_at"],
        postgresql_where=sa.text("source IS NOT NULL"),
    )
    op.create_table(
        "picture_gone",
        sa.Column("sha256", sa.Text(), nullable=False, comment="As in picture."),
        sa.Column("url", sa.Text(), nullable=False, comment="As in picture."),
        sa.Column(
            "gone_at", sa.DateTime(timezone=True), nullable=False, comment="When its last mention went."
        ),
        sa.Column(
            "removed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When its file was removed; null: still to do.",
        ),
        sa.PrimaryKeyConstraint("sha256", name=op.f("picture_gone_pk")),
        comment="Pictures whose last mention went, and whose files are removed from the picture store.",
    )


def _adds_up(sum_: str, *before: str) -> None:
    """The constraint; `before` are statements by which the rows come to meet it."""
    op.execute(f"ALTER TABLE ingest_batch DROP CONSTRAINT {_ADDS_UP}")
    for statement in before:
        op.execute(statement)
    op.execute(f"ALTER TABLE ingest_batch ADD CONSTRAINT {_ADDS_UP} CHECK (records = {sum_})")
    op.execute(f"COMMENT ON COLUMN ingest_batch.records IS '{sum_}.'")


def _functions() -> None:
    op.execute("""
        CREATE FUNCTION picture_release(hashes text[]) RETURNS bigint
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE free text[];
        BEGIN
            free := ARRAY(
                SELECT p.sha256 FROM picture AS p
                WHERE p.sha256 = ANY(hashes)
                  AND NOT EXISTS (SELECT FROM mention AS m WHERE m.picture_sha256 = p.sha256)
                ORDER BY p.sha256 FOR UPDATE);
            INSERT INTO picture_gone (sha256, url, gone_at)
            SELECT p.sha256, p.url, now() FROM picture AS p WHERE p.sha256 = ANY(free) ORDER BY p.sha256
            ON CONFLICT (sha256) DO UPDATE SET url = excluded.url, gone_at = excluded.gone_at, removed_at = NULL;
            DELETE FROM picture_scan WHERE picture_sha256 = ANY(free);  -- finds go with the scans
            DELETE FROM picture WHERE sha256 = ANY(free);
            RETURN cardinality(free);
        END $$
    """)
    op.execute("""
        CREATE FUNCTION mention_remove(
            ids uuid[], reason text,
            OUT mentions bigint, OUT brand_mentions bigint, OUT sentiments bigint, OUT corrections bigint,
            OUT corrections_moved bigint, OUT answers bigint, OUT pictures bigint)
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE gone uuid[]; shown text[];
        BEGIN
            gone := ARRAY(
                SELECT m.id FROM mention AS m WHERE m.id = ANY(ids)
                  AND EXISTS (SELECT FROM deleted_mention AS d WHERE d.id = m.id)
                ORDER BY m.id FOR UPDATE);
            shown := ARRAY(
                SELECT DISTINCT m.picture_sha256 FROM mention AS m
                WHERE m.id = ANY(gone) AND m.picture_sha256 IS NOT NULL);
            -- A logo is corrected in a picture, wherever that picture is shown.
            UPDATE correction AS c SET mention_id = heir.id
            FROM (SELECT o.id AS correction_id, (
                      SELECT m.id FROM mention AS m
                      WHERE m.picture_sha256 = o.content_sha256 AND m.id <> ALL(gone)
                      ORDER BY m.published_at, m.id LIMIT 1) AS id
                  FROM correction AS o WHERE o.mention_id = ANY(gone) AND o.subject = 'logo') AS heir
            WHERE c.id = heir.correction_id AND heir.id IS NOT NULL;
            GET DIAGNOSTICS corrections_moved = ROW_COUNT;
            brand_mentions := (SELECT count(*) FROM brand_mention AS n WHERE n.mention_id = ANY(gone));
            sentiments := (SELECT count(*) FROM sentiment AS s WHERE s.mention_id = ANY(gone));
            corrections := (SELECT count(*) FROM correction AS c WHERE c.mention_id = ANY(gone));
            answers := (SELECT count(*) FROM answer AS a WHERE a.mention_id = ANY(gone));
            PERFORM set_config('brand_monitor.erasure', reason, true);
            DELETE FROM mention WHERE id = ANY(gone);
            PERFORM set_config('brand_monitor.erasure', '', true);
            mentions := cardinality(gone);
            pictures := picture_release(shown);
        END $$
    """)
    for function in _FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")


def _rights() -> None:
    for role in ("brand_monitor_read", "brand_monitor_write"):
        _for_role(role, f"GRANT SELECT ON {', '.join(_TABLES)} TO {role}")
    _for_role(
        "brand_monitor_write",
        # Marks are set and moved, never taken back.
        "GRANT INSERT, UPDATE (log_id, topic, partition, record_offset, recorded_at, deleted_at)"
        " ON deleted_mention TO brand_monitor_write",
        "GRANT INSERT, DELETE, UPDATE (url, gone_at, removed_at) ON picture_gone TO brand_monitor_write",
        *(f"GRANT EXECUTE ON FUNCTION {function} TO brand_monitor_write" for function in _FUNCTIONS),
        "GRANT UPDATE (deleted) ON ingest_batch TO brand_monitor_write",
    )
    _for_role(
        "brand_monitor_migrate",
        *(f"ALTER TABLE {table} OWNER TO brand_monitor_migrate" for table in _TABLES),
        *(f"ALTER FUNCTION {function} OWNER TO brand_monitor_migrate" for function in _FUNCTIONS),
    )


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
