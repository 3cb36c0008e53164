-- Views and functions of the roll-ups; 0005_figures.py runs this and makes the tables and triggers around it.

-- What each table must hold, worked out from the rows: what the trigger writes and what `brand-monitor db check`
-- compares. Those of days rest on those of hours, which rest on presence, which rests on the rows.

CREATE VIEW expected_presence AS
SELECT found.mention_id, found.brand_id, m.post_id, m.published_at, m.source, m.kind, m.author, m.reach,
       found.named, found.shown,
       found.shown AND NOT EXISTS (
           SELECT FROM mention AS told JOIN brand_mention AS n ON n.mention_id = told.id
           WHERE told.post_id = m.post_id AND n.brand_id = found.brand_id) AS silent,
       found.score, felt.label,
       CASE felt.label WHEN 'positive' THEN felt.p_positive WHEN 'negative' THEN felt.p_negative
                       WHEN 'neutral' THEN felt.p_neutral END::real AS certainty,
       found.corrected OR felt.corrected AS corrected
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
           AS caption_brands
FROM mention AS t JOIN mention AS i ON i.post_id = t.post_id AND i.kind = 'image'
WHERE t.kind = 'text';
COMMENT ON VIEW expected_post_pair IS 'What table post_pair must hold, worked out from the rows and presence.';

CREATE VIEW expected_mention_hour AS
SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, kind, model_version, count(*) AS mentions
FROM mention GROUP BY 1, 2, 3, 4;
COMMENT ON VIEW expected_mention_hour IS 'What table mention_hour must hold, worked out from the rows.';

CREATE VIEW expected_about_hour AS
SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, kind, count(*) AS mentions,
       count(*) FILTER (WHERE silent) AS silent
FROM (SELECT published_at, source, kind, bool_or(silent) AS silent
      FROM presence GROUP BY mention_id, published_at, source, kind) AS each
GROUP BY 1, 2, 3;
COMMENT ON VIEW expected_about_hour IS 'What table about_hour must hold, worked out from presence.';

CREATE VIEW expected_brand_hour AS
SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, brand_id,
       count(*) FILTER (WHERE kind = 'text') AS texts, count(*) FILTER (WHERE kind = 'image') AS images,
       count(*) FILTER (WHERE kind = 'image' AND named) AS captions,
       count(*) FILTER (WHERE shown) AS shown, count(*) FILTER (WHERE silent) AS silent,
       count(*) FILTER (WHERE label = 'positive') AS positive,
       count(*) FILTER (WHERE label = 'neutral') AS neutral,
       count(*) FILTER (WHERE label = 'negative') AS negative
FROM presence GROUP BY 1, 2, 3;
COMMENT ON VIEW expected_brand_hour IS 'What table brand_hour must hold, worked out from presence.';

CREATE VIEW expected_combination_hour AS
SELECT hour, source, kind, brands, count(*) AS mentions
FROM (SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, kind,
             array_agg(brand_id ORDER BY brand_id) AS brands
      FROM presence GROUP BY mention_id, published_at, source, kind HAVING count(*) > 1) AS each
GROUP BY 1, 2, 3, 4;
COMMENT ON VIEW expected_combination_hour IS 'What table combination_hour must hold, worked out from presence.';

CREATE VIEW expected_pair_day AS
SELECT date_trunc('day', text_at, 'UTC') AS day, source, count(*) AS pairs,
       count(*) FILTER (WHERE text_brands <> '{}' AND image_brands <> '{}') AS about
FROM post_pair WHERE (text_at AT TIME ZONE 'UTC')::date = (image_at AT TIME ZONE 'UTC')::date
GROUP BY 1, 2;
COMMENT ON VIEW expected_pair_day IS 'What table pair_day must hold, worked out from post_pair.';

CREATE VIEW expected_brand_day AS
SELECT day, source, brand_id, sum(texts)::bigint AS texts, sum(images)::bigint AS images,
       sum(captions)::bigint AS captions, sum(shown)::bigint AS shown, sum(silent)::bigint AS silent,
       sum(positive)::bigint AS positive, sum(neutral)::bigint AS neutral, sum(negative)::bigint AS negative,
       sum(twice)::bigint AS twice, sum(twice_named)::bigint AS twice_named
FROM (
    SELECT date_trunc('day', hour, 'UTC') AS day, source, brand_id, texts, images, captions, shown, silent,
           positive, neutral, negative, 0 AS twice, 0 AS twice_named
    FROM brand_hour
    UNION ALL
    SELECT date_trunc('day', text_at, 'UTC'), source, brand_id, 0, 0, 0, 0, 0, 0, 0, 0,
           1, (brand_id = ANY(caption_brands))::int
    FROM post_pair, unnest(text_brands) AS brand_id
    WHERE brand_id = ANY(image_brands)
      AND (text_at AT TIME ZONE 'UTC')::date = (image_at AT TIME ZONE 'UTC')::date
) AS each GROUP BY 1, 2, 3;
COMMENT ON VIEW expected_brand_day IS 'What table brand_day must hold, worked out from brand_hour and post_pair.';

-- What a statement touched, noted as it happens.

CREATE FUNCTION figures_note_mention() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO figure_queue (posts, mentions, counted)
        SELECT array_agg(DISTINCT post_id), '{}', (SELECT jsonb_agg(moved) FROM (
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
END $$;

CREATE FUNCTION figures_note_part() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
END $$;

-- A logo is corrected in a picture, wherever that picture is shown.
CREATE FUNCTION figures_note_correction() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO figure_queue (mentions, pictures)
        SELECT array_agg(DISTINCT mention_id),
               coalesce(array_agg(DISTINCT content_sha256) FILTER (WHERE subject = 'logo'), '{}')
        FROM came HAVING count(*) > 0;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO figure_queue (mentions, pictures)
        SELECT array_agg(DISTINCT mention_id),
               coalesce(array_agg(DISTINCT content_sha256) FILTER (WHERE subject = 'logo'), '{}')
        FROM gone HAVING count(*) > 0;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION figures_note_picture() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
END $$;

-- The counts, moved by the difference between what was there and what is. One statement each: rows that came
-- count 1, rows that went -1, and what adds up to nothing in a table goes out of it.

CREATE FUNCTION figures_move_mentions(moved jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO mention_hour AS h (hour, source, kind, model_version, mentions)
    SELECT hour, source, kind, model_version, sum(mentions)
    FROM jsonb_to_recordset(moved)
        AS each(hour timestamptz, source text, kind text, model_version text, mentions bigint)
    GROUP BY 1, 2, 3, 4 HAVING sum(mentions) <> 0
    ON CONFLICT (hour, source, kind, model_version) DO UPDATE SET mentions = h.mentions + excluded.mentions;
    DELETE FROM mention_hour AS h
    USING jsonb_to_recordset(moved)
        AS k(hour timestamptz, source text, kind text, model_version text, mentions bigint)
    WHERE k.mentions < 0 AND h.hour = k.hour AND h.source = k.source AND h.kind = k.kind
      AND h.model_version = k.model_version AND h.mentions = 0;
END $$;

CREATE FUNCTION figures_move_presence(gone presence[], came presence[]) RETURNS void
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
               coalesce(sum(n) FILTER (WHERE label = 'negative'), 0) AS negative
        FROM (SELECT 1 AS n, * FROM unnest(came) UNION ALL SELECT -1, * FROM unnest(gone)) AS each
        GROUP BY 1, 2, 3
    ), by_hour AS (
        INSERT INTO brand_hour AS h SELECT * FROM hours
        ON CONFLICT (brand_id, hour, source) DO UPDATE
        SET texts = h.texts + excluded.texts, images = h.images + excluded.images,
            captions = h.captions + excluded.captions, shown = h.shown + excluded.shown,
            silent = h.silent + excluded.silent, positive = h.positive + excluded.positive,
            neutral = h.neutral + excluded.neutral, negative = h.negative + excluded.negative
    )
    INSERT INTO brand_day AS d
    SELECT date_trunc('day', hour, 'UTC'), source, brand_id, sum(texts), sum(images), sum(captions), sum(shown),
           sum(silent), sum(positive), sum(neutral), sum(negative), 0, 0
    FROM hours GROUP BY 1, 2, 3
    ON CONFLICT (day, source, brand_id) DO UPDATE
    SET texts = d.texts + excluded.texts, images = d.images + excluded.images,
        captions = d.captions + excluded.captions, shown = d.shown + excluded.shown,
        silent = d.silent + excluded.silent, positive = d.positive + excluded.positive,
        neutral = d.neutral + excluded.neutral, negative = d.negative + excluded.negative;

    WITH each AS (
        SELECT n, date_trunc('hour', published_at, 'UTC') AS hour, source, kind, bool_or(silent) AS silent,
               array_agg(brand_id ORDER BY brand_id) AS brands
        FROM (SELECT 1 AS n, * FROM unnest(came) UNION ALL SELECT -1, * FROM unnest(gone)) AS each
        GROUP BY n, mention_id, published_at, source, kind
    ), combined AS (
        INSERT INTO combination_hour AS h (hour, source, kind, brands, mentions)
        SELECT hour, source, kind, brands, sum(n) FROM each WHERE cardinality(brands) > 1
        GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0
        ON CONFLICT (hour, source, kind, brands) DO UPDATE SET mentions = h.mentions + excluded.mentions
    )
    INSERT INTO about_hour AS h (hour, source, kind, mentions, silent)
    SELECT hour, source, kind, sum(n), coalesce(sum(n) FILTER (WHERE silent), 0) FROM each GROUP BY 1, 2, 3
    ON CONFLICT (hour, source, kind) DO UPDATE
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
          AND d.texts = 0 AND d.images = 0 AND d.twice = 0;
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

CREATE FUNCTION figures_move_pairs(gone post_pair[], came post_pair[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    WITH each AS (
        SELECT n, date_trunc('day', text_at, 'UTC') AS day, source, text_brands, image_brands, caption_brands
        FROM (SELECT 1 AS n, * FROM unnest(came) UNION ALL SELECT -1, * FROM unnest(gone)) AS each
        WHERE (text_at AT TIME ZONE 'UTC')::date = (image_at AT TIME ZONE 'UTC')::date
    ), paired AS (
        INSERT INTO pair_day AS d (day, source, pairs, about)
        SELECT day, source, sum(n),
               coalesce(sum(n) FILTER (WHERE text_brands <> '{}' AND image_brands <> '{}'), 0)
        FROM each GROUP BY 1, 2
        ON CONFLICT (day, source) DO UPDATE SET pairs = d.pairs + excluded.pairs, about = d.about + excluded.about
    )
    INSERT INTO brand_day AS d
    SELECT day, source, brand_id, 0, 0, 0, 0, 0, 0, 0, 0, sum(n),
           coalesce(sum(n) FILTER (WHERE brand_id = ANY(caption_brands)), 0)
    FROM each, unnest(text_brands) AS brand_id WHERE brand_id = ANY(image_brands)
    GROUP BY 1, 2, 3
    ON CONFLICT (day, source, brand_id) DO UPDATE
    SET twice = d.twice + excluded.twice, twice_named = d.twice_named + excluded.twice_named;

    IF cardinality(gone) > 0 THEN
        DELETE FROM pair_day AS d
        USING (SELECT DISTINCT date_trunc('day', text_at, 'UTC') AS day, source FROM unnest(gone)) AS k
        WHERE d.day = k.day AND d.source = k.source AND d.pairs = 0;
        DELETE FROM brand_day AS d
        USING (SELECT DISTINCT date_trunc('day', text_at, 'UTC') AS day, source, brand_id
               FROM unnest(gone), unnest(text_brands) AS brand_id) AS k
        WHERE d.brand_id = k.brand_id AND d.day = k.day AND d.source = k.source
          AND d.texts = 0 AND d.images = 0 AND d.twice = 0;
    END IF;
END $$;

-- Only ever a few rows of large tables by their keys: no plan but nested loops over indexes is right, also
-- before statistics exist; compiling them would take longer than running them.
CREATE FUNCTION figures_catch_up() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
DECLARE
    touched_posts uuid[]; touched uuid[]; touched_pictures text[]; moved jsonb;
    gone presence[]; came presence[]; gone_pairs post_pair[]; came_pairs post_pair[];
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'mentions are written in READ COMMITTED transactions only'
            USING HINT = 'the roll-ups must see what others committed meanwhile',
                  ERRCODE = 'invalid_transaction_state';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('brand-monitor figures'));
    WITH taken AS (
        DELETE FROM figure_queue WHERE transaction = pg_current_xact_id()::text::bigint RETURNING *
    )
    SELECT ARRAY(SELECT DISTINCT unnest(posts) FROM taken),
           ARRAY(SELECT DISTINCT unnest(mentions) FROM taken),
           ARRAY(SELECT DISTINCT unnest(pictures) FROM taken),
           (SELECT jsonb_agg(each) FROM taken, jsonb_array_elements(counted) AS each)
    INTO touched_posts, touched, touched_pictures, moved;
    IF touched_posts = '{}' AND touched = '{}' AND touched_pictures = '{}' THEN
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
        SELECT p FROM presence AS p WHERE p.mention_id = ANY(touched) ORDER BY p.mention_id, p.brand_id);
    IF came IS DISTINCT FROM gone THEN
        IF cardinality(gone) > 0 THEN
            DELETE FROM presence WHERE mention_id = ANY(touched);
        END IF;
        INSERT INTO presence SELECT * FROM unnest(came);
        PERFORM figures_move_presence(gone, came);
    END IF;

    came_pairs := ARRAY(
        SELECT ROW(e.*)::post_pair FROM expected_post_pair AS e WHERE e.post_id = ANY(touched_posts)
        ORDER BY e.post_id);
    gone_pairs := ARRAY(
        SELECT p FROM post_pair AS p WHERE p.post_id = ANY(touched_posts) ORDER BY p.post_id);
    IF came_pairs IS DISTINCT FROM gone_pairs THEN
        IF cardinality(gone_pairs) > 0 THEN
            DELETE FROM post_pair WHERE post_id = ANY(touched_posts);
        END IF;
        INSERT INTO post_pair SELECT * FROM unnest(came_pairs);
        PERFORM figures_move_pairs(gone_pairs, came_pairs);
    END IF;

    IF moved IS NOT NULL THEN
        PERFORM figures_move_mentions(moved);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION figures_rebuild() RETURNS void
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
    -- In order of time, as mentions come: what is read together lies together.
    INSERT INTO presence SELECT * FROM expected_presence ORDER BY published_at;
    INSERT INTO post_pair SELECT * FROM expected_post_pair ORDER BY text_at;
    INSERT INTO mention_hour SELECT * FROM expected_mention_hour;
    INSERT INTO about_hour SELECT * FROM expected_about_hour;
    INSERT INTO brand_hour SELECT * FROM expected_brand_hour;
    INSERT INTO combination_hour SELECT * FROM expected_combination_hour;
    INSERT INTO pair_day SELECT * FROM expected_pair_day;
    INSERT INTO brand_day SELECT * FROM expected_brand_day;
END $$;

CREATE FUNCTION figures_after_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM figures_rebuild();
    RETURN NULL;
END $$;
