"""Views for people with a SQL client: effective values (corrections outrank models), then the figures."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# In order of dependence.
_VIEWS = {
    "sentiment_correction": """
        SELECT c.id, c.mention_id, c.brand_id, c.label, c.corrected_by, c.corrected_at
        FROM correction AS c
        JOIN mention AS m ON m.id = c.mention_id
        WHERE c.subject = 'sentiment' AND c.undone_at IS NULL
          AND c.content_sha256 = encode(sha256(convert_to(m.text, 'UTF8')), 'hex')
    """,
    "effective_sentiment": """
        SELECT s.mention_id, s.brand_id, coalesce(c.label, s.label) AS label, s.label AS model_label,
               s.p_negative, s.p_neutral, s.p_positive, s.model_version, c.id AS correction_id
        FROM sentiment AS s
        LEFT JOIN sentiment_correction AS c
          ON c.mention_id = s.mention_id AND c.brand_id IS NOT DISTINCT FROM s.brand_id
    """,
    "effective_detection": """
        SELECT d.picture_sha256, d.model_version, d.id AS detection_id, coalesce(c.brand_id, d.brand_id) AS brand_id,
               d.score, coalesce(c.x, d.x) AS x, coalesce(c.y, d.y) AS y,
               coalesce(c.width, d.width) AS width, coalesce(c.height, d.height) AS height, c.id AS correction_id
        FROM logo_detection AS d
        LEFT JOIN correction AS c ON c.detection_id = d.id AND c.subject = 'logo' AND c.undone_at IS NULL
        WHERE c.id IS NULL OR c.brand_id IS NOT NULL
        UNION ALL
        SELECT s.picture_sha256, s.model_version, NULL, c.brand_id, 1, c.x, c.y, c.width, c.height, c.id
        FROM correction AS c
        JOIN picture_scan AS s ON s.picture_sha256 = c.content_sha256
        WHERE c.subject = 'logo' AND c.detection_id IS NULL AND c.undone_at IS NULL
    """,
    "logo_sighting": """
        SELECT m.id AS mention_id, m.post_id, m.published_at, m.source, m.author, m.url, m.reach,
               m.picture_sha256, d.brand_id, b.name AS brand, d.score, d.x, d.y, d.width, d.height,
               d.model_version, d.detection_id, d.correction_id IS NOT NULL AS corrected
        FROM mention AS m
        JOIN effective_detection AS d
          ON d.picture_sha256 = m.picture_sha256 AND d.model_version = m.model_version
        JOIN brand AS b ON b.id = d.brand_id
    """,
    "brand_presence": """
        SELECT m.id AS mention_id, m.post_id, m.published_at, m.source, m.author, m.reach,
               n.brand_id, 'words' AS channel
        FROM (SELECT DISTINCT mention_id, brand_id FROM brand_mention) AS n
        JOIN mention AS m ON m.id = n.mention_id
        UNION ALL
        SELECT DISTINCT mention_id, post_id, published_at, source, author, reach, brand_id, 'picture'
        FROM logo_sighting
    """,
    "brand_sentiment": """
        SELECT m.id AS mention_id, n.brand_id, b.name AS brand, m.published_at, m.source, m.author, m.reach,
               CASE WHEN c.id IS NOT NULL THEN c.label
                    WHEN whole.correction_id IS NOT NULL THEN whole.label
                    ELSE coalesce(toward.label, whole.label) END AS label,
               coalesce(toward.p_negative, whole.p_negative) AS p_negative,
               coalesce(toward.p_neutral, whole.p_neutral) AS p_neutral,
               coalesce(toward.p_positive, whole.p_positive) AS p_positive,
               whole.model_version, coalesce(c.id, whole.correction_id) IS NOT NULL AS corrected
        FROM (SELECT DISTINCT mention_id, brand_id FROM brand_mention) AS n
        JOIN mention AS m ON m.id = n.mention_id AND m.kind = 'text'
        JOIN brand AS b ON b.id = n.brand_id
        JOIN effective_sentiment AS whole ON whole.mention_id = m.id AND whole.brand_id IS NULL
        LEFT JOIN sentiment AS toward ON toward.mention_id = m.id AND toward.brand_id = n.brand_id
        LEFT JOIN sentiment_correction AS c ON c.mention_id = m.id AND c.brand_id = n.brand_id
    """,
    "share_of_voice": """
        WITH counted AS (
            SELECT (published_at AT TIME ZONE 'UTC')::date AS day, coalesce(channel, 'any') AS channel, brand_id,
                   count(DISTINCT post_id) AS posts
            FROM brand_presence
            GROUP BY GROUPING SETS ((1, channel, brand_id), (1, brand_id))
        )
        SELECT day, channel, b.name AS brand, b.own, posts,
               posts / sum(posts) OVER (PARTITION BY day, channel)::double precision AS share
        FROM counted JOIN brand AS b ON b.id = brand_id
    """,
    "sentiment_daily": """
        SELECT (published_at AT TIME ZONE 'UTC')::date AS day, brand, count(*) AS mentions,
               count(*) FILTER (WHERE label = 'positive') AS positive,
               count(*) FILTER (WHERE label = 'neutral') AS neutral,
               count(*) FILTER (WHERE label = 'negative') AS negative,
               (count(*) FILTER (WHERE label = 'positive') - count(*) FILTER (WHERE label = 'negative'))
                   / count(*)::double precision AS net_sentiment
        FROM brand_sentiment GROUP BY 1, 2
    """,
    # Wilson's score interval at 95% (z = 1.96): honest at small n, where the plain one is not.
    "brand_health": """
        WITH counted AS (
            SELECT date_trunc('month', published_at AT TIME ZONE 'UTC')::date AS month, brand,
                   count(*) FILTER (WHERE label = 'positive') AS positive,
                   count(*) FILTER (WHERE label = 'negative') AS negative,
                   count(*) FILTER (WHERE label <> 'neutral')::double precision AS n
            FROM brand_sentiment GROUP BY 1, 2
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
        SELECT l.mention_id, l.published_at, l.source, m.external_id, l.author, l.url, l.reach,
               m.text AS caption, l.brand, max(l.score) AS score, count(*) AS logos, p.url AS picture_url
        FROM logo_sighting AS l
        JOIN mention AS m ON m.id = l.mention_id
        JOIN picture AS p ON p.sha256 = l.picture_sha256
        WHERE NOT EXISTS (
            SELECT FROM mention AS told JOIN brand_mention AS n ON n.mention_id = told.id
            WHERE told.post_id = l.post_id AND n.brand_id = l.brand_id
        )
        GROUP BY l.mention_id, l.published_at, l.source, m.external_id, l.author, l.url, l.reach, m.text, l.brand,
                 p.url
    """,
    "mention_detail": """
        SELECT m.id AS mention_id, m.kind, m.source, m.external_id, m.published_at, m.author, m.url, m.lang, m.reach,
               m.text,
               ARRAY(SELECT DISTINCT b.name FROM brand_mention AS n JOIN brand AS b ON b.id = n.brand_id
                     WHERE n.mention_id = m.id ORDER BY 1) AS brands_named,
               ARRAY(SELECT DISTINCT l.brand FROM logo_sighting AS l WHERE l.mention_id = m.id ORDER BY 1)
                   AS brands_shown,
               s.label AS sentiment, s.p_negative, s.p_neutral, s.p_positive,
               s.correction_id IS NOT NULL
                   OR EXISTS (SELECT FROM logo_sighting AS l WHERE l.mention_id = m.id AND l.corrected) AS corrected,
               p.url AS picture_url, p.width AS picture_width, p.height AS picture_height, m.model_version, m.stored_at
        FROM mention AS m
        LEFT JOIN effective_sentiment AS s ON s.mention_id = m.id AND s.brand_id IS NULL
        LEFT JOIN picture AS p ON p.sha256 = m.picture_sha256
    """,
}

_COMMENTS = {
    "VIEW sentiment_correction": "Corrections of sentiment in force: not undone, and the text is still what was judged.",
    "VIEW effective_sentiment": "Sentiment as it counts: the model's, or what a person put in its place.",
    "COLUMN effective_sentiment.label": "What counts.",
    "COLUMN effective_sentiment.model_label": "What the model said.",
    "COLUMN effective_sentiment.brand_id": "Toward this brand; null for the whole text.",
    "VIEW effective_detection": "Logos as they count: the model's, corrected, without false alarms, with missed ones.",
    "COLUMN effective_detection.score": "The model's confidence; 1 for a logo a person added.",
    "VIEW logo_sighting": "One row per logo in each image mention (what counts), with its brand and box.",
    "VIEW brand_presence": "One row per mention, brand and channel: the brand is named in words or its logo shown.",
    "COLUMN brand_presence.channel": "words (text or caption) or picture.",
    "VIEW brand_sentiment": "One row per text mention and brand named in it: how it feels about that brand.",
    "COLUMN brand_sentiment.label": "A person's word first, then the model's toward the brand, then the whole text's.",
    "VIEW share_of_voice": "Per day (UTC), channel and brand: posts about the brand and its share among all brands.",
    "COLUMN share_of_voice.channel": "words (text or caption), picture (logo shown) or any of the two.",
    "COLUMN share_of_voice.posts": "Posts; a text and a picture with the same source and id are one post.",
    "COLUMN share_of_voice.share": "0..1 of that day's posts in that channel, summed over brands. To join days, sum posts.",
    "VIEW sentiment_daily": "Per day (UTC) and brand: texts that name it, by sentiment.",
    "COLUMN sentiment_daily.net_sentiment": "(positive - negative) / mentions, -1..1.",
    "VIEW brand_health": "Per month (UTC) and brand: positive / (positive + negative), with a 95% Wilson interval.",
    "COLUMN brand_health.opinions": "positive + negative: how much the health rests on.",
    "COLUMN brand_health.health_low": "Lower end of the interval.",
    "COLUMN brand_health.health_high": "Upper end of the interval.",
    "VIEW image_only_mentions": "Pictures that show a brand's logo while neither caption nor text of the post names it.",
    "COLUMN image_only_mentions.score": "Highest confidence among the logos.",
    "COLUMN image_only_mentions.logos": "How many logos of the brand.",
    "VIEW mention_detail": "One row per mention, with everything found in it.",
    "COLUMN mention_detail.text": "What was said; the caption of a picture.",
    "COLUMN mention_detail.brands_named": "Brands named in the text or caption.",
    "COLUMN mention_detail.brands_shown": "Brands whose logo the picture shows.",
    "COLUMN mention_detail.sentiment": "Of the whole text, corrections included; null for pictures.",
    "COLUMN mention_detail.corrected": "A person changed something here.",
}


def upgrade() -> None:
    for name, query in _VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {query}")
    for thing, comment in _COMMENTS.items():
        quoted = comment.replace("'", "''")
        op.execute(f"COMMENT ON {thing} IS '{quoted}'")


def downgrade() -> None:
    for name in reversed(_VIEWS):
        op.execute(f"DROP VIEW {name}")
