"""What a reading of the text tells of a mention: its language, the words searched for, the story it belongs to.

What was stored before keeps the publisher's language, is a story of its own, and has not been read for words.
Figures are counted by language and, beside posts, by stories: of copies only the first one counts.

Views and functions of the roll-ups stand in 0011_readings.sql.
"""

import runpy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

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

_ROLLUPS = (
    *("presence", "post_pair", "mention_hour", "about_hour", "brand_hour", "combination_hour"),
    *("pair_day", "brand_day"),
)
# What they get at their end, in the order of the views beside them.
_MORE = {
    "presence": ("language", "story_id", "lead"),
    "post_pair": ("text_language", "image_language", "lead"),
    "mention_hour": ("language", "lead", "unscored"),
    "about_hour": ("language", "lead"),
    "brand_hour": ("language", "lead", "unscored"),
    "combination_hour": ("language", "lead"),
    "pair_day": ("text_language", "image_language", "lead"),
    "brand_day": ("language", "lead", "unscored"),
}
_KEYS = {
    "mention_hour": ("hour", "source", "kind", "model_version"),
    "about_hour": ("hour", "source", "kind"),
    "brand_hour": ("brand_id", "hour", "source"),
    "combination_hour": ("hour", "source", "kind", "brands"),
    "pair_day": ("day", "source"),
    "brand_day": ("day", "source", "brand_id"),
}
_UNSCORED = {
    "mention_hour": "Texts that the model did not score: it does not speak their language.",
    "brand_hour": "Texts that neither the model scored nor a person judged.",
    "brand_day": "As in brand_hour.",
}

# Lists in another order than that of time have language and lead at their end, as they have the period: so what
# is not wanted is passed over without reading its row.
_REACH = "coalesce(reach, -1)"
_LISTS: dict[str, tuple[str, tuple[Any, ...], str | None]] = {
    "mention_most_reached_ix": ("mention", ("source", "kind", _REACH, "id", "published_at"), None),
    "presence_most_reached_ix": (
        "presence",
        ("brand_id", "source", "kind", _REACH, "mention_id", "published_at"),
        None,
    ),
    "presence_surest_ix": (
        "presence",
        ("brand_id", "label", "certainty", "published_at"),
        "label IS NOT NULL",
    ),
}

_VIEWS = {
    "brand_presence": """
        SELECT mention_id, post_id, published_at, source, author, reach, brand_id, 'words' AS channel,
               language, story_id, lead
        FROM presence WHERE named
        UNION ALL
        SELECT mention_id, post_id, published_at, source, author, reach, brand_id, 'picture',
               language, story_id, lead
        FROM presence WHERE shown
    """,
    "brand_sentiment": """
        SELECT p.mention_id, p.brand_id, b.name AS brand, p.published_at, p.source, p.author, p.reach, p.label,
               coalesce(toward.p_negative, whole.p_negative) AS p_negative,
               coalesce(toward.p_neutral, whole.p_neutral) AS p_neutral,
               coalesce(toward.p_positive, whole.p_positive) AS p_positive,
               whole.model_version, p.corrected, p.language, p.story_id, p.lead
        FROM presence AS p
        JOIN brand AS b ON b.id = p.brand_id
        LEFT JOIN sentiment AS whole ON whole.mention_id = p.mention_id AND whole.brand_id IS NULL
        LEFT JOIN sentiment AS toward ON toward.mention_id = p.mention_id AND toward.brand_id = p.brand_id
        WHERE p.label IS NOT NULL
    """,
    "share_of_voice": """
        WITH counted AS (
            SELECT (day AT TIME ZONE 'UTC')::date AS day, brand_id, sum(words) AS words, sum(picture) AS picture,
                   sum(either) AS either, sum(words) FILTER (WHERE lead) AS words_lead,
                   sum(picture) FILTER (WHERE lead) AS picture_lead, sum(either) FILTER (WHERE lead) AS either_lead
            FROM (SELECT day, brand_id, lead, texts + captions AS words, shown AS picture, texts + images AS either
                  FROM brand_day
                  UNION ALL
                  SELECT day, brand_id, lead, -named, 0, -pairs FROM brand_pair_day) AS each
            GROUP BY day, brand_id
        )
        SELECT c.day, each.channel, b.name AS brand, b.own, each.posts::bigint AS posts,
               each.posts / sum(each.posts) OVER (PARTITION BY c.day, each.channel)::double precision AS share,
               coalesce(each.stories, 0)::bigint AS stories
        FROM counted AS c
        CROSS JOIN LATERAL (VALUES ('words', c.words, c.words_lead), ('picture', c.picture, c.picture_lead),
                                   ('any', c.either, c.either_lead)) AS each(channel, posts, stories)
        JOIN brand AS b ON b.id = c.brand_id
        WHERE each.posts > 0
    """,
    "sentiment_daily": """
        SELECT (d.day AT TIME ZONE 'UTC')::date AS day, b.name AS brand, sum(d.texts)::bigint AS mentions,
               sum(d.positive)::bigint AS positive, sum(d.neutral)::bigint AS neutral,
               sum(d.negative)::bigint AS negative,
               (sum(d.positive) - sum(d.negative))
                   / nullif(sum(d.positive + d.neutral + d.negative), 0)::double precision AS net_sentiment,
               sum(d.unscored)::bigint AS unscored
        FROM brand_day AS d JOIN brand AS b ON b.id = d.brand_id
        GROUP BY d.day, b.name HAVING sum(d.texts) > 0
    """,
    "brand_weekly": """
        WITH counted AS (
            SELECT date_trunc('week', day AT TIME ZONE 'UTC')::date AS week, brand_id, sum(posts) AS posts,
                   sum(positive) AS positive, sum(opinions) AS opinions
            FROM (SELECT day, brand_id, texts + images AS posts, positive, positive + negative AS opinions
                  FROM brand_day
                  UNION ALL
                  SELECT day, brand_id, -pairs, 0, 0 FROM brand_pair_day) AS each
            GROUP BY 1, 2
        ), told AS (
            SELECT week, brand_id, posts, posts / sum(posts) OVER (PARTITION BY week) AS share, opinions,
                   positive / nullif(opinions, 0) AS health
            FROM counted
        )
        SELECT n.week, b.name AS brand, b.own, n.posts::bigint AS posts, n.share::double precision AS share,
               (n.share - CASE WHEN known.week IS NOT NULL THEN coalesce(before.share, 0) END)::double precision
                   AS share_change,
               n.opinions::bigint AS opinions, n.health::double precision AS health,
               (n.health - before.health)::double precision AS health_change
        FROM told AS n
        JOIN brand AS b ON b.id = n.brand_id
        LEFT JOIN told AS before ON before.brand_id = n.brand_id AND before.week = n.week - 7
        LEFT JOIN (SELECT DISTINCT week FROM told) AS known ON known.week = n.week - 7
    """,
    "source_daily": """
        SELECT (d.day AT TIME ZONE 'UTC')::date AS day, d.source, b.name AS brand,
               sum(d.texts + d.images)::bigint AS mentions, sum(d.texts)::bigint AS texts,
               sum(d.images)::bigint AS images, sum(d.positive)::bigint AS positive,
               sum(d.neutral)::bigint AS neutral, sum(d.negative)::bigint AS negative,
               sum(d.unscored)::bigint AS unscored
        FROM brand_day AS d JOIN brand AS b ON b.id = d.brand_id
        GROUP BY d.day, d.source, b.name
    """,
    "brand_authors": """
        SELECT (p.published_at AT TIME ZONE 'UTC')::date AS day, b.name AS brand, p.source, p.author,
               count(*) AS mentions, max(p.reach) AS reach,
               count(*) FILTER (WHERE p.label = 'positive') AS positive,
               count(*) FILTER (WHERE p.label = 'neutral') AS neutral,
               count(*) FILTER (WHERE p.label = 'negative') AS negative,
               count(*) FILTER (WHERE p.kind = 'text' AND p.label IS NULL) AS unscored
        FROM presence AS p JOIN brand AS b ON b.id = p.brand_id
        WHERE p.author IS NOT NULL GROUP BY 1, 2, 3, 4
    """,
    # As in 0009, but a person's word about a text that no model scored is its sentiment, too.
    "mention_detail": """
        SELECT m.id AS mention_id, m.kind, m.source, m.external_id, m.published_at, m.author, m.url, m.lang, m.reach,
               m.text,
               ARRAY(SELECT DISTINCT b.name FROM brand_mention AS n JOIN brand AS b ON b.id = n.brand_id
                     WHERE n.mention_id = m.id ORDER BY 1) AS brands_named,
               ARRAY(SELECT DISTINCT l.brand FROM logo_sighting AS l WHERE l.mention_id = m.id ORDER BY 1)
                   AS brands_shown,
               coalesce(c.label, s.label) AS sentiment, s.p_negative, s.p_neutral, s.p_positive,
               EXISTS (SELECT FROM sentiment_correction AS c WHERE c.mention_id = m.id)
                   OR EXISTS (SELECT FROM logo_sighting AS l WHERE l.mention_id = m.id AND l.corrected) AS corrected,
               p.url AS picture_url, p.width AS picture_width, p.height AS picture_height, m.model_version, m.stored_at,
               ARRAY(SELECT DISTINCT b.name FROM written_brand AS w JOIN brand AS b ON b.id = w.brand_id
                     WHERE w.picture_sha256 = m.picture_sha256 AND w.model_version = m.model_version ORDER BY 1)
                   AS brands_written,
               m.language, m.story_id, m.lead
        FROM mention AS m
        LEFT JOIN sentiment AS s ON s.mention_id = m.id AND s.brand_id IS NULL
        LEFT JOIN sentiment_correction AS c ON c.mention_id = m.id AND c.brand_id IS NULL
        LEFT JOIN picture AS p ON p.sha256 = m.picture_sha256
    """,
}
_COMMENTS = {
    "COLUMN share_of_voice.stories": "Those that are the first of their story: copies do not count.",
    "COLUMN sentiment_daily.net_sentiment": "(positive - negative) / (positive + neutral + negative), -1..1.",
    "COLUMN sentiment_daily.unscored": "Texts that neither the model scored nor a person judged.",
    "COLUMN source_daily.unscored": "Texts that neither the model scored nor a person judged.",
    "COLUMN brand_authors.unscored": "Texts that neither the model scored nor a person judged.",
    "COLUMN mention_detail.lang": "As the publisher gave it.",
    "COLUMN mention_detail.language": "The publisher's, else the one detected, else und.",
    "COLUMN mention_detail.story_id": "Shared by copies of one text or picture.",
    "COLUMN mention_detail.lead": "First of its story: the one that counts by stories.",
    "COLUMN mention_detail.sentiment": "Of the whole text, corrections included; null for pictures and for texts "
    "in a language the model does not speak.",
}
_PAIRS = ("brand_pair_day", "expected_brand_pair_day")


def upgrade() -> None:
    _columns()
    # Nothing in them is worth keeping: they are worked out anew.
    op.execute(f"TRUNCATE {', '.join(_ROLLUPS)}")
    for name in reversed(_ROLLUPS):
        op.execute(f"DROP VIEW expected_{name}")
    for table, names in _MORE.items():
        for name in names:
            op.add_column(table, _column(table, name))
    for table, key in _KEYS.items():
        _key(table, (*key, *(name for name in _MORE[table] if name != "unscored")))
    _make_pairs()
    _make_lists("language", "lead")
    op.create_index(
        "presence_unscored_ix",
        "presence",
        ["published_at", "brand_id", "mention_id"],
        postgresql_where=sa.text("kind = 'text' AND label IS NULL"),
    )
    op.create_index(
        "mention_hour_unscored_ix", "mention_hour", ["hour"], postgresql_where=sa.text("unscored > 0")
    )
    for name, query in _VIEWS.items():
        _run(f"CREATE OR REPLACE VIEW {name} AS {query}")
    _comment(_COMMENTS)
    for column in ("twice", "twice_named"):
        op.drop_column("brand_day", column)
    _run(Path(__file__).with_suffix(".sql").read_text("utf-8"))
    _readable((*(f"expected_{name}" for name in _ROLLUPS), *_PAIRS))
    _for_role(
        "brand_monitor_write", f"GRANT UPDATE ({', '.join(_UPDATES)}) ON mention TO brand_monitor_write"
    )
    op.execute("SELECT figures_rebuild()")


def downgrade() -> None:
    before = {name: _module(name) for name in ("0002_views", "0007_written_brands", "0008_views_at_scale")}
    op.execute(f"TRUNCATE {', '.join(_ROLLUPS)}, brand_pair_day")
    for name in (_PAIRS[1], *(f"expected_{name}" for name in reversed(_ROLLUPS)), *reversed(_VIEWS)):
        op.execute(f"DROP VIEW {name}")
    op.drop_table("brand_pair_day")
    op.drop_index("presence_unscored_ix", table_name="presence")
    _make_lists()
    for table, names in _MORE.items():
        for name in names:  # a key goes with the first of its columns
            op.drop_column(table, name)
    for table, key in _KEYS.items():
        op.create_primary_key(op.f(f"{table}_pk"), table, key)
    for column, comment in (
        ("twice", "Posts whose text and picture of that day are both about the brand."),
        ("twice_named", "Those whose text and caption name it."),
    ):
        op.add_column("brand_day", sa.Column(column, sa.BigInteger(), nullable=False, comment=comment))
    op.drop_column("picture", "phash")
    for column in ("lead", "story_id", "words", "language"):  # with the indexes they are in
        op.drop_column("mention", column)
    op.create_index(
        "mention_text_search_ix",
        "mention",
        [sa.text("to_tsvector('simple'::regconfig, text)")],
        postgresql_using="gin",
    )
    detail = _module("0009_corrected_toward_a_brand")
    queries = {
        **before["0008_views_at_scale"]["_REPLACED"],
        **before["0008_views_at_scale"]["_NEW"],
        "mention_detail": detail["_DETAIL"].format(felt=detail["_ANY"]),
    }
    for name in _VIEWS:
        _run(f"CREATE VIEW {name} AS {queries[name]}")
    for module in before.values():
        _comment(
            {
                thing: told
                for thing, told in module["_COMMENTS"].items()
                if thing.split()[1].split(".")[0] in _VIEWS
            }
        )
    script = Path(__file__).with_name("0005_figures.sql").read_text("utf-8")
    _run(script.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    _readable((*(f"expected_{name}" for name in _ROLLUPS), *_VIEWS))
    op.execute("SELECT figures_rebuild()")


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
    # Before the table is written anew, and its indexes with it: what replaces it knows all scripts.
    op.drop_index("mention_text_search_ix", table_name="mention")
    # Written anew in one go, which builds the indexes in bulk: an UPDATE would leave as many dead rows, and
    # have the triggers of the figures look at each.
    _run(f"""
        ALTER TABLE mention
            ALTER COLUMN language TYPE text USING {_LANGUAGE}, ALTER COLUMN language SET NOT NULL,
            ALTER COLUMN story_id TYPE uuid USING id, ALTER COLUMN story_id SET NOT NULL,
            ALTER COLUMN lead TYPE boolean USING true, ALTER COLUMN lead SET NOT NULL
    """)
    op.create_index(op.f("mention_words_ix"), "mention", ["words"], postgresql_using="gin")
    op.create_index(
        "mention_unread_ix", "mention", ["published_at", "id"], postgresql_where=sa.text("words IS NULL")
    )
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


def _column(table: str, name: str) -> sa.Column[Any]:
    """A column that a roll-up gets."""
    if name == "unscored":
        return sa.Column(name, sa.BigInteger(), nullable=False, comment=_UNSCORED[table])
    if name == "lead":
        comment = "Both are the first of their stories." if "pair" in table else "As in mention."
        return sa.Column(name, sa.Boolean(), nullable=False, comment=comment)
    if name == "story_id":
        return sa.Column(name, sa.Uuid(), nullable=False, comment="As in mention.")
    comment = {
        "text_language": "As in mention, of the text.",
        "image_language": "As in mention, of the picture's caption.",
    }.get(name, "As in mention.")
    return sa.Column(name, sa.Text(), nullable=False, comment=comment)


def _key(table: str, columns: Iterable[str]) -> None:
    op.drop_constraint(op.f(f"{table}_pk"), table)
    op.create_primary_key(op.f(f"{table}_pk"), table, list(columns))


def _make_pairs() -> None:
    op.create_table(
        "brand_pair_day",
        sa.Column("day", sa.DateTime(timezone=True), nullable=False, comment="Its first moment (UTC)."),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        *(_column("brand_pair_day", name) for name in ("text_language", "image_language", "lead")),
        sa.Column(
            "pairs",
            sa.BigInteger(),
            nullable=False,
            comment="Posts whose text and picture of that day are both about the brand.",
        ),
        sa.Column("named", sa.BigInteger(), nullable=False, comment="Those whose text and caption name it."),
        sa.PrimaryKeyConstraint(
            *("day", "source", "brand_id", "text_language", "image_language", "lead"),
            name=op.f("brand_pair_day_pk"),
        ),
        comment="Posts that would count twice for a brand, per day and source. Kept by triggers.",
    )


def _make_lists(*more: str) -> None:
    for name, (table, columns, where) in _LISTS.items():
        op.drop_index(name, table_name=table)
        op.create_index(
            name,
            table,
            [sa.text(column) if "(" in column else column for column in (*columns, *more)],
            postgresql_where=sa.text(where) if where else None,
        )


def _module(name: str) -> dict[str, Any]:
    return runpy.run_path(str(Path(__file__).with_name(f"{name}.py")))


def _run(script: str) -> None:
    # Not through SQLAlchemy's text(): it takes colons for parameters.
    op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})


def _comment(comments: dict[str, str]) -> None:
    for thing, comment in comments.items():
        quoted = comment.replace("'", "''")
        op.execute(f"COMMENT ON {thing} IS '{quoted}'")


def _readable(things: Iterable[str]) -> None:
    """Tables and views made anew, for whoever reads; theirs who migrates."""
    for thing in things:
        for role in ("brand_monitor_read", "brand_monitor_write"):
            _for_role(role, f"GRANT SELECT ON {thing} TO {role}")
        _for_role("brand_monitor_migrate", f"ALTER TABLE {thing} OWNER TO brand_monitor_migrate")


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
