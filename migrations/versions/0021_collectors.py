"""Collectors: how far each is, how it goes, which posts it published; programs that may send by HTTP."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_PUBLISHER = "id, name, source, created_at, revoked_at"


def _moment(name: str, comment: str, *, nullable: bool = False, default: bool = False) -> sa.Column:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        nullable=nullable,
        comment=comment,
        server_default=sa.text("now()") if default else None,
    )


def _count(name: str, comment: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False, comment=comment)


def upgrade() -> None:
    op.create_table(
        "collector",
        sa.Column("name", sa.Text(), nullable=False, comment="As in sources.toml."),
        sa.Column("kind", sa.Text(), nullable=False, comment="Kind of source, as in sources.toml."),
        sa.Column("source", sa.Text(), nullable=False, comment="What its mentions say in mention.source."),
        _moment("began_at", "When a process last took it up."),
        _moment("succeeded_at", "When it last published something, or found nothing new.", nullable=True),
        _moment("failed_at", "When it last failed.", nullable=True),
        sa.Column("fault", sa.Text(), comment="Why it last failed; null once it succeeds again."),
        _count("posts", "Posts and rows published."),
        _count("pictures", "Pictures published."),
        _count("deletions", "Posts deleted there."),
        _count("skipped", "Items that cannot be used."),
        _count("lost_pictures", "Pictures not to be had."),
        sa.PrimaryKeyConstraint("name", name=op.f("collector_pk")),
        comment="Where mentions come from: the entries of sources.toml that were collected, and how that goes.",
    )
    op.create_table(
        "collector_state",
        sa.Column("collector", sa.Text(), nullable=False, comment="collector.name."),
        sa.Column("part", sa.Text(), nullable=False, comment="A feed, a query, a file; empty: the whole."),
        sa.Column(
            "state",
            postgresql.JSONB(),
            nullable=False,
            comment="Where to go on; each kind has a form of its own.",
        ),
        _moment("changed_at", "When it was last written.", default=True),
        sa.PrimaryKeyConstraint("collector", "part", name=op.f("collector_state_pk")),
        comment="How far each collector is. Moves only once Kafka has acknowledged what lies before.",
    )
    op.create_table(
        "collected",
        sa.Column("source", sa.Text(), nullable=False, comment="As in mention.source."),
        sa.Column("id", sa.Text(), nullable=False, comment="The platform's id, as in mention.external_id."),
        sa.Column(
            "aliases", sa.ARRAY(sa.Text()), comment="Other names that the platform tells its deletion by."
        ),
        sa.Column("author_id", sa.Text(), comment="What the platform never changes about its author."),
        _moment("published_at", "When it was published."),
        sa.Column(
            "n_pictures",
            sa.Integer(),
            nullable=False,
            comment="Pictures it named: mentions id, id#2, id#3, ...",
        ),
        sa.PrimaryKeyConstraint("source", "id", name=op.f("collected_pk")),
        sa.CheckConstraint("n_pictures >= 0", name=op.f("collected_n_pictures_ck")),
        comment="Posts that collectors published: what comes again, is edited or deleted is looked up here.",
    )
    op.create_index(
        op.f("collected_source_author_id_ix"),
        "collected",
        ["source", "author_id"],
        postgresql_where=sa.text("author_id IS NOT NULL"),
    )
    op.create_index(op.f("collected_aliases_ix"), "collected", ["aliases"], postgresql_using="gin")
    op.create_index(op.f("collected_published_at_ix"), "collected", ["published_at"])
    op.create_table(
        "publisher",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="Who sends."),
        sa.Column("source", sa.Text(), comment="The only source its mentions may say; null: any."),
        sa.Column("token_sha256", sa.Text(), nullable=False, comment="SHA-256 of its token, hexadecimal."),
        _moment("created_at", "When its token was made.", default=True),
        _moment("revoked_at", "When the token ceased to hold; null: it holds.", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("publisher_pk")),
        sa.UniqueConstraint("name", name=op.f("publisher_name_uq")),
        sa.UniqueConstraint("token_sha256", name=op.f("publisher_token_sha256_uq")),
        sa.CheckConstraint("token_sha256 ~ '^[0-9a-f]{64}$'", name=op.f("publisher_token_sha256_ck")),
        comment="Programs that may send mentions by HTTP.",
    )
    for table in ("collector", "collector_state", "collected"):
        _for_role("brand_monitor_read", f"GRANT SELECT ON {table} TO brand_monitor_read")
        _for_role(
            "brand_monitor_write",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO brand_monitor_write",
        )
    _for_role("brand_monitor_read", f"GRANT SELECT ({_PUBLISHER}) ON publisher TO brand_monitor_read")
    _for_role(
        "brand_monitor_write",
        "GRANT SELECT, INSERT, UPDATE (revoked_at) ON publisher TO brand_monitor_write",
    )
    for table in ("collector", "collector_state", "collected", "publisher"):
        _for_role("brand_monitor_migrate", f"ALTER TABLE {table} OWNER TO brand_monitor_migrate")


def downgrade() -> None:
    for table in ("publisher", "collected", "collector_state", "collector"):
        op.drop_table(table)


def _for_role(role: str, statement: str) -> None:
    """Run a statement about a role, or say why not (0003 tells who may)."""
    op.execute(f"""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN {statement}; END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'brand-monitor: no rights granted to %: %', '{role}', SQLERRM;
        END $$
    """)
