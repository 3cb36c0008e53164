"""Roll-ups that are kept in the same transaction as the rows, so that pages answer from millions of mentions.

Statement triggers note which posts a statement touched. At the end of the transaction one deferred trigger
takes the advisory lock of the figures, works out anew what the noted posts amount to, and moves the counts by
the difference. One transaction at a time: so a text and a picture of one post, written by two workers, see each
other, and whoever holds the lock waits for no other lock, so that nothing can deadlock.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLES = ("presence", "post_pair", "mention_hour", "brand_hour", "combination_hour", "seeding")
_QUEUE = "figure_queue"

# What each table must hold, from the rows: what the trigger writes and what `brand-monitor db check` compares.
_EXPECTED = {
    "expected_presence": """
        SELECT m.id AS mention_id, found.brand_id, m.post_id, m.published_at, m.source, m.kind, m.author, m.reach,
               found.named, found.shown,
               found.shown AND NOT EXISTS (
                   SELECT FROM mention AS told JOIN brand_mention AS n ON n.mention_id = told.id
                   WHERE told.post_id = m.post_id AND n.brand_id = found.brand_id) AS silent,
               found.score,
               CASE WHEN m.kind = 'text' AND found.named
                    THEN coalesce(about.label, everything.label, toward.label, whole.label) END AS label,
               CASE WHEN m.kind = 'text' AND found.named
                    THEN (coalesce(toward.p_positive, whole.p_positive)
                          - coalesce(toward.p_negative, whole.p_negative))::real END AS tone,
               found.corrected OR about.id IS NOT NULL OR everything.id IS NOT NULL AS corrected
        FROM (
            SELECT mention_id, brand_id, bool_or(named) AS named, bool_or(NOT named) AS shown, max(score) AS score,
                   bool_or(corrected) AS corrected
            FROM (
                SELECT mention_id, brand_id, true AS named, NULL::real AS score, false AS corrected
                FROM brand_mention
                UNION ALL
                SELECT m.id, d.brand_id, false, d.score::real, d.correction_id IS NOT NULL
                FROM mention AS m
                JOIN effective_detection AS d
                  ON d.picture_sha256 = m.picture_sha256 AND d.model_version = m.model_version
            ) AS each GROUP BY mention_id, brand_id
        ) AS found
        JOIN mention AS m ON m.id = found.mention_id
        LEFT JOIN sentiment AS whole ON whole.mention_id = found.mention_id AND whole.brand_id IS NULL
        LEFT JOIN sentiment AS toward
          ON toward.mention_id = found.mention_id AND toward.brand_id = found.brand_id
        LEFT JOIN sentiment_correction AS everything
          ON everything.mention_id = found.mention_id AND everything.brand_id IS NULL
        LEFT JOIN sentiment_correction AS about
          ON about.mention_id = found.mention_id AND about.brand_id = found.brand_id
    """,
    "expected_post_pair": """
        SELECT t.post_id, t.source, t.published_at AS text_at, i.published_at AS image_at,
               ARRAY(SELECT p.brand_id FROM presence AS p WHERE p.mention_id = t.id ORDER BY 1) AS text_brands,
               ARRAY(SELECT p.brand_id FROM presence AS p WHERE p.mention_id = i.id ORDER BY 1) AS image_brands,
               ARRAY(SELECT p.brand_id FROM presence AS p WHERE p.mention_id = i.id AND p.named ORDER BY 1)
                   AS caption_brands
        FROM mention AS t JOIN mention AS i ON i.post_id = t.post_id AND i.kind = 'image'
        WHERE t.kind = 'text'
    """,
    "expected_mention_hour": """
        SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, kind, model_version, count(*) AS mentions
        FROM mention GROUP BY 1, 2, 3, 4
    """,
    "expected_brand_hour": """
        SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, brand_id,
               count(*) FILTER (WHERE kind = 'text') AS texts, count(*) FILTER (WHERE kind = 'image') AS images,
               count(*) FILTER (WHERE kind = 'image' AND named) AS captions,
               count(*) FILTER (WHERE shown) AS shown, count(*) FILTER (WHERE silent) AS silent,
               count(*) FILTER (WHERE label = 'positive') AS positive,
               count(*) FILTER (WHERE label = 'neutral') AS neutral,
               count(*) FILTER (WHERE label = 'negative') AS negative
        FROM presence GROUP BY 1, 2, 3
    """,
    "expected_combination_hour": """
        SELECT hour, source, kind, brands, count(*) AS mentions
        FROM (SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, kind,
                     array_agg(brand_id ORDER BY brand_id) AS brands
              FROM presence GROUP BY mention_id, published_at, source, kind HAVING count(*) > 1) AS each
        GROUP BY 1, 2, 3, 4
    """,
}

_COMMENTS = {
    "expected_presence": "What table presence must hold, worked out from the rows.",
    "expected_post_pair": "What table post_pair must hold, worked out from the rows.",
    "expected_mention_hour": "What table mention_hour must hold, worked out from the rows.",
    "expected_brand_hour": "What table brand_hour must hold, worked out from presence.",
    "expected_combination_hour": "What table combination_hour must hold, worked out from presence.",
}

_LOCK = "pg_advisory_xact_lock(hashtext('brand-monitor figures'))"
_SAFE = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp"

_FUNCTIONS = {
    "figures_note_mention": f"""
        RETURNS trigger {_SAFE} AS $$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO figure_queue (posts, mentions, counted)
                SELECT array_agg(DISTINCT post_id), '{{}}', (SELECT jsonb_agg(moved) FROM (
                    SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, kind, model_version,
                           count(*) AS mentions
                    FROM came GROUP BY 1, 2, 3, 4) AS moved)
                FROM came HAVING count(*) > 0;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO figure_queue (posts, mentions, counted)
                SELECT array_agg(DISTINCT post_id), array_agg(id), (SELECT jsonb_agg(moved) FROM (
                    SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, kind, model_version,
                           -count(*) AS mentions
                    FROM gone GROUP BY 1, 2, 3, 4) AS moved)
                FROM gone HAVING count(*) > 0;
            ELSE
                INSERT INTO figure_queue (posts, mentions, counted)
                SELECT array_agg(DISTINCT post_id), array_agg(DISTINCT id), (SELECT jsonb_agg(moved) FROM (
                    SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, kind, model_version,
                           sum(n) AS mentions
                    FROM (SELECT published_at, source, kind, model_version, 1 AS n FROM came
                          UNION ALL SELECT published_at, source, kind, model_version, -1 FROM gone) AS each
                    GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0) AS moved)
                FROM (SELECT id, post_id FROM came UNION ALL SELECT id, post_id FROM gone) AS touched
                HAVING count(*) > 0;
            END IF;
            RETURN NULL;
        END $$
    """,
    "figures_note_part": f"""
        RETURNS trigger {_SAFE} AS $$
        BEGIN
            IF TG_OP <> 'DELETE' THEN
                INSERT INTO figure_queue (mentions) SELECT array_agg(DISTINCT mention_id) FROM came
                HAVING count(*) > 0;
            END IF;
            IF TG_OP <> 'INSERT' THEN
                INSERT INTO figure_queue (mentions) SELECT array_agg(DISTINCT mention_id) FROM gone
                HAVING count(*) > 0;
            END IF;
            RETURN NULL;
        END $$
    """,
    # A logo is corrected in a picture, wherever that picture is shown.
    "figures_note_correction": f"""
        RETURNS trigger {_SAFE} AS $$
        BEGIN
            IF TG_OP <> 'DELETE' THEN
                INSERT INTO figure_queue (mentions, pictures)
                SELECT array_agg(DISTINCT mention_id),
                       coalesce(array_agg(DISTINCT content_sha256) FILTER (WHERE subject = 'logo'), '{{}}')
                FROM came HAVING count(*) > 0;
            END IF;
            IF TG_OP <> 'INSERT' THEN
                INSERT INTO figure_queue (mentions, pictures)
                SELECT array_agg(DISTINCT mention_id),
                       coalesce(array_agg(DISTINCT content_sha256) FILTER (WHERE subject = 'logo'), '{{}}')
                FROM gone HAVING count(*) > 0;
            END IF;
            RETURN NULL;
        END $$
    """,
    "figures_note_picture": f"""
        RETURNS trigger {_SAFE} AS $$
        BEGIN
            IF TG_OP <> 'DELETE' THEN
                INSERT INTO figure_queue (pictures) SELECT array_agg(DISTINCT picture_sha256) FROM came
                HAVING count(*) > 0;
            END IF;
            IF TG_OP <> 'INSERT' THEN
                INSERT INTO figure_queue (pictures) SELECT array_agg(DISTINCT picture_sha256) FROM gone
                HAVING count(*) > 0;
            END IF;
            RETURN NULL;
        END $$
    """,
    "figures_move": f"""
        (gone presence[], came presence[]) RETURNS void {_SAFE} AS $$
        BEGIN
            INSERT INTO brand_hour AS h (hour, source, brand_id, texts, images, captions, shown, silent,
                                         positive, neutral, negative)
            SELECT date_trunc('hour', published_at, 'UTC'), source, brand_id,
                   coalesce(sum(n) FILTER (WHERE kind = 'text'), 0),
                   coalesce(sum(n) FILTER (WHERE kind = 'image'), 0),
                   coalesce(sum(n) FILTER (WHERE kind = 'image' AND named), 0),
                   coalesce(sum(n) FILTER (WHERE shown), 0), coalesce(sum(n) FILTER (WHERE silent), 0),
                   coalesce(sum(n) FILTER (WHERE label = 'positive'), 0),
                   coalesce(sum(n) FILTER (WHERE label = 'neutral'), 0),
                   coalesce(sum(n) FILTER (WHERE label = 'negative'), 0)
            FROM (SELECT 1 AS n, * FROM unnest(came) UNION ALL SELECT -1, * FROM unnest(gone)) AS each
            GROUP BY 1, 2, 3
            ON CONFLICT (brand_id, hour, source) DO UPDATE
            SET texts = h.texts + excluded.texts, images = h.images + excluded.images,
                captions = h.captions + excluded.captions, shown = h.shown + excluded.shown,
                silent = h.silent + excluded.silent, positive = h.positive + excluded.positive,
                neutral = h.neutral + excluded.neutral, negative = h.negative + excluded.negative;
            INSERT INTO combination_hour AS h (hour, source, kind, brands, mentions)
            SELECT hour, source, kind, brands, sum(n)
            FROM (SELECT n, date_trunc('hour', published_at, 'UTC') AS hour, source, kind,
                         array_agg(brand_id ORDER BY brand_id) AS brands
                  FROM (SELECT 1 AS n, * FROM unnest(came) UNION ALL SELECT -1, * FROM unnest(gone)) AS each
                  GROUP BY n, mention_id, published_at, source, kind HAVING count(*) > 1) AS several
            GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0
            ON CONFLICT (hour, source, kind, brands) DO UPDATE SET mentions = h.mentions + excluded.mentions;
            IF cardinality(gone) > 0 THEN
                DELETE FROM brand_hour AS h
                USING (SELECT DISTINCT date_trunc('hour', published_at, 'UTC') AS hour, source, brand_id
                       FROM unnest(gone)) AS k
                WHERE h.brand_id = k.brand_id AND h.hour = k.hour AND h.source = k.source
                  AND h.texts = 0 AND h.images = 0;
                DELETE FROM combination_hour AS h
                USING (SELECT DISTINCT date_trunc('hour', published_at, 'UTC') AS hour, source, kind
                       FROM unnest(gone)) AS k
                WHERE h.hour = k.hour AND h.source = k.source AND h.kind = k.kind AND h.mentions = 0;
            END IF;
        END $$
    """,
    # Only ever a few rows of large tables by their keys: no plan but nested loops over indexes is right, also
    # before statistics exist; compiling them would take longer than running them.
    "figures_catch_up": f"""
        () RETURNS trigger {_SAFE}
        SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
        DECLARE
            touched_posts uuid[]; touched uuid[]; touched_pictures text[]; moved jsonb;
            gone presence[]; came presence[];
        BEGIN
            IF current_setting('transaction_isolation') <> 'read committed' THEN
                RAISE EXCEPTION 'mentions are written in READ COMMITTED transactions only'
                    USING HINT = 'the roll-ups must see what others committed meanwhile',
                          ERRCODE = 'invalid_transaction_state';
            END IF;
            PERFORM {_LOCK};
            WITH taken AS (
                DELETE FROM figure_queue WHERE transaction = pg_current_xact_id()::text::bigint RETURNING *
            )
            SELECT ARRAY(SELECT DISTINCT unnest(posts) FROM taken),
                   ARRAY(SELECT DISTINCT unnest(mentions) FROM taken),
                   ARRAY(SELECT DISTINCT unnest(pictures) FROM taken),
                   (SELECT jsonb_agg(each) FROM taken, jsonb_array_elements(counted) AS each)
            INTO touched_posts, touched, touched_pictures, moved;
            IF touched_posts = '{{}}' AND touched = '{{}}' AND touched_pictures = '{{}}' THEN
                RETURN NULL;  -- an earlier firing in this transaction did all of it
            END IF;

            touched_posts := ARRAY(
                SELECT unnest(touched_posts)
                UNION SELECT post_id FROM mention WHERE id = ANY(touched)
                UNION SELECT post_id FROM mention WHERE picture_sha256 = ANY(touched_pictures));
            touched := ARRAY(
                SELECT unnest(touched) UNION SELECT id FROM mention WHERE post_id = ANY(touched_posts));

            came := ARRAY(
                SELECT ROW(e.*)::presence FROM expected_presence AS e WHERE e.mention_id = ANY(touched)
                ORDER BY e.mention_id, e.brand_id);
            gone := ARRAY(
                SELECT p FROM presence AS p WHERE p.mention_id = ANY(touched)
                ORDER BY p.mention_id, p.brand_id);
            IF came IS DISTINCT FROM gone THEN
                IF cardinality(gone) > 0 THEN
                    DELETE FROM presence WHERE mention_id = ANY(touched);
                END IF;
                INSERT INTO presence SELECT * FROM unnest(came);
                PERFORM figures_move(gone, came);
            END IF;

            DELETE FROM post_pair WHERE post_id = ANY(touched_posts);
            INSERT INTO post_pair SELECT * FROM expected_post_pair WHERE post_id = ANY(touched_posts);

            IF moved IS NOT NULL THEN
                INSERT INTO mention_hour AS h (hour, source, kind, model_version, mentions)
                SELECT hour, source, kind, model_version, sum(mentions)
                FROM jsonb_to_recordset(moved)
                    AS each(hour timestamptz, source text, kind text, model_version text, mentions bigint)
                GROUP BY 1, 2, 3, 4 HAVING sum(mentions) <> 0
                ON CONFLICT (hour, source, kind, model_version)
                DO UPDATE SET mentions = h.mentions + excluded.mentions;
                DELETE FROM mention_hour AS h
                USING jsonb_to_recordset(moved)
                    AS k(hour timestamptz, source text, kind text, model_version text, mentions bigint)
                WHERE k.mentions < 0 AND h.hour = k.hour AND h.source = k.source AND h.kind = k.kind
                  AND h.model_version = k.model_version AND h.mentions = 0;
            END IF;
            RETURN NULL;
        END $$
    """,
    "figures_rebuild": f"""
        () RETURNS void {_SAFE} AS $$
        BEGIN
            PERFORM {_LOCK};
            DELETE FROM figure_queue WHERE transaction = pg_current_xact_id()::text::bigint;
            DELETE FROM presence;
            DELETE FROM post_pair;
            DELETE FROM mention_hour;
            DELETE FROM brand_hour;
            DELETE FROM combination_hour;
            INSERT INTO presence SELECT * FROM expected_presence;
            INSERT INTO post_pair SELECT * FROM expected_post_pair;
            INSERT INTO mention_hour SELECT * FROM expected_mention_hour;
            INSERT INTO brand_hour SELECT * FROM expected_brand_hour;
            INSERT INTO combination_hour SELECT * FROM expected_combination_hour;
        END $$
    """,
    "figures_after_truncate": f"""
        () RETURNS trigger {_SAFE} AS $$
        BEGIN
            PERFORM figures_rebuild();
            RETURN NULL;
        END $$
    """,
}

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


def upgrade() -> None:
    _tables()
    for name, query in _EXPECTED.items():
        op.execute(f"CREATE VIEW {name} AS {query}")
        op.execute(f"COMMENT ON VIEW {name} IS '{_COMMENTS[name]}'")
    for name, body in _FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {name}{'' if body.lstrip().startswith('(') else '()'} {body}")
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    _rights()
    op.execute("SELECT figures_rebuild()")
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


def downgrade() -> None:
    for table in _NOTED:
        for event in (*_TRANSITIONS, "TRUNCATE"):
            op.execute(f"DROP TRIGGER {table}_figures_{event.lower()} ON {table}")
    op.execute("DROP TRIGGER figures_caught_up ON figure_queue")
    for name in reversed(_FUNCTIONS):
        op.execute(f"DROP FUNCTION {name}")
    for name in reversed(_EXPECTED):
        op.execute(f"DROP VIEW {name}")
    for table in (_QUEUE, *_TABLES):
        op.drop_table(table)
    op.drop_index("mention_text_search_ix", table_name="mention")
    op.drop_index("mention_most_reached_ix", table_name="mention")


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
            "tone", sa.REAL(), nullable=True, comment="The model's p_positive - p_negative toward it, -1..1."
        ),
        sa.Column("corrected", sa.Boolean(), nullable=False, comment="A person changed something here."),
        sa.PrimaryKeyConstraint("mention_id", "brand_id", name=op.f("presence_pk")),
        comment="One row per mention and brand it names or shows, as it counts now. Kept by triggers.",
    )
    op.create_index(
        op.f("presence_brand_id_published_at_mention_id_ix"),
        "presence",
        ["brand_id", "published_at", "mention_id"],
    )
    op.create_index(
        "presence_shown_ix",
        "presence",
        ["published_at", "brand_id", "mention_id"],
        postgresql_where=sa.text("shown"),
    )
    op.create_index(
        "presence_silent_ix",
        "presence",
        ["published_at", "brand_id", "mention_id"],
        postgresql_where=sa.text("silent"),
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
    op.create_index(op.f("post_pair_text_at_ix"), "post_pair", ["text_at"])
    op.create_table(
        "mention_hour",
        _hour(),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="text or image."),
        sa.Column("model_version", sa.Text(), nullable=False, comment="Model that scored them."),
        sa.Column("mentions", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "source", "kind", "model_version", name=op.f("mention_hour_pk")),
        comment="Mentions per hour, source, kind and model. Kept by triggers.",
    )
    op.create_table(
        "brand_hour",
        _hour(),
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
    op.create_index(op.f("brand_hour_hour_ix"), "brand_hour", ["hour"])
    op.create_table(
        "combination_hour",
        _hour(),
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
    op.create_index(
        "mention_text_search_ix",
        "mention",
        [sa.text("to_tsvector('simple'::regconfig, text)")],
        postgresql_using="gin",
    )
    op.create_index("mention_most_reached_ix", "mention", [sa.text("coalesce(reach, -1)"), "id"])


def _hour() -> sa.Column:
    return sa.Column("hour", sa.DateTime(timezone=True), nullable=False, comment="Its first moment (UTC).")


def _rights() -> None:
    things = ", ".join((*_TABLES, *_EXPECTED))
    for role in ("brand_monitor_read", "brand_monitor_write"):
        _where_role_exists(role, f"GRANT SELECT ON {things} TO {role}")
    _where_role_exists(
        "brand_monitor_migrate",
        *(f"ALTER TABLE {table} OWNER TO brand_monitor_migrate" for table in (*_TABLES, _QUEUE)),
        *(f"ALTER VIEW {view} OWNER TO brand_monitor_migrate" for view in _EXPECTED),
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
