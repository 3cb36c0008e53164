"""Roll-ups that are kept in the same transaction as the rows, so that pages answer from millions of mentions.

Statement triggers note which posts a statement touched. At the end of the transaction one deferred trigger
takes the advisory lock of the figures, works out anew what the noted posts amount to, and moves the counts by
the difference. One transaction at a time: so a text and a picture of one post, written by two workers, see each
other, and whoever holds the lock waits for no other lock, so that nothing can deadlock.

Views and functions stand in 0005_figures.sql.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ROLLUPS = (
    *("presence", "post_pair", "mention_hour", "about_hour", "brand_hour", "combination_hour"),
    *("pair_day", "brand_day"),
)
_TABLES = (*_ROLLUPS, "seeding")
_QUEUE = "figure_queue"
# The arguments tell functions of one name apart.
_FUNCTIONS = (
    *("figures_note_mention()", "figures_note_part()", "figures_note_correction()", "figures_note_picture()"),
    "figures_move_mentions(jsonb)",
    "figures_move_presence(presence[], presence[])",
    "figures_move_pairs(post_pair[], post_pair[])",
    *("figures_catch_up()", "figures_rebuild()", "figures_after_truncate()"),
)
_NOTED = {
    "mention": "figures_note_mention",
    "brand_mention": "figures_note_part",
    "sentiment": "figures_note_part",
    "correction": "figures_note_correction",
    "logo_detection": "figures_note_picture",
}
_TRANSITIONS = {
    "INSERT": "NEW TABLE AS came",
    "UPDATE": "OLD TABLE AS gone NEW TABLE AS came",
    "DELETE": "OLD TABLE AS gone",
}
_OTHER_DAY = "(text_at AT TIME ZONE 'UTC')::date <> (image_at AT TIME ZONE 'UTC')::date"
_REACH = "coalesce(reach, -1)"


def upgrade() -> None:
    _tables()
    _indexes()
    script = Path(__file__).with_suffix(".sql").read_text("utf-8")
    op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})
    for function in _FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    _rights()
    op.execute("SELECT figures_rebuild()")
    _triggers()


def downgrade() -> None:
    for table in _NOTED:
        for event in (*_TRANSITIONS, "TRUNCATE"):
            op.execute(f"DROP TRIGGER {table}_figures_{event.lower()} ON {table}")
    op.execute("DROP TRIGGER figures_caught_up ON figure_queue")
    for function in reversed(_FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
    for name in reversed(_ROLLUPS):
        op.execute(f"DROP VIEW expected_{name}")
    for table in (_QUEUE, *_TABLES):
        op.drop_table(table)
    op.drop_index("mention_text_search_ix", table_name="mention")
    op.drop_index("mention_most_reached_ix", table_name="mention")


def _triggers() -> None:
    for table, function in _NOTED.items():
        for event, transition in _TRANSITIONS.items():
            op.execute(f"""
                CREATE TRIGGER {table}_figures_{event.lower()} AFTER {event} ON {table}
                REFERENCING {transition} FOR EACH STATEMENT EXECUTE FUNCTION {function}()
            """)
        op.execute(f"""
            CREATE TRIGGER {table}_figures_truncate AFTER TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION figures_after_truncate()
        """)
    op.execute("""
        CREATE CONSTRAINT TRIGGER figures_caught_up AFTER INSERT ON figure_queue
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION figures_catch_up()
    """)


def _tables() -> None:
    op.create_table(
        "presence",
        sa.Column("mention_id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False, comment="As in mention."),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False, comment="As in mention."),
        sa.Column("source", sa.Text(), nullable=False, comment="As in mention."),
        sa.Column("kind", sa.Text(), nullable=False, comment="As in mention."),
        sa.Column("author", sa.Text(), nullable=True, comment="As in mention."),
        sa.Column("reach", sa.BigInteger(), nullable=True, comment="As in mention."),
        sa.Column("named", sa.Boolean(), nullable=False, comment="Its text or caption names the brand."),
        sa.Column("shown", sa.Boolean(), nullable=False, comment="Its picture shows the brand's logo."),
        sa.Column("silent", sa.Boolean(), nullable=False, comment="Shown, and nothing in the post names it."),
        sa.Column("score", sa.REAL(), nullable=True, comment="Highest confidence among its logos, 0..1."),
        sa.Column(
            "label", sa.Text(), nullable=True, comment="How a text feels about the brand, as it counts."
        ),
        sa.Column(
            "certainty", sa.REAL(), nullable=True, comment="The model's probability of that label, 0..1."
        ),
        sa.Column("corrected", sa.Boolean(), nullable=False, comment="A person changed something here."),
        sa.PrimaryKeyConstraint("mention_id", "brand_id", name=op.f("presence_pk")),
        comment="One row per mention and brand it names or shows, as it counts now. Kept by triggers.",
    )
    op.create_table(
        "post_pair",
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("text_at", sa.DateTime(timezone=True), nullable=False, comment="published_at of the text."),
        sa.Column(
            "image_at", sa.DateTime(timezone=True), nullable=False, comment="published_at of the picture."
        ),
        sa.Column(
            "text_brands", postgresql.ARRAY(sa.Integer()), nullable=False, comment="The text names them."
        ),
        sa.Column(
            "image_brands",
            postgresql.ARRAY(sa.Integer()),
            nullable=False,
            comment="The picture shows or its caption names them.",
        ),
        sa.Column(
            "caption_brands",
            postgresql.ARRAY(sa.Integer()),
            nullable=False,
            comment="The caption names them.",
        ),
        sa.PrimaryKeyConstraint("post_id", name=op.f("post_pair_pk")),
        comment="Posts with a text and a picture: what keeps them from counting twice. Kept by triggers.",
    )
    op.create_table(
        "mention_hour",
        _first("hour"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="text or image."),
        sa.Column("model_version", sa.Text(), nullable=False, comment="Model that scored them."),
        sa.Column("mentions", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "source", "kind", "model_version", name=op.f("mention_hour_pk")),
        comment="Mentions per hour, source, kind and model. Kept by triggers.",
    )
    op.create_table(
        "brand_hour",
        _first("hour"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("texts", sa.BigInteger(), nullable=False, comment="Text mentions that name the brand."),
        sa.Column("images", sa.BigInteger(), nullable=False, comment="Image mentions that show or name it."),
        sa.Column("captions", sa.BigInteger(), nullable=False, comment="Those whose caption names it."),
        sa.Column("shown", sa.BigInteger(), nullable=False, comment="Those that show it."),
        sa.Column(
            "silent", sa.BigInteger(), nullable=False, comment="Those that show what the post never names."
        ),
        sa.Column("positive", sa.BigInteger(), nullable=False, comment="Texts, by what counts."),
        sa.Column("neutral", sa.BigInteger(), nullable=False),
        sa.Column("negative", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("brand_id", "hour", "source", name=op.f("brand_hour_pk")),
        comment="Mentions about each brand per hour and source. Kept by triggers.",
    )
    op.create_table(
        "about_hour",
        _first("hour"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="text or image."),
        sa.Column("mentions", sa.BigInteger(), nullable=False),
        sa.Column(
            "silent",
            sa.BigInteger(),
            nullable=False,
            comment="Those that show a brand the post never names.",
        ),
        sa.PrimaryKeyConstraint("hour", "source", "kind", name=op.f("about_hour_pk")),
        comment="Mentions about any brand, each once, per hour, source and kind. Kept by triggers.",
    )
    op.create_table(
        "brand_day",
        _first("day"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False, comment="As in brand_hour.")
            for name in (
                *("texts", "images", "captions", "shown", "silent"),
                *("positive", "neutral", "negative"),
            )
        ),
        sa.Column(
            "twice",
            sa.BigInteger(),
            nullable=False,
            comment="Posts whose text and picture of that day are both about the brand.",
        ),
        sa.Column(
            "twice_named", sa.BigInteger(), nullable=False, comment="Those whose text and caption name it."
        ),
        sa.PrimaryKeyConstraint("day", "source", "brand_id", name=op.f("brand_day_pk")),
        comment="Mentions about each brand per day and source: whole days of brand_hour. Kept by triggers.",
    )
    op.create_table(
        "pair_day",
        _first("day"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("pairs", sa.BigInteger(), nullable=False, comment="Posts with a text and a picture."),
        sa.Column("about", sa.BigInteger(), nullable=False, comment="Those both of which are about brands."),
        sa.PrimaryKeyConstraint("day", "source", name=op.f("pair_day_pk")),
        comment="Posts with a text and a picture of the same day (UTC). Kept by triggers.",
    )
    op.create_table(
        "combination_hour",
        _first("hour"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="text or image."),
        sa.Column(
            "brands", postgresql.ARRAY(sa.Integer()), nullable=False, comment="Ascending; two or more."
        ),
        sa.Column("mentions", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "source", "kind", "brands", name=op.f("combination_hour_pk")),
        comment="Mentions about exactly these brands: what keeps them from counting twice. Kept by triggers.",
    )
    op.create_table(
        "seeding",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("seeded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("mentions", sa.BigInteger(), nullable=False, comment="How many were made up."),
        sa.PrimaryKeyConstraint("id", name=op.f("seeding_pk")),
        comment="`brand-monitor seed` made mentions up: a row here marks every page and report as synthetic.",
    )
    op.create_table(
        "figure_queue",
        sa.Column(
            "transaction",
            sa.BigInteger(),
            server_default=sa.text("pg_current_xact_id()::text::bigint"),
            nullable=False,
            comment="Who touched them.",
        ),
        sa.Column("posts", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("mentions", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("pictures", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("counted", postgresql.JSONB(), nullable=True, comment="By how much mention_hour moves."),
        comment="What a transaction touched, until its end; always empty to everybody else.",
        prefixes=["UNLOGGED"],
    )
    op.create_index("figure_queue_transaction_ix", "figure_queue", ["transaction"])


def _indexes() -> None:
    """Those of pages and reports. The period stands at the end of those in another order than time: so what
    lies outside of it is passed over without reading its row."""
    op.create_index(
        op.f("presence_brand_id_published_at_mention_id_ix"),
        "presence",
        ["brand_id", "published_at", "mention_id"],
    )
    for name in ("shown", "silent"):
        op.create_index(
            f"presence_{name}_ix",
            "presence",
            ["published_at", "brand_id", "mention_id"],
            postgresql_where=sa.text(name),
        )
    op.create_index(
        "presence_surest_ix",
        "presence",
        ["brand_id", "label", "certainty", "published_at"],
        postgresql_where=sa.text("label IS NOT NULL"),
    )
    op.create_index(
        "presence_most_reached_ix",
        "presence",
        ["brand_id", "source", "kind", sa.text(_REACH), "mention_id", "published_at"],
    )
    op.create_index(op.f("post_pair_text_at_ix"), "post_pair", ["text_at"])
    op.create_index("post_pair_other_day_ix", "post_pair", ["text_at"], postgresql_where=sa.text(_OTHER_DAY))
    op.create_index(op.f("brand_hour_hour_ix"), "brand_hour", ["hour"])
    op.create_index(
        "mention_text_search_ix",
        "mention",
        [sa.text("to_tsvector('simple'::regconfig, text)")],
        postgresql_using="gin",
    )
    op.create_index(
        "mention_most_reached_ix",
        "mention",
        ["source", "kind", sa.text(_REACH), "id", "published_at"],
    )


def _first(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, comment="Its first moment (UTC).")


def _rights() -> None:
    views = tuple(f"expected_{name}" for name in _ROLLUPS)
    things = ", ".join((*_TABLES, *views))
    for role in ("brand_monitor_read", "brand_monitor_write"):
        _where_role_exists(role, f"GRANT SELECT ON {things} TO {role}")
    _where_role_exists(
        "brand_monitor_migrate",
        *(f"ALTER TABLE {table} OWNER TO brand_monitor_migrate" for table in (*_TABLES, _QUEUE)),
        *(f"ALTER VIEW {view} OWNER TO brand_monitor_migrate" for view in views),
        *(f"ALTER FUNCTION {function} OWNER TO brand_monitor_migrate" for function in _FUNCTIONS),
    )


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
