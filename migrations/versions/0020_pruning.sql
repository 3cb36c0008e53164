-- Views and functions of the roll-ups beside pruning, and the functions that prune; 0020_pruning.py runs this.
-- What earlier scripts made and is the same still is not in here.

-- From here on mentions are kept and figures move with them; what lies before is counted for good.
CREATE FUNCTION kept_from() RETURNS timestamptz LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT coalesce(max(before), '-infinity') FROM pruning
$$;

-- (SELECT kept_from()): asked once, not of every row.
CREATE OR REPLACE VIEW expected_post_pair AS
SELECT t.post_id, t.source, t.published_at AS text_at, i.published_at AS image_at,
       ARRAY(SELECT p.brand_id FROM presence AS p WHERE p.mention_id = t.id ORDER BY 1) AS text_brands,
       ARRAY(SELECT p.brand_id FROM presence AS p WHERE p.mention_id = i.id ORDER BY 1) AS image_brands,
       ARRAY(SELECT p.brand_id FROM presence AS p WHERE p.mention_id = i.id AND p.named ORDER BY 1)
           AS caption_brands,
       t.language AS text_language, i.language AS image_language, t.lead AND i.lead AS lead
FROM mention AS t JOIN mention AS i ON i.post_id = t.post_id AND i.kind = 'image'
WHERE t.kind = 'text' AND greatest(t.published_at, i.published_at) >= (SELECT kept_from());
COMMENT ON VIEW expected_post_pair IS 'What table post_pair must hold of posts that are kept, worked out from the rows and presence.';

CREATE OR REPLACE VIEW expected_mention_hour AS
SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, kind, model_version, count(*) AS mentions,
       language, lead, count(*) FILTER (WHERE kind = 'text' AND n_sentiments = 0) AS unscored
FROM mention WHERE published_at >= (SELECT kept_from())
GROUP BY 1, source, kind, model_version, language, lead;
COMMENT ON VIEW expected_mention_hour IS 'What table mention_hour must hold from kept_from() on, worked out from the rows.';

CREATE OR REPLACE VIEW expected_about_hour AS
SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, kind, count(*) AS mentions,
       count(*) FILTER (WHERE silent) AS silent, language, lead
FROM (SELECT published_at, source, kind, bool_or(silent) AS silent, language, lead
      FROM presence WHERE published_at >= (SELECT kept_from())
      GROUP BY mention_id, published_at, source, kind, language, lead) AS each
GROUP BY 1, 2, 3, language, lead;
COMMENT ON VIEW expected_about_hour IS 'What table about_hour must hold from kept_from() on, worked out from presence.';

CREATE OR REPLACE VIEW expected_brand_hour AS
SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, brand_id,
       count(*) FILTER (WHERE kind = 'text') AS texts, count(*) FILTER (WHERE kind = 'image') AS images,
       count(*) FILTER (WHERE kind = 'image' AND named) AS captions,
       count(*) FILTER (WHERE shown) AS shown, count(*) FILTER (WHERE silent) AS silent,
       count(*) FILTER (WHERE label = 'positive') AS positive,
       count(*) FILTER (WHERE label = 'neutral') AS neutral,
       count(*) FILTER (WHERE label = 'negative') AS negative, language, lead,
       count(*) FILTER (WHERE kind = 'text' AND label IS NULL) AS unscored,
       count(*) FILTER (WHERE label = 'unsure') AS unsure
FROM presence WHERE published_at >= (SELECT kept_from())
GROUP BY 1, 2, 3, language, lead;
COMMENT ON VIEW expected_brand_hour IS 'What table brand_hour must hold from kept_from() on, worked out from presence.';

CREATE OR REPLACE VIEW expected_combination_hour AS
SELECT hour, source, kind, brands, count(*) AS mentions, language, lead
FROM (SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, kind,
             array_agg(brand_id ORDER BY brand_id) AS brands, language, lead
      FROM presence WHERE published_at >= (SELECT kept_from())
      GROUP BY mention_id, published_at, source, kind, language, lead
      HAVING count(*) > 1) AS each
GROUP BY 1, 2, 3, 4, language, lead;
COMMENT ON VIEW expected_combination_hour IS 'What table combination_hour must hold from kept_from() on, worked out from presence.';

CREATE OR REPLACE VIEW expected_pair_day AS
SELECT date_trunc('day', text_at, 'UTC') AS day, source, count(*) AS pairs,
       count(*) FILTER (WHERE text_brands <> '{}' AND image_brands <> '{}') AS about,
       text_language, image_language, lead
FROM post_pair
WHERE (text_at AT TIME ZONE 'UTC')::date = (image_at AT TIME ZONE 'UTC')::date AND text_at >= (SELECT kept_from())
GROUP BY 1, 2, text_language, image_language, lead;
COMMENT ON VIEW expected_pair_day IS 'What table pair_day must hold from kept_from() on, worked out from post_pair.';

CREATE OR REPLACE VIEW expected_brand_day AS
SELECT date_trunc('day', hour, 'UTC') AS day, source, brand_id, sum(texts)::bigint AS texts,
       sum(images)::bigint AS images, sum(captions)::bigint AS captions, sum(shown)::bigint AS shown,
       sum(silent)::bigint AS silent, sum(positive)::bigint AS positive, sum(neutral)::bigint AS neutral,
       sum(negative)::bigint AS negative, language, lead, sum(unscored)::bigint AS unscored,
       sum(unsure)::bigint AS unsure
FROM brand_hour WHERE hour >= (SELECT kept_from())
GROUP BY 1, 2, 3, language, lead;
COMMENT ON VIEW expected_brand_day IS 'What table brand_day must hold from kept_from() on, worked out from brand_hour.';

CREATE OR REPLACE VIEW expected_brand_pair_day AS
SELECT date_trunc('day', text_at, 'UTC') AS day, source, brand_id, text_language, image_language, lead,
       count(*) AS pairs, count(*) FILTER (WHERE brand_id = ANY(caption_brands)) AS named
FROM post_pair, unnest(text_brands) AS brand_id
WHERE brand_id = ANY(image_brands) AND (text_at AT TIME ZONE 'UTC')::date = (image_at AT TIME ZONE 'UTC')::date
  AND text_at >= (SELECT kept_from())
GROUP BY 1, 2, 3, 4, 5, 6;
COMMENT ON VIEW expected_brand_pair_day IS 'What table brand_pair_day must hold from kept_from() on, worked out from post_pair.';

-- As 0005 has it, but nothing before kept_from() moves any count. Rows of presence come and go with their mentions
-- at any time; pairs of posts that are wholly before stay for good, without the post's name once it is gone.
CREATE OR REPLACE FUNCTION figures_catch_up() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
DECLARE
    horizon timestamptz;
    touched_posts uuid[]; touched uuid[]; touched_pictures text[]; moved jsonb;
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
    came_pairs := ARRAY(
        SELECT ROW(e.*)::post_pair FROM expected_post_pair AS e WHERE e.post_id = ANY(touched_posts)
        ORDER BY e.post_id);
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

CREATE OR REPLACE FUNCTION figures_rebuild() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    horizon timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('brand-monitor figures'));
    horizon := kept_from();
    DELETE FROM figure_queue WHERE transaction = pg_current_xact_id()::text::bigint;
    DELETE FROM presence;
    DELETE FROM post_pair WHERE text_at >= horizon OR image_at >= horizon;
    DELETE FROM mention_hour WHERE hour >= horizon;
    DELETE FROM about_hour WHERE hour >= horizon;
    DELETE FROM brand_hour WHERE hour >= horizon;
    DELETE FROM combination_hour WHERE hour >= horizon;
    DELETE FROM pair_day WHERE day >= horizon;
    DELETE FROM brand_day WHERE day >= horizon;
    DELETE FROM brand_pair_day WHERE day >= horizon;
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

-- Decides it: from the end of this transaction on nothing older is taken, and no count before it moves. Whoever
-- writes mentions holds the first lock, whoever moves counts the second: neither is half-way through.
CREATE FUNCTION prune_begin(wanted timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF wanted > date_trunc('day', now(), 'UTC') - interval '1 day' THEN
        RAISE EXCEPTION 'the last day is never pruned' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('brand-monitor stories'));
    PERFORM pg_advisory_xact_lock(hashtext('brand-monitor figures'));
    INSERT INTO pruning (before) SELECT wanted WHERE wanted > kept_from();
END $$;

-- Deletes the oldest mentions before kept_from(), at most so many, of those after a place in their order; writers
-- wait meanwhile. A post goes as a whole, once all of it is before: so a picture is never called silent because
-- the text that named the brand was a day older. A story stays one, under another lead; its keys go with their
-- period (prune_end).
CREATE FUNCTION prune_some(most integer, after_at timestamptz, after_id uuid,
                           OUT looked_at integer, OUT mentions integer, OUT pictures integer,
                           OUT last_at timestamptz, OUT last_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
DECLARE
    horizon timestamptz; doomed uuid[]; led uuid[]; shown text[]; noted bigint; kept bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('brand-monitor stories'));
    horizon := kept_from();
    SELECT count(*), coalesce(array_agg(id) FILTER (WHERE whole), '{}'),
           coalesce(array_agg(story_id) FILTER (WHERE whole AND lead), '{}'),
           coalesce(array_agg(DISTINCT picture_sha256)
                    FILTER (WHERE whole AND picture_sha256 IS NOT NULL), '{}'),
           max(published_at), (array_agg(id ORDER BY published_at DESC, id DESC))[1]
    INTO looked_at, doomed, led, shown, last_at, last_id
    FROM (
        SELECT m.id, m.published_at, m.story_id, m.lead, m.picture_sha256,
               -- OFFSET 0: a look-up each; hashed, it would read all that is kept.
               NOT EXISTS (SELECT FROM mention AS o
                           WHERE o.post_id = m.post_id AND o.published_at >= horizon OFFSET 0) AS whole
        FROM mention AS m
        WHERE m.published_at < horizon
          AND (m.published_at, m.id) > (coalesce(after_at, '-infinity'),
                                        coalesce(after_id, '00000000-0000-0000-0000-000000000000'))
        ORDER BY m.published_at, m.id LIMIT most) AS next;
    mentions := cardinality(doomed);
    pictures := 0;
    IF mentions = 0 THEN
        RETURN;
    END IF;

    -- Whoever corrects one of them holds its row first, too: what that person says is seen below.
    PERFORM FROM mention WHERE id = ANY(doomed) ORDER BY id FOR UPDATE;
    -- A person's word about a logo counts wherever the picture is shown, and what was done about a story counts
    -- for all of it: both stay with what stays.
    WITH words AS (
        SELECT c.id, (SELECT o.id FROM mention AS o
                      WHERE o.picture_sha256 = c.content_sha256 AND o.id <> ALL(doomed)
                      ORDER BY o.published_at DESC, o.id LIMIT 1) AS stays
        FROM correction AS c WHERE c.mention_id = ANY(doomed) AND c.subject = 'logo')
    UPDATE correction AS c SET mention_id = w.stays FROM words AS w WHERE c.id = w.id AND w.stays IS NOT NULL;
    WITH done AS (
        SELECT a.id, (SELECT o.id FROM mention AS o
                      WHERE o.story_id = m.story_id AND o.id <> ALL(doomed)
                      ORDER BY o.published_at DESC, o.id LIMIT 1) AS stays
        FROM answer AS a JOIN mention AS m ON m.id = a.mention_id WHERE a.mention_id = ANY(doomed))
    UPDATE answer AS a SET mention_id = d.stays FROM done AS d WHERE a.id = d.id AND d.stays IS NOT NULL;

    PERFORM set_config('brand_monitor.erasure',
                       'pruned: published before ' || to_char(horizon AT TIME ZONE 'UTC', 'YYYY-MM-DD'), true);
    -- At once and not row by row, as their keys would.
    DELETE FROM brand_mention WHERE mention_id = ANY(doomed);
    DELETE FROM sentiment WHERE mention_id = ANY(doomed);
    DELETE FROM mention WHERE id = ANY(doomed);
    UPDATE mention AS m SET lead = true
    FROM unnest(led) AS left_by(story_id) CROSS JOIN LATERAL (
        SELECT o.id FROM mention AS o WHERE o.story_id = left_by.story_id
        ORDER BY o.published_at, o.id LIMIT 1) AS first
    WHERE m.id = first.id AND NOT m.lead;

    pictures := picture_release(shown);

    -- One line of account for all that goes by one decision.
    noted := currval(pg_get_serial_sequence('erasure', 'id'));
    SELECT p.erasure_id INTO kept FROM pruning AS p WHERE p.before = horizon;
    IF kept IS NOT NULL THEN
        UPDATE erasure AS e SET mentions = e.mentions + n.mentions, digest = e.digest # n.digest
        FROM erasure AS n WHERE e.id = kept AND n.id = noted;
        DELETE FROM erasure WHERE id = noted;
    END IF;
    UPDATE pruning AS p
    SET mentions = p.mentions + prune_some.mentions, pictures = p.pictures + prune_some.pictures,
        erasure_id = coalesce(kept, noted), ended_at = NULL
    WHERE p.before = horizon;
END $$;

-- What else is that old: keys of stories, posts that collectors published, what rejected records said (that they
-- were, the account needs), and the account's single lines, of which the sums are kept. Nobody waits for it.
CREATE FUNCTION prune_end() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
    horizon timestamptz := kept_from();
BEGIN
    IF NOT isfinite(horizon) THEN
        RETURN;
    END IF;
    DELETE FROM story_key WHERE period < floor(extract(epoch FROM horizon) / 2592000);
    DELETE FROM collected WHERE published_at < horizon;
    UPDATE dead_letter SET record_key = NULL, value_head = ''
    WHERE failed_at < horizon AND (record_key IS NOT NULL OR value_head <> '');
    WITH old AS (
        DELETE FROM ingest_batch AS b
        USING (SELECT log_id, topic, partition FROM ingest_batch WHERE written_at < horizon
               GROUP BY 1, 2, 3 HAVING count(*) > 1) AS several
        WHERE b.log_id = several.log_id AND b.topic = several.topic AND b.partition = several.partition
          AND b.written_at < horizon
        RETURNING b.*
    )
    INSERT INTO ingest_batch AS b
        (log_id, topic, partition, first_offset, last_offset, offsets, mention_offsets, rejected_offsets,
         deliveries, records, stored, replaced, rejected, deleted, stored_digest, written_at)
    SELECT log_id, topic, partition, min(first_offset), max(last_offset), range_agg(offsets),
           range_agg(mention_offsets), range_agg(rejected_offsets), sum(deliveries), sum(records), sum(stored),
           sum(replaced), sum(rejected), sum(deleted), bit_xor(stored_digest), max(written_at)
    FROM old GROUP BY log_id, topic, partition
    ON CONFLICT (log_id, topic, partition, first_offset, last_offset) DO UPDATE
    SET offsets = b.offsets + excluded.offsets, mention_offsets = b.mention_offsets + excluded.mention_offsets,
        rejected_offsets = b.rejected_offsets + excluded.rejected_offsets,
        deliveries = b.deliveries + excluded.deliveries, records = b.records + excluded.records,
        stored = b.stored + excluded.stored, replaced = b.replaced + excluded.replaced,
        rejected = b.rejected + excluded.rejected,
        deleted = b.deleted + excluded.deleted, stored_digest = b.stored_digest # excluded.stored_digest;
    UPDATE pruning SET ended_at = now() WHERE before = horizon AND ended_at IS NULL;
END $$;
