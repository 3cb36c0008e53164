"""Views that answer from the roll-ups, so that ten million mentions are no longer than ten thousand.

Columns and meaning stay what they were; `brand_weekly`, `source_daily`, `brand_authors` and `brand_terms` are
new. `effective_detection` is led by the scan, so that the logos of one picture are looked up, not sifted out of
everybody's.
"""

import runpy
from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_REPLACED = {
    "effective_detection": """
        SELECT s.picture_sha256, s.model_version, f.detection_id, f.brand_id, f.score, f.x, f.y, f.width, f.height,
               f.correction_id
        FROM picture_scan AS s
        CROSS JOIN LATERAL (
            SELECT d.id AS detection_id, coalesce(c.brand_id, d.brand_id) AS brand_id, d.score,
                   coalesce(c.x, d.x) AS x, coalesce(c.y, d.y) AS y, coalesce(c.width, d.width) AS width,
                   coalesce(c.height, d.height) AS height, c.id AS correction_id
            FROM logo_detection AS d
            LEFT JOIN correction AS c ON c.detection_id = d.id AND c.subject = 'logo' AND c.undone_at IS NULL
            WHERE d.picture_sha256 = s.picture_sha256 AND d.model_version = s.model_version
              AND (c.id IS NULL OR c.brand_id IS NOT NULL)
            UNION ALL
            SELECT NULL, c.brand_id, 1, c.x, c.y, c.width, c.height, c.id
            FROM correction AS c
            WHERE c.content_sha256 = s.picture_sha256 AND c.subject = 'logo' AND c.detection_id IS NULL
              AND c.undone_at IS NULL
        ) AS f
    """,
    "brand_presence": """
        SELECT mention_id, post_id, published_at, source, author, reach, brand_id, 'words' AS channel
        FROM presence WHERE named
        UNION ALL
        SELECT mention_id, post_id, published_at, source, author, reach, brand_id, 'picture'
        FROM presence WHERE shown
    """,
    "brand_sentiment": """
        SELECT p.mention_id, p.brand_id, b.name AS brand, p.published_at, p.source, p.author, p.reach, p.label,
               coalesce(toward.p_negative, whole.p_negative) AS p_negative,
               coalesce(toward.p_neutral, whole.p_neutral) AS p_neutral,
               coalesce(toward.p_positive, whole.p_positive) AS p_positive,
               whole.model_version, p.corrected
        FROM presence AS p
        JOIN brand AS b ON b.id = p.brand_id
        JOIN sentiment AS whole ON whole.mention_id = p.mention_id AND whole.brand_id IS NULL
        LEFT JOIN sentiment AS toward ON toward.mention_id = p.mention_id AND toward.brand_id = p.brand_id
        WHERE p.label IS NOT NULL
    """,
    "share_of_voice": """
        WITH counted AS (
            SELECT (day AT TIME ZONE 'UTC')::date AS day, brand_id, sum(texts + captions - twice_named) AS words,
                   sum(shown) AS picture, sum(texts + images - twice) AS either
            FROM brand_day GROUP BY day, brand_id
        )
        SELECT c.day, each.channel, b.name AS brand, b.own, each.posts::bigint AS posts,
               each.posts / sum(each.posts) OVER (PARTITION BY c.day, each.channel)::double precision AS share
        FROM counted AS c
        CROSS JOIN LATERAL (VALUES ('words', c.words), ('picture', c.picture), ('any', c.either)) AS each(channel, posts)
        JOIN brand AS b ON b.id = c.brand_id
        WHERE each.posts > 0
    """,
    "sentiment_daily": """
        SELECT (d.day AT TIME ZONE 'UTC')::date AS day, b.name AS brand, sum(d.texts)::bigint AS mentions,
               sum(d.positive)::bigint AS positive, sum(d.neutral)::bigint AS neutral,
               sum(d.negative)::bigint AS negative,
               (sum(d.positive) - sum(d.negative)) / sum(d.texts)::double precision AS net_sentiment
        FROM brand_day AS d JOIN brand AS b ON b.id = d.brand_id
        GROUP BY d.day, b.name HAVING sum(d.texts) > 0
    """,
    # Wilson's score interval at 95% (z = 1.96): honest at small n, where the plain one is not.
    "brand_health": """
        WITH counted AS (
            SELECT date_trunc('month', d.day AT TIME ZONE 'UTC')::date AS month, b.name AS brand,
                   sum(d.positive)::bigint AS positive, sum(d.negative)::bigint AS negative,
                   sum(d.positive + d.negative)::double precision AS n
            FROM brand_day AS d JOIN brand AS b ON b.id = d.brand_id GROUP BY 1, 2
        ), proportion AS (
            SELECT month, brand, positive, negative, n, positive / n AS p, 1.96 * 1.96 / n AS zz
            FROM counted WHERE n > 0
        )
        SELECT month, brand, positive, negative, n::bigint AS opinions, p AS health,
               greatest(0, (p + zz / 2 - 1.96 * sqrt((p * (1 - p) + zz / 4) / n)) / (1 + zz)) AS health_low,
               least(1, (p + zz / 2 + 1.96 * sqrt((p * (1 - p) + zz / 4) / n)) / (1 + zz)) AS health_high
        FROM proportion
    """,
    "image_only_mentions": """
        SELECT p.mention_id, p.published_at, p.source, m.external_id, p.author, m.url, p.reach, m.text AS caption,
               b.name AS brand, found.score, found.logos, i.url AS picture_url
        FROM presence AS p
        JOIN brand AS b ON b.id = p.brand_id
        JOIN mention AS m ON m.id = p.mention_id
        JOIN picture AS i ON i.sha256 = m.picture_sha256
        CROSS JOIN LATERAL (
            SELECT max(d.score) AS score, count(*) AS logos FROM effective_detection AS d
            WHERE d.picture_sha256 = m.picture_sha256 AND d.model_version = m.model_version
              AND d.brand_id = p.brand_id
        ) AS found
        WHERE p.silent
    """,
}

_NEW = {
    # Newcombe 1998, method 10, and the z test stand in monitor/reports; here are the plain differences.
    "brand_weekly": """
        WITH counted AS (
            SELECT date_trunc('week', d.day AT TIME ZONE 'UTC')::date AS week, d.brand_id,
                   sum(d.texts + d.images - d.twice) AS posts, sum(d.positive) AS positive,
                   sum(d.positive + d.negative) AS opinions
            FROM brand_day AS d GROUP BY 1, 2
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
        SELECT (d.day AT TIME ZONE 'UTC')::date AS day, d.source, b.name AS brand, d.texts + d.images AS mentions,
               d.texts, d.images, d.positive, d.neutral, d.negative
        FROM brand_day AS d JOIN brand AS b ON b.id = d.brand_id
    """,
    "brand_authors": """
        SELECT (p.published_at AT TIME ZONE 'UTC')::date AS day, b.name AS brand, p.source, p.author,
               count(*) AS mentions, max(p.reach) AS reach,
               count(*) FILTER (WHERE p.label = 'positive') AS positive,
               count(*) FILTER (WHERE p.label = 'neutral') AS neutral,
               count(*) FILTER (WHERE p.label = 'negative') AS negative
        FROM presence AS p JOIN brand AS b ON b.id = p.brand_id
        WHERE p.author IS NOT NULL GROUP BY 1, 2, 3, 4
    """,
    # Monroe, Colaresi and Quinn 2008, section 3.5, as monitor/reports/terms.py has it, of single words.
    "brand_terms": """
        WITH said AS (
            SELECT date_trunc('month', p.published_at AT TIME ZONE 'UTC')::date AS month, p.brand_id, p.label,
                   w.word
            FROM presence AS p JOIN mention AS m ON m.id = p.mention_id
            CROSS JOIN LATERAL (
                SELECT DISTINCT lower(found[1]) AS word
                FROM regexp_matches(regexp_replace(m.text, '(https?://|www\\.|[@#])\\S+', ' ', 'g'),
                                    '[[:alpha:]]{2,}(?:[''\\u2019-][[:alpha:]]+)*', 'g') AS found
            ) AS w
            WHERE p.label IN ('positive', 'negative')
        ), counted AS (
            SELECT month, brand_id, word, count(*) FILTER (WHERE label = 'positive') AS positive,
                   count(*) FILTER (WHERE label = 'negative') AS negative
            FROM said GROUP BY 1, 2, 3
        ), summed AS (
            SELECT *, sum(positive) OVER side AS all_positive, sum(negative) OVER side AS all_negative,
                   500.0 * (positive + negative) / sum(positive + negative) OVER side AS prior
            FROM counted WINDOW side AS (PARTITION BY month, brand_id)
        )
        SELECT month, b.name AS brand, word AS term, positive, negative,
               ((ln((positive + prior) / (all_positive + 500 - positive - prior))
                 - ln((negative + prior) / (all_negative + 500 - negative - prior)))
                / sqrt(1 / (positive + prior) + 1 / (negative + prior)))::double precision AS z
        FROM summed JOIN brand AS b ON b.id = brand_id
        WHERE positive + negative >= 3 AND all_positive > 0 AND all_negative > 0
    """,
}

_COMMENTS = {
    "VIEW brand_weekly": "Per week (UTC, from Monday) and brand: posts, share of voice, health, and their change.",
    "COLUMN brand_weekly.posts": "Posts about the brand on each day of the week, added up.",
    "COLUMN brand_weekly.share": "0..1 of the posts of all brands in that week.",
    "COLUMN brand_weekly.share_change": "Since the week before, -1..1; null if nothing is known of that.",
    "COLUMN brand_weekly.opinions": "positive + negative: how much the health rests on.",
    "COLUMN brand_weekly.health": "positive / opinions, 0..1; null without opinions.",
    "COLUMN brand_weekly.health_change": "Since the week before, -1..1; null where either has none.",
    "VIEW source_daily": "Per day (UTC), source and brand: mentions about it, and how its texts feel.",
    "COLUMN source_daily.mentions": "texts + images; a mention about two brands counts for both.",
    "VIEW brand_authors": "Per day (UTC), brand, source and author: mentions, and how the texts feel.",
    "COLUMN brand_authors.reach": "The furthest of them, people.",
    "VIEW brand_terms": "Per month (UTC) and brand: words that set praise apart from criticism, by log-odds.",
    "COLUMN brand_terms.z": "Above 0 for praise, below for criticism; beyond 1.96 it is no chance find.",
    "COLUMN brand_terms.positive": "Positive texts that have the word.",
}


def upgrade() -> None:
    for name, query in {**_REPLACED, **_NEW}.items():
        _create_or_replace(name, query)
    for thing, comment in _COMMENTS.items():
        op.execute(f"COMMENT ON {thing} IS '{comment}'")
    for view in _NEW:
        for role in ("brand_monitor_read", "brand_monitor_write"):
            _for_role(role, f"GRANT SELECT ON {view} TO {role}")
        _for_role("brand_monitor_migrate", f"ALTER VIEW {view} OWNER TO brand_monitor_migrate")


def downgrade() -> None:
    for view in _NEW:
        op.execute(f"DROP VIEW {view}")
    before = runpy.run_path(str(Path(__file__).with_name("0002_views.py")))["_VIEWS"]
    for name in reversed(_REPLACED):
        _create_or_replace(name, before[name])


def _create_or_replace(name: str, query: str) -> None:
    # Not through SQLAlchemy's text(): it takes the colons of [:alpha:] for parameters.
    op.get_bind().exec_driver_sql(
        f"CREATE OR REPLACE VIEW {name} AS {query}", execution_options={"no_parameters": True}
    )


def _for_role(role: str, statement: str) -> None:
    """Run a statement about a role, or say why not (0003 tells who may)."""
    op.execute(f"""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN {statement}; END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'brand-monitor: no rights granted to %: %', '{role}', SQLERRM;
        END $$
    """)
