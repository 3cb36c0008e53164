"""Books that add up by ids: lives of logs, where reading began, digests of what batches stored, erasures.

Equal counts do not show a row that was removed and another forged. So each batch keeps the XOR of the digests of
the mentions it stored, a trigger keeps that of the mentions removed, and the audit holds both against the table.
Mentions count their brand mentions and sentiments. The writer's role keeps only the rights it uses.

What was written before is counted here once (`erasure`, kind upgrade); it cannot be checked batch by batch.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TABLES = ("log", "log_partition", "suspect", "erasure")
_TRIGGER_FUNCTIONS = ("erasure_note_delete()", "erasure_note_truncate()")

# What the writer's role keeps of the rights that 0003 and 0004 gave for whole tables.
_UPDATES = {
    "mention": (
        *("published_at", "text", "author", "url", "lang", "reach", "picture_sha256", "model_version"),
        *("log_id", "topic", "partition", "record_offset", "recorded_at", "stored_at"),
        *("n_brand_mentions", "n_sentiments"),
    ),
    "ingest_batch": (
        *("offsets", "mention_offsets", "rejected_offsets", "deliveries", "records"),
        *("stored", "replaced", "rejected", "stored_digest", "written_at"),
    ),
    "report_delivery": ("state", "attempts", "changed_at", "detail"),
    "alert": ("published_at", "sent_at"),
    "log": ("topic_id",),
    # Not where reading began: what lies before it is not owed.
    "log_partition": ("position", "deaths", "held", "changed_at"),
    "suspect": ("deaths",),
}


def upgrade() -> None:
    _tables()
    op.add_column(
        "mention",
        sa.Column(
            "n_brand_mentions",
            sa.Integer(),
            nullable=True,
            comment="Its rows in brand_mention; null where nobody counted (before schema 0010, made up).",
        ),
    )
    op.add_column(
        "mention",
        sa.Column(
            "n_sentiments",
            sa.Integer(),
            nullable=True,
            comment="Its rows in sentiment; null as n_brand_mentions.",
        ),
    )
    op.add_column(
        "ingest_batch",
        sa.Column(
            "mention_offsets",
            postgresql.INT8MULTIRANGE(),
            nullable=True,
            comment="Those of them whose record is a mention.",
        ),
    )
    op.execute("UPDATE ingest_batch SET mention_offsets = offsets - rejected_offsets")
    op.alter_column("ingest_batch", "mention_offsets", nullable=False)
    op.add_column(
        "ingest_batch",
        sa.Column(
            "stored_digest",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="XOR of mention_digest of the mentions stored; 0 before schema 0010.",
        ),
    )
    _comment_offsets("Exactly the offsets accounted for, also those without a record.")
    op.create_index(op.f("ingest_batch_offsets_ix"), "ingest_batch", ["offsets"], postgresql_using="gist")
    _functions()
    _count_what_is_there()
    _triggers()
    _rights()


def downgrade() -> None:
    for event in ("erased", "emptied"):
        op.execute(f"DROP TRIGGER mention_{event} ON mention")
    for function in (*_TRIGGER_FUNCTIONS, "mention_digest(uuid)"):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_index(op.f("ingest_batch_offsets_ix"), table_name="ingest_batch")
    _comment_offsets("Exactly the offsets written.")
    for table, column in (
        ("ingest_batch", "stored_digest"),
        ("ingest_batch", "mention_offsets"),
        ("mention", "n_sentiments"),
        ("mention", "n_brand_mentions"),
    ):
        op.drop_column(table, column)
    for table in reversed(_TABLES):
        op.drop_table(table)
    for table in ("mention", "ingest_batch", "report_delivery", "alert"):
        _for_role("brand_monitor_write", f"GRANT UPDATE ON {table} TO brand_monitor_write")


def _tables() -> None:
    op.create_table(
        "log",
        sa.Column(
            "log_id",
            sa.Text(),
            nullable=False,
            comment="The cluster's id; for a further life of the topic, cluster id/topic id.",
        ),
        sa.Column("topic", sa.Text(), nullable=False, comment="Its name, which outlives it."),
        sa.Column("cluster_id", sa.Text(), nullable=False, comment="Kafka cluster."),
        sa.Column(
            "topic_id",
            sa.Text(),
            nullable=True,
            comment="Kafka's UUID of the topic; null while no broker told it.",
        ),
        sa.Column(
            "opened_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
            comment="When a worker first met it.",
        ),
        sa.PrimaryKeyConstraint("log_id", "topic", name=op.f("log_pk")),
        sa.UniqueConstraint(
            "cluster_id",
            "topic",
            "topic_id",
            name=op.f("log_cluster_id_topic_topic_id_uq"),
            postgresql_nulls_not_distinct=True,
        ),
        comment="One row per life of a topic: one deleted and made anew counts its offsets from 0 again.",
    )
    op.create_table(
        "log_partition",
        sa.Column("log_id", sa.Text(), nullable=False, comment="As in log."),
        sa.Column("topic", sa.Text(), nullable=False, comment="As in log."),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column(
            "first_offset",
            sa.BigInteger(),
            nullable=False,
            comment="Where this service began to read the partition.",
        ),
        sa.Column(
            "low_offset",
            sa.BigInteger(),
            nullable=True,
            comment="First offset Kafka still held then; null where reading began before schema 0010.",
        ),
        sa.Column("position", sa.BigInteger(), nullable=True, comment="Next offset to be read."),
        sa.Column(
            "exact_from",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="From here on batches also account for offsets without a record (transaction markers, "
            "compaction); what lies below was written before schema 0010.",
        ),
        sa.Column(
            "deaths",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Workers that ended without a word at this position.",
        ),
        sa.Column(
            "held",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="A worker is at this position.",
        ),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row became what it is.",
        ),
        sa.PrimaryKeyConstraint("log_id", "topic", "partition", name=op.f("log_partition_pk")),
        sa.CheckConstraint(
            "first_offset >= 0 AND low_offset >= 0 AND exact_from >= 0", name=op.f("log_partition_offsets_ck")
        ),
        sa.CheckConstraint("deaths >= 0", name=op.f("log_partition_deaths_ck")),
        comment="One row per partition of a log: where reading began, where it stands, what happened there.",
    )
    op.create_table(
        "suspect",
        sa.Column("log_id", sa.Text(), nullable=False, comment="As in log."),
        sa.Column("topic", sa.Text(), nullable=False, comment="As in log."),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column(
            "record_offset", sa.BigInteger(), nullable=False, comment="The record that is tried alone."
        ),
        sa.Column(
            "deaths",
            sa.Integer(),
            nullable=False,
            comment="Tries that nobody came back from, one under way included.",
        ),
        sa.CheckConstraint("deaths > 0", name=op.f("suspect_deaths_ck")),
        sa.PrimaryKeyConstraint("log_id", "topic", "partition", "record_offset", name=op.f("suspect_pk")),
        comment="Records tried alone, to find those that end workers. Gone once they are behind the position.",
    )
    op.create_table(
        "erasure",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="delete; truncate; upgrade: what was there and gone before schema 0010.",
        ),
        sa.Column(
            "erased_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When.",
        ),
        sa.Column("erased_by", sa.Text(), nullable=False, comment="Login that did it."),
        sa.Column(
            "reason",
            sa.Text(),
            nullable=True,
            comment="Why, as brand_monitor.erasure was set in that session; null for an unexplained one.",
        ),
        sa.Column("mentions", sa.BigInteger(), nullable=False, comment="Rows of mention removed."),
        sa.Column("digest", sa.BigInteger(), nullable=False, comment="XOR of their mention_digest."),
        sa.Column(
            "ids",
            postgresql.ARRAY(sa.Uuid()),
            nullable=True,
            comment="Which, to find them again: up to 1,000, and only without a reason.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("erasure_pk")),
        sa.CheckConstraint("kind IN ('delete', 'truncate', 'upgrade')", name=op.f("erasure_kind_ck")),
        comment="One row per statement that removed mentions; a trigger writes it, nobody else may.",
    )


def _functions() -> None:
    """The digest, as `rows.mention_digest` has it, and what the triggers do. They write `erasure` with their
    owner's rights, so that whoever may delete a mention need not, and nobody else can."""
    op.execute("""
        CREATE FUNCTION mention_digest(id uuid) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        RETURN ('x' || left(replace(id::text, '-', ''), 16))::bit(64)::bigint
    """)
    reason = "nullif(current_setting('brand_monitor.erasure', true), '')"
    for name, kind, rows in (
        ("erasure_note_delete", "delete", "gone"),
        # Before it: afterwards nobody could tell what was there.
        ("erasure_note_truncate", "truncate", "mention"),
    ):
        op.execute(f"""
            CREATE FUNCTION {name}() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            BEGIN
                INSERT INTO erasure (kind, erased_by, reason, mentions, digest, ids)
                SELECT '{kind}', session_user, {reason}, count(*), bit_xor(mention_digest(id)),
                       CASE WHEN {reason} IS NULL AND count(*) <= 1000
                            THEN (SELECT array_agg(each.id) FROM {rows} AS each) END
                FROM {rows} HAVING count(*) > 0;
                RETURN NULL;
            END $$
        """)
        op.execute(f"REVOKE ALL ON FUNCTION {name}() FROM PUBLIC")


def _count_what_is_there() -> None:
    # Those that batches stored and that are gone count as removed; those that are there, as stored by nobody.
    op.execute("""
        INSERT INTO erasure (kind, erased_by, reason, mentions, digest)
        SELECT 'upgrade', session_user, 'schema 0010', counted.stored - there.mentions, there.digest
        FROM (SELECT coalesce(sum(stored), 0) AS stored FROM ingest_batch) AS counted,
             (SELECT count(*) AS mentions, coalesce(bit_xor(mention_digest(id)), 0) AS digest FROM mention) AS there
        WHERE counted.stored > 0 OR there.mentions > 0
    """)
    op.execute("""
        INSERT INTO log (log_id, topic, cluster_id, topic_id)
        SELECT DISTINCT log_id, topic, split_part(log_id, '/', 1), nullif(split_part(log_id, '/', 2), '')
        FROM ingest_batch
    """)
    op.execute("""
        INSERT INTO log_partition (log_id, topic, partition, first_offset, position, exact_from)
        SELECT log_id, topic, partition, min(first_offset), max(last_offset) + 1, max(last_offset) + 1
        FROM ingest_batch GROUP BY log_id, topic, partition
    """)


def _triggers() -> None:
    op.execute("""
        CREATE TRIGGER mention_erased AFTER DELETE ON mention REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION erasure_note_delete()
    """)
    op.execute("""
        CREATE TRIGGER mention_emptied BEFORE TRUNCATE ON mention
        FOR EACH STATEMENT EXECUTE FUNCTION erasure_note_truncate()
    """)


def _rights() -> None:
    for role in ("brand_monitor_read", "brand_monitor_write"):
        _for_role(role, f"GRANT SELECT ON {', '.join(_TABLES)} TO {role}")
    _for_role(
        "brand_monitor_write",
        "REVOKE UPDATE ON mention, ingest_batch, report_delivery, alert FROM brand_monitor_write",
        "GRANT INSERT ON log, log_partition, suspect TO brand_monitor_write",
        "GRANT DELETE ON suspect TO brand_monitor_write",
        *(
            f"GRANT UPDATE ({', '.join(columns)}) ON {table} TO brand_monitor_write"
            for table, columns in _UPDATES.items()
        ),
    )
    _for_role(
        "brand_monitor_migrate",
        *(f"ALTER TABLE {table} OWNER TO brand_monitor_migrate" for table in _TABLES),
        *(
            f"ALTER FUNCTION {function} OWNER TO brand_monitor_migrate"
            for function in (*_TRIGGER_FUNCTIONS, "mention_digest(uuid)")
        ),
    )


def _comment_offsets(comment: str) -> None:
    op.execute(f"COMMENT ON COLUMN ingest_batch.offsets IS '{comment}'")


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
