-- The roll-ups of texts that nobody corrected, by the shortest way; 0022_plain_texts.py runs this.

-- What expected_presence says of them: the brands they name, and how they feel about each, or as a whole.
CREATE FUNCTION figures_of_texts(texts uuid[]) RETURNS SETOF presence
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT m.id, n.brand_id, m.post_id, m.published_at, m.source, m.kind, m.author, m.reach,
           true, false, false, NULL::real, felt.label,
           CASE felt.label WHEN 'positive' THEN felt.p_positive WHEN 'negative' THEN felt.p_negative
                           WHEN 'neutral' THEN felt.p_neutral END::real,
           false, m.language, m.story_id, m.lead
    FROM unnest(texts) AS given(id)
    -- OFFSET 0: in this order, each a look-up.
    CROSS JOIN LATERAL (
        SELECT t.id, t.post_id, t.published_at, t.source, t.kind, t.author, t.reach, t.language, t.story_id, t.lead
        FROM mention AS t WHERE t.id = given.id OFFSET 0) AS m
    CROSS JOIN LATERAL (
        SELECT DISTINCT b.brand_id FROM brand_mention AS b WHERE b.mention_id = given.id OFFSET 0) AS n
    LEFT JOIN LATERAL (
        SELECT s.label, s.p_positive, s.p_neutral, s.p_negative FROM sentiment AS s
        WHERE s.mention_id = given.id AND (s.brand_id = n.brand_id OR s.brand_id IS NULL)
        ORDER BY s.brand_id LIMIT 1) AS felt ON true;
END $$;

-- As 0020 has it, but texts without corrections, nearly all there is, go by figures_of_texts, and pairs are
-- looked for only where there is a picture.
CREATE OR REPLACE FUNCTION figures_catch_up() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET enable_material = off
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    horizon timestamptz;
    touched_posts uuid[]; touched uuid[]; touched_pictures text[]; moved jsonb;
    texts uuid[]; others uuid[]; paired uuid[];
    gone presence[]; came presence[]; gone_pairs post_pair[]; came_pairs post_pair[];
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'mentions are written in READ COMMITTED transactions only'
            USING HINT = 'the roll-ups must see what others committed meanwhile',
                  ERRCODE = 'invalid_transaction_state';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('brand-monitor figures'));
    horizon := kept_from();
    WITH taken AS (
        DELETE FROM figure_queue WHERE transaction = pg_current_xact_id()::text::bigint RETURNING *
    )
    SELECT ARRAY(SELECT DISTINCT unnest(posts) FROM taken),
           ARRAY(SELECT DISTINCT unnest(mentions) FROM taken),
           ARRAY(SELECT DISTINCT unnest(pictures) FROM taken),
           (SELECT jsonb_agg(each) FROM taken, jsonb_array_elements(counted) AS each
            WHERE (each ->> 'hour')::timestamptz >= horizon)
    INTO touched_posts, touched, touched_pictures, moved;
    IF touched_posts = '{}' AND touched = '{}' AND touched_pictures = '{}' THEN
        RETURN NULL;  -- an earlier firing in this transaction did all of it
    END IF;

    touched_posts := ARRAY(
        SELECT unnest(touched_posts)
        UNION SELECT m.post_id FROM unnest(touched) AS t(id) JOIN mention AS m ON m.id = t.id
        UNION SELECT post_id FROM mention WHERE picture_sha256 = ANY(touched_pictures));
    SELECT coalesce(array_agg(m.id) FILTER (WHERE m.plain), '{}'),
           coalesce(array_agg(m.id) FILTER (WHERE NOT m.plain), '{}'),
           coalesce(array_agg(t.post_id) FILTER (WHERE m.kind = 'image'), '{}')
    INTO texts, others, paired
    FROM unnest(touched_posts) AS t(post_id)
    CROSS JOIN LATERAL (
        SELECT id, kind, kind = 'text' AND NOT EXISTS (
                   SELECT FROM correction AS c WHERE c.mention_id = mention.id) AS plain
        FROM mention WHERE mention.post_id = t.post_id OFFSET 0) AS m;
    touched := ARRAY(SELECT unnest(touched) UNION SELECT unnest(texts) UNION SELECT unnest(others));

    came := ARRAY(
        SELECT p FROM (
            SELECT f AS p, f.mention_id, f.brand_id FROM figures_of_texts(texts) AS f
            UNION ALL
            SELECT ROW(e.*)::presence, e.mention_id, e.brand_id
            FROM expected_presence AS e WHERE e.mention_id = ANY(others)) AS each
        ORDER BY mention_id, brand_id);
    gone := ARRAY(
        SELECT p FROM presence AS p WHERE p.mention_id = ANY(touched) ORDER BY p.mention_id, p.brand_id);
    IF came IS DISTINCT FROM gone THEN
        IF cardinality(gone) > 0 THEN
            DELETE FROM presence WHERE mention_id = ANY(touched);
        END IF;
        INSERT INTO presence SELECT * FROM unnest(came);
        IF isfinite(horizon) THEN
            gone := ARRAY(SELECT ROW(p.*)::presence FROM unnest(gone) AS p WHERE p.published_at >= horizon);
            came := ARRAY(SELECT ROW(p.*)::presence FROM unnest(came) AS p WHERE p.published_at >= horizon);
        END IF;
        IF cardinality(gone) > 0 OR cardinality(came) > 0 THEN
            PERFORM figures_move_presence(gone, came);
        END IF;
    END IF;

    IF isfinite(horizon) THEN
        UPDATE post_pair AS p
        SET post_id = gen_random_uuid(), text_at = date_trunc('hour', p.text_at, 'UTC'),
            image_at = date_trunc('hour', p.image_at, 'UTC')
        WHERE p.post_id = ANY(touched_posts) AND p.text_at < horizon AND p.image_at < horizon
          AND NOT EXISTS (
              SELECT FROM mention AS t JOIN mention AS i ON i.post_id = t.post_id
              WHERE t.post_id = p.post_id AND t.kind = 'text' AND i.kind = 'image'
                AND t.published_at < horizon AND i.published_at < horizon);
    END IF;
    came_pairs := '{}';
    IF cardinality(paired) > 0 THEN
        came_pairs := ARRAY(
            SELECT ROW(e.*)::post_pair FROM expected_post_pair AS e WHERE e.post_id = ANY(paired)
            ORDER BY e.post_id);
    END IF;
    gone_pairs := ARRAY(
        SELECT p FROM post_pair AS p
        WHERE p.post_id = ANY(touched_posts) AND (p.text_at >= horizon OR p.image_at >= horizon)
        ORDER BY p.post_id);
    IF came_pairs IS DISTINCT FROM gone_pairs THEN
        IF cardinality(gone_pairs) > 0 THEN
            DELETE FROM post_pair
            WHERE post_id = ANY(touched_posts) AND (text_at >= horizon OR image_at >= horizon);
        END IF;
        INSERT INTO post_pair SELECT * FROM unnest(came_pairs);
        IF isfinite(horizon) THEN
            gone_pairs := ARRAY(
                SELECT ROW(p.*)::post_pair FROM unnest(gone_pairs) AS p WHERE p.text_at >= horizon);
            came_pairs := ARRAY(
                SELECT ROW(p.*)::post_pair FROM unnest(came_pairs) AS p WHERE p.text_at >= horizon);
        END IF;
        IF cardinality(gone_pairs) > 0 OR cardinality(came_pairs) > 0 THEN
            PERFORM figures_move_pairs(gone_pairs, came_pairs);
        END IF;
    END IF;

    IF moved IS NOT NULL THEN
        PERFORM figures_move_mentions(moved);
    END IF;
    RETURN NULL;
END $$;
