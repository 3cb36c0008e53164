-- Views and functions of the roll-ups, by language and by stories; 0011_readings.py runs this. What 0005_figures.sql
-- made and is the same still is not in here.

-- What each table must hold, worked out from the rows: what the trigger writes and what `brand-monitor db check`
-- compares. Those of days rest on those of hours, which rest on presence, which rests on the rows.

CREATE VIEW expected_presence AS
SELECT found.mention_id, found.brand_id, m.post_id, m.published_at, m.source, m.kind, m.author, m.reach,
       found.named, found.shown,
       found.shown AND NOT EXISTS (
           SELECT FROM mention AS told JOIN brand_mention AS n ON n.mention_id = told.id
           WHERE told.post_id = m.post_id AND n.brand_id = found.brand_id) AS silent,
       found.score, felt.label,
       -- A person's word about a text that no model scored is certain.
       CASE felt.label WHEN 'positive' THEN coalesce(felt.p_positive, 1)
                       WHEN 'negative' THEN coalesce(felt.p_negative, 1)
                       WHEN 'neutral' THEN coalesce(felt.p_neutral, 1) END::real AS certainty,
       found.corrected OR felt.corrected AS corrected, m.language, m.story_id, m.lead
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
LEFT JOIN sentiment AS toward ON toward.mention_id = found.mention_id AND toward.brand_id = found.brand_id
LEFT JOIN sentiment_correction AS everything
  ON everything.mention_id = found.mention_id AND everything.brand_id IS NULL
LEFT JOIN sentiment_correction AS about
  ON about.mention_id = found.mention_id AND about.brand_id = found.brand_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN m.kind = 'text' AND found.named
                THEN coalesce(about.label, everything.label, toward.label, whole.label) END AS label,
           coalesce(toward.p_negative, whole.p_negative) AS p_negative,
           coalesce(toward.p_neutral, whole.p_neutral) AS p_neutral,
           coalesce(toward.p_positive, whole.p_positive) AS p_positive,
           about.id IS NOT NULL OR everything.id IS NOT NULL AS corrected
) AS felt;
COMMENT ON VIEW expected_presence IS 'What table presence must hold, worked out from the rows.';

CREATE VIEW expected_post_pair AS
SELECT t.post_id, t.source, t.published_at AS text_at, i.published_at AS image_at,
       ARRAY(SELECT p.brand_id FROM presence AS p WHERE p.mention_id = t.id ORDER BY 1) AS text_brands,
       ARRAY(SELECT p.brand_id FROM presence AS p WHERE p.mention_id = i.id ORDER BY 1) AS image_brands,
       ARRAY(SELECT p.brand_id FROM presence AS p WHERE p.mention_id = i.id AND p.named ORDER BY 1)
           AS caption_brands,
       t.language AS text_language, i.language AS image_language, t.lead AND i.lead AS lead
FROM mention AS t JOIN mention AS i ON i.post_id = t.post_id AND i.kind = 'image'
WHERE t.kind = 'text';
COMMENT ON VIEW expected_post_pair IS 'What table post_pair must hold, worked out from the rows and presence.';

CREATE VIEW expected_mention_hour AS
SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, kind, model_version, count(*) AS mentions,
       language, lead, count(*) FILTER (WHERE kind = 'text' AND n_sentiments = 0) AS unscored
FROM mention GROUP BY hour, source, kind, model_version, language, lead;
COMMENT ON VIEW expected_mention_hour IS 'What table mention_hour must hold, worked out from the rows.';

CREATE VIEW expected_about_hour AS
SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, kind, count(*) AS mentions,
       count(*) FILTER (WHERE silent) AS silent, language, lead
FROM (SELECT published_at, source, kind, bool_or(silent) AS silent, language, lead
      FROM presence GROUP BY mention_id, published_at, source, kind, language, lead) AS each
GROUP BY 1, 2, 3, language, lead;
COMMENT ON VIEW expected_about_hour IS 'What table about_hour must hold, worked out from presence.';

CREATE VIEW expected_brand_hour AS
SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, brand_id,
       count(*) FILTER (WHERE kind = 'text') AS texts, count(*) FILTER (WHERE kind = 'image') AS images,
       count(*) FILTER (WHERE kind = 'image' AND named) AS captions,
       count(*) FILTER (WHERE shown) AS shown, count(*) FILTER (WHERE silent) AS silent,
       count(*) FILTER (WHERE label = 'positive') AS positive,
       count(*) FILTER (WHERE label = 'neutral') AS neutral,
       count(*) FILTER (WHERE label = 'negative') AS negative, language, lead,
       count(*) FILTER (WHERE kind = 'text' AND label IS NULL) AS unscored
FROM presence GROUP BY 1, 2, 3, language, lead;
COMMENT ON VIEW expected_brand_hour IS 'What table brand_hour must hold, worked out from presence.';

CREATE VIEW expected_combination_hour AS
SELECT hour, source, kind, brands, count(*) AS mentions, language, lead
FROM (SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, kind,
             array_agg(brand_id ORDER BY brand_id) AS brands, language, lead
      FROM presence GROUP BY mention_id, published_at, source, kind, language, lead
      HAVING count(*) > 1) AS each
GROUP BY 1, 2, 3, 4, language, lead;
COMMENT ON VIEW expected_combination_hour IS 'What table combination_hour must hold, worked out from presence.';

CREATE VIEW expected_pair_day AS
SELECT date_trunc('day', text_at, 'UTC') AS day, source, count(*) AS pairs,
       count(*) FILTER (WHERE text_brands <> '{}' AND image_brands <> '{}') AS about,
       text_language, image_language, lead
FROM post_pair WHERE (text_at AT TIME ZONE 'UTC')::date = (image_at AT TIME ZONE 'UTC')::date
GROUP BY 1, 2, text_language, image_language, lead;
COMMENT ON VIEW expected_pair_day IS 'What table pair_day must hold, worked out from post_pair.';

CREATE VIEW expected_brand_day AS
SELECT date_trunc('day', hour, 'UTC') AS day, source, brand_id, sum(texts)::bigint AS texts,
       sum(images)::bigint AS images, sum(captions)::bigint AS captions, sum(shown)::bigint AS shown,
       sum(silent)::bigint AS silent, sum(positive)::bigint AS positive, sum(neutral)::bigint AS neutral,
       sum(negative)::bigint AS negative, language, lead, sum(unscored)::bigint AS unscored
FROM brand_hour GROUP BY 1, 2, 3, language, lead;
COMMENT ON VIEW expected_brand_day IS 'What table brand_day must hold, worked out from brand_hour.';

CREATE VIEW expected_brand_pair_day AS
SELECT date_trunc('day', text_at, 'UTC') AS day, source, brand_id, text_language, image_language, lead,
       count(*) AS pairs, count(*) FILTER (WHERE brand_id = ANY(caption_brands)) AS named
FROM post_pair, unnest(text_brands) AS brand_id
WHERE brand_id = ANY(image_brands) AND (text_at AT TIME ZONE 'UTC')::date = (image_at AT TIME ZONE 'UTC')::date
GROUP BY 1, 2, 3, 4, 5, 6;
COMMENT ON VIEW expected_brand_pair_day IS 'What table brand_pair_day must hold, worked out from post_pair.';

-- What a statement touched, noted as it happens.

CREATE OR REPLACE FUNCTION figures_note_mention() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO figure_queue (posts, mentions, counted)
        SELECT array_agg(DISTINCT post_id), '{}', (SELECT jsonb_agg(moved) FROM (
            SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, kind, model_version, language, lead,
                   count(*) AS mentions, count(*) FILTER (WHERE kind = 'text' AND n_sentiments = 0) AS unscored
            FROM came GROUP BY 1, 2, 3, 4, 5, 6) AS moved)
        FROM came HAVING count(*) > 0;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO figure_queue (posts, mentions, counted)
        SELECT array_agg(DISTINCT post_id), array_agg(id), (SELECT jsonb_agg(moved) FROM (
            SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, kind, model_version, language, lead,
                   -count(*) AS mentions,
                   -count(*) FILTER (WHERE kind = 'text' AND n_sentiments = 0) AS unscored
            FROM gone GROUP BY 1, 2, 3, 4, 5, 6) AS moved)
        FROM gone HAVING count(*) > 0;
    ELSE
        INSERT INTO figure_queue (posts, mentions, counted)
        SELECT array_agg(DISTINCT post_id), array_agg(DISTINCT id), (SELECT jsonb_agg(moved) FROM (
            SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, kind, model_version, language, lead,
                   sum(n) AS mentions,
                   coalesce(sum(n) FILTER (WHERE kind = 'text' AND n_sentiments = 0), 0) AS unscored
            FROM (SELECT published_at, source, kind, model_version, language, lead, n_sentiments, 1 AS n FROM came
                  UNION ALL
                  SELECT published_at, source, kind, model_version, language, lead, n_sentiments, -1
                  FROM gone) AS each
            GROUP BY 1, 2, 3, 4, 5, 6
            HAVING sum(n) <> 0 OR sum(n) FILTER (WHERE kind = 'text' AND n_sentiments = 0) <> 0) AS moved)
        -- What was only read anew (its words, say) counts as before.
        FROM (SELECT coalesce(came.id, gone.id) AS id, unnest(ARRAY[came.post_id, gone.post_id]) AS post_id
              FROM came FULL JOIN gone ON gone.id = came.id
              WHERE (came.id, came.post_id, came.published_at, came.source, came.kind, came.author, came.reach,
                     came.text, came.picture_sha256, came.model_version, came.n_sentiments, came.language,
                     came.story_id, came.lead)
                    IS DISTINCT FROM
                    (gone.id, gone.post_id, gone.published_at, gone.source, gone.kind, gone.author, gone.reach,
                     gone.text, gone.picture_sha256, gone.model_version, gone.n_sentiments, gone.language,
                     gone.story_id, gone.lead)) AS touched
        HAVING count(*) > 0;
    END IF;
    RETURN NULL;
END $$;

-- The counts, moved by the difference between what was there and what is. One statement each: rows that came
-- count 1, rows that went -1, and what adds up to nothing in a table goes out of it.

CREATE OR REPLACE FUNCTION figures_move_mentions(moved jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO mention_hour AS h (hour, source, kind, model_version, language, lead, mentions, unscored)
    SELECT hour, source, kind, model_version, language, lead, sum(mentions), sum(unscored)
    FROM jsonb_to_recordset(moved)
        AS each(hour timestamptz, source text, kind text, model_version text, language text, lead boolean,
                mentions bigint, unscored bigint)
    GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(mentions) <> 0 OR sum(unscored) <> 0
    ON CONFLICT (hour, source, kind, model_version, language, lead) DO UPDATE
    SET mentions = h.mentions + excluded.mentions, unscored = h.unscored + excluded.unscored;
    DELETE FROM mention_hour AS h
    USING jsonb_to_recordset(moved)
        AS k(hour timestamptz, source text, kind text, model_version text, language text, lead boolean,
             mentions bigint)
    WHERE k.mentions < 0 AND h.hour = k.hour AND h.source = k.source AND h.kind = k.kind
      AND h.model_version = k.model_version AND h.language = k.language AND h.lead = k.lead AND h.mentions = 0;
END $$;

CREATE OR REPLACE FUNCTION figures_move_presence(gone presence[], came presence[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    WITH hours AS (
        SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, brand_id,
               coalesce(sum(n) FILTER (WHERE kind = 'text'), 0) AS texts,
               coalesce(sum(n) FILTER (WHERE kind = 'image'), 0) AS images,
               coalesce(sum(n) FILTER (WHERE kind = 'image' AND named), 0) AS captions,
               coalesce(sum(n) FILTER (WHERE shown), 0) AS shown,
               coalesce(sum(n) FILTER (WHERE silent), 0) AS silent,
               coalesce(sum(n) FILTER (WHERE label = 'positive'), 0) AS positive,
               coalesce(sum(n) FILTER (WHERE label = 'neutral'), 0) AS neutral,
               coalesce(sum(n) FILTER (WHERE label = 'negative'), 0) AS negative, language, lead,
               coalesce(sum(n) FILTER (WHERE kind = 'text' AND label IS NULL), 0) AS unscored
        FROM (SELECT 1 AS n, * FROM unnest(came) UNION ALL SELECT -1, * FROM unnest(gone)) AS each
        GROUP BY 1, 2, 3, language, lead
    ), by_hour AS (
        INSERT INTO brand_hour AS h SELECT * FROM hours
        ON CONFLICT (brand_id, hour, source, language, lead) DO UPDATE
        SET texts = h.texts + excluded.texts, images = h.images + excluded.images,
            captions = h.captions + excluded.captions, shown = h.shown + excluded.shown,
            silent = h.silent + excluded.silent, positive = h.positive + excluded.positive,
            neutral = h.neutral + excluded.neutral, negative = h.negative + excluded.negative,
            unscored = h.unscored + excluded.unscored
    )
    INSERT INTO brand_day AS d
    SELECT date_trunc('day', hour, 'UTC'), source, brand_id, sum(texts), sum(images), sum(captions), sum(shown),
           sum(silent), sum(positive), sum(neutral), sum(negative), language, lead, sum(unscored)
    FROM hours GROUP BY 1, 2, 3, language, lead
    ON CONFLICT (day, source, brand_id, language, lead) DO UPDATE
    SET texts = d.texts + excluded.texts, images = d.images + excluded.images,
        captions = d.captions + excluded.captions, shown = d.shown + excluded.shown,
        silent = d.silent + excluded.silent, positive = d.positive + excluded.positive,
        neutral = d.neutral + excluded.neutral, negative = d.negative + excluded.negative,
        unscored = d.unscored + excluded.unscored;

    WITH each AS (
        SELECT n, date_trunc('hour', published_at, 'UTC') AS hour, source, kind, bool_or(silent) AS silent,
               array_agg(brand_id ORDER BY brand_id) AS brands, language, lead
        FROM (SELECT 1 AS n, * FROM unnest(came) UNION ALL SELECT -1, * FROM unnest(gone)) AS each
        GROUP BY n, mention_id, published_at, source, kind, language, lead
    ), combined AS (
        INSERT INTO combination_hour AS h (hour, source, kind, brands, language, lead, mentions)
        SELECT hour, source, kind, brands, language, lead, sum(n) FROM each WHERE cardinality(brands) > 1
        GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0
        ON CONFLICT (hour, source, kind, brands, language, lead) DO UPDATE
        SET mentions = h.mentions + excluded.mentions
    )
    INSERT INTO about_hour AS h (hour, source, kind, language, lead, mentions, silent)
    SELECT hour, source, kind, language, lead, sum(n), coalesce(sum(n) FILTER (WHERE silent), 0)
    FROM each GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (hour, source, kind, language, lead) DO UPDATE
    SET mentions = h.mentions + excluded.mentions, silent = h.silent + excluded.silent;

    IF cardinality(gone) > 0 THEN
        DELETE FROM brand_hour AS h
        USING (SELECT DISTINCT date_trunc('hour', published_at, 'UTC') AS hour, source, brand_id
               FROM unnest(gone)) AS k
        WHERE h.brand_id = k.brand_id AND h.hour = k.hour AND h.source = k.source
          AND h.texts = 0 AND h.images = 0;
        DELETE FROM brand_day AS d
        USING (SELECT DISTINCT date_trunc('day', published_at, 'UTC') AS day, source, brand_id
               FROM unnest(gone)) AS k
        WHERE d.brand_id = k.brand_id AND d.day = k.day AND d.source = k.source
          AND d.texts = 0 AND d.images = 0;
        DELETE FROM combination_hour AS h
        USING (SELECT DISTINCT date_trunc('hour', published_at, 'UTC') AS hour, source, kind
               FROM unnest(gone)) AS k
        WHERE h.hour = k.hour AND h.source = k.source AND h.kind = k.kind AND h.mentions = 0;
        DELETE FROM about_hour AS h
        USING (SELECT DISTINCT date_trunc('hour', published_at, 'UTC') AS hour, source, kind
               FROM unnest(gone)) AS k
        WHERE h.hour = k.hour AND h.source = k.source AND h.kind = k.kind AND h.mentions = 0;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION figures_move_pairs(gone post_pair[], came post_pair[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    WITH each AS (
        SELECT n, date_trunc('day', text_at, 'UTC') AS day, source, text_brands, image_brands, caption_brands,
               text_language, image_language, lead
        FROM (SELECT 1 AS n, * FROM unnest(came) UNION ALL SELECT -1, * FROM unnest(gone)) AS each
        WHERE (text_at AT TIME ZONE 'UTC')::date = (image_at AT TIME ZONE 'UTC')::date
    ), paired AS (
        INSERT INTO pair_day AS d (day, source, text_language, image_language, lead, pairs, about)
        SELECT day, source, text_language, image_language, lead, sum(n),
               coalesce(sum(n) FILTER (WHERE text_brands <> '{}' AND image_brands <> '{}'), 0)
        FROM each GROUP BY 1, 2, 3, 4, 5
        ON CONFLICT (day, source, text_language, image_language, lead) DO UPDATE
        SET pairs = d.pairs + excluded.pairs, about = d.about + excluded.about
    )
    INSERT INTO brand_pair_day AS d (day, source, brand_id, text_language, image_language, lead, pairs, named)
    SELECT day, source, brand_id, text_language, image_language, lead, sum(n),
           coalesce(sum(n) FILTER (WHERE brand_id = ANY(caption_brands)), 0)
    FROM each, unnest(text_brands) AS brand_id WHERE brand_id = ANY(image_brands)
    GROUP BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (day, source, brand_id, text_language, image_language, lead) DO UPDATE
    SET pairs = d.pairs + excluded.pairs, named = d.named + excluded.named;

    IF cardinality(gone) > 0 THEN
        DELETE FROM pair_day AS d
        USING (SELECT DISTINCT date_trunc('day', text_at, 'UTC') AS day, source FROM unnest(gone)) AS k
        WHERE d.day = k.day AND d.source = k.source AND d.pairs = 0;
        DELETE FROM brand_pair_day AS d
        USING (SELECT DISTINCT date_trunc('day', text_at, 'UTC') AS day, source FROM unnest(gone)) AS k
        WHERE d.day = k.day AND d.source = k.source AND d.pairs = 0;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION figures_rebuild() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('brand-monitor figures'));
    DELETE FROM figure_queue WHERE transaction = pg_current_xact_id()::text::bigint;
    DELETE FROM presence;
    DELETE FROM post_pair;
    DELETE FROM mention_hour;
    DELETE FROM about_hour;
    DELETE FROM brand_hour;
    DELETE FROM combination_hour;
    DELETE FROM pair_day;
    DELETE FROM brand_day;
    DELETE FROM brand_pair_day;
    -- In order of time, as mentions come: what is read together lies together.
    INSERT INTO presence SELECT * FROM expected_presence ORDER BY published_at;
    INSERT INTO post_pair SELECT * FROM expected_post_pair ORDER BY text_at;
    INSERT INTO mention_hour SELECT * FROM expected_mention_hour;
    INSERT INTO about_hour SELECT * FROM expected_about_hour;
    INSERT INTO brand_hour SELECT * FROM expected_brand_hour;
    INSERT INTO combination_hour SELECT * FROM expected_combination_hour;
    INSERT INTO pair_day SELECT * FROM expected_pair_day;
    INSERT INTO brand_day SELECT * FROM expected_brand_day;
    INSERT INTO brand_pair_day SELECT * FROM expected_brand_pair_day;
END $$;
