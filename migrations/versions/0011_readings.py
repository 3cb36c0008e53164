"""What a reading of the text tells of a mention: its language, the words searched for, the story it belongs to.

What was stored before keeps the publisher's language, is a story of its own, and has not been read for words.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Of a publisher's "de-AT" the "de"; what is no such tag says nothing.
_LANGUAGE = """coalesce(substring(lower(lang) from '^\\s*([a-z]{2,3})(?:[-_].*)?\\s*$'), 'und')"""

# What the writer's role may change of a mention besides what 0010 has.
_UPDATES = ("language", "words", "story_id", "lead")


def upgrade() -> None:
    _columns()
    _rights()


def downgrade() -> None:
    op.drop_column("picture", "phash")
    for index in (
        "mention_words_ix",
        "mention_language_published_at_id_ix",
        "mention_story_id_published_at_id_ix",
    ):
        op.drop_index(op.f(index), table_name="mention")
    for column in ("lead", "story_id", "words", "language"):
        op.drop_column("mention", column)


def _columns() -> None:
    for column in (
        sa.Column(
            "language",
            sa.Text(),
            comment="Language code (ISO 639): the publisher's, else the one detected, else und.",
        ),
        sa.Column(
            "words",
            postgresql.TSVECTOR(),
            comment="Words it is found by. U+0001 among them: not all are here, look at the text; "
            "null: not read yet, look at the text.",
        ),
        sa.Column("story_id", sa.Uuid(), comment="Shared by copies of one text or picture."),
        sa.Column(
            "lead", sa.Boolean(), comment="First of its story, by published_at, then id: the one that counts."
        ),
    ):
        op.add_column("mention", column)
    # Written anew in one go, which builds the indexes in bulk: an UPDATE would leave as many dead rows, and
    # have the triggers of the figures look at each.
    op.get_bind().exec_driver_sql(
        f"""
        ALTER TABLE mention
            ALTER COLUMN language TYPE text USING {_LANGUAGE}, ALTER COLUMN language SET NOT NULL,
            ALTER COLUMN story_id TYPE uuid USING id, ALTER COLUMN story_id SET NOT NULL,
            ALTER COLUMN lead TYPE boolean USING true, ALTER COLUMN lead SET NOT NULL
        """,
        execution_options={"no_parameters": True},
    )
    op.create_index(op.f("mention_words_ix"), "mention", ["words"], postgresql_using="gin")
    op.create_index(
        op.f("mention_language_published_at_id_ix"), "mention", ["language", "published_at", "id"]
    )
    op.create_index(
        op.f("mention_story_id_published_at_id_ix"), "mention", ["story_id", "published_at", "id"]
    )
    op.add_column(
        "picture",
        sa.Column(
            "phash",
            sa.BigInteger(),
            comment="Perceptual hash, 64 bits: alike pictures differ in few of them; null: not worked out.",
        ),
    )


def _rights() -> None:
    _for_role(
        "brand_monitor_write", f"GRANT UPDATE ({', '.join(_UPDATES)}) ON mention TO brand_monitor_write"
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
