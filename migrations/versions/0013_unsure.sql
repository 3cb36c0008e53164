-- Views and function of the roll-ups; 0013_unsure.py runs this. What stands in « » counts what the model was not
-- sure of, and is left out on the way back.

CREATE OR REPLACE VIEW expected_brand_hour AS
SELECT date_trunc('hour', published_at, 'UTC') AS hour, source, brand_id,
       count(*) FILTER (WHERE kind = 'text') AS texts, count(*) FILTER (WHERE kind = 'image') AS images,
       count(*) FILTER (WHERE kind = 'image' AND named) AS captions,
       count(*) FILTER (WHERE shown) AS shown, count(*) FILTER (WHERE silent) AS silent,
       count(*) FILTER (WHERE label = 'positive') AS positive,
       count(*) FILTER (WHERE label = 'neutral') AS neutral,
       count(*) FILTER (WHERE label = 'negative') AS negative, language, lead,
       count(*) FILTER (WHERE kind = 'text' AND label IS NULL) AS unscored«,
       count(*) FILTER (WHERE label = 'unsure') AS unsure»
FROM presence GROUP BY 1, 2, 3, language, lead;
COMMENT ON VIEW expected_brand_hour IS 'What table brand_hour must hold, worked out from presence.';

CREATE OR REPLACE VIEW expected_brand_day AS
SELECT date_trunc('day', hour, 'UTC') AS day, source, brand_id, sum(texts)::bigint AS texts,
       sum(images)::bigint AS images, sum(captions)::bigint AS captions, sum(shown)::bigint AS shown,
       sum(silent)::bigint AS silent, sum(positive)::bigint AS positive, sum(neutral)::bigint AS neutral,
       sum(negative)::bigint AS negative, language, lead, sum(unscored)::bigint AS unscored«,
       sum(unsure)::bigint AS unsure»
FROM brand_hour GROUP BY 1, 2, 3, language, lead;
COMMENT ON VIEW expected_brand_day IS 'What table brand_day must hold, worked out from brand_hour.';

CREATE OR REPLACE VIEW sentiment_daily AS
SELECT (d.day AT TIME ZONE 'UTC')::date AS day, b.name AS brand, sum(d.texts)::bigint AS mentions,
       sum(d.positive)::bigint AS positive, sum(d.neutral)::bigint AS neutral,
       sum(d.negative)::bigint AS negative,
       (sum(d.positive) - sum(d.negative))
           / nullif(sum(d.positive + d.neutral + d.negative), 0)::double precision AS net_sentiment,
       sum(d.unscored)::bigint AS unscored«, sum(d.unsure)::bigint AS unsure»
FROM brand_day AS d JOIN brand AS b ON b.id = d.brand_id
GROUP BY d.day, b.name HAVING sum(d.texts) > 0;
COMMENT ON VIEW sentiment_daily IS 'Per day (UTC) and brand: texts that name it, by sentiment.';
COMMENT ON COLUMN sentiment_daily.net_sentiment IS '(positive - negative) / (positive + neutral + negative), -1..1.';
COMMENT ON COLUMN sentiment_daily.unscored IS 'Texts that neither the model scored nor a person judged.';
«COMMENT ON COLUMN sentiment_daily.unsure IS 'Texts that the model was not sure of, and no person judged.';»

CREATE OR REPLACE VIEW source_daily AS
SELECT (d.day AT TIME ZONE 'UTC')::date AS day, d.source, b.name AS brand,
       sum(d.texts + d.images)::bigint AS mentions, sum(d.texts)::bigint AS texts,
       sum(d.images)::bigint AS images, sum(d.positive)::bigint AS positive,
       sum(d.neutral)::bigint AS neutral, sum(d.negative)::bigint AS negative,
       sum(d.unscored)::bigint AS unscored«, sum(d.unsure)::bigint AS unsure»
FROM brand_day AS d JOIN brand AS b ON b.id = d.brand_id
GROUP BY d.day, d.source, b.name;
COMMENT ON VIEW source_daily IS 'Per day (UTC), source and brand: mentions about it, and how its texts feel.';
COMMENT ON COLUMN source_daily.mentions IS 'texts + images; a mention about two brands counts for both.';
COMMENT ON COLUMN source_daily.unscored IS 'Texts that neither the model scored nor a person judged.';
«COMMENT ON COLUMN source_daily.unsure IS 'Texts that the model was not sure of, and no person judged.';»

CREATE OR REPLACE VIEW brand_authors AS
SELECT (p.published_at AT TIME ZONE 'UTC')::date AS day, b.name AS brand, p.source, p.author,
       count(*) AS mentions, max(p.reach) AS reach,
       count(*) FILTER (WHERE p.label = 'positive') AS positive,
       count(*) FILTER (WHERE p.label = 'neutral') AS neutral,
       count(*) FILTER (WHERE p.label = 'negative') AS negative,
       count(*) FILTER (WHERE p.kind = 'text' AND p.label IS NULL) AS unscored«,
       count(*) FILTER (WHERE p.label = 'unsure') AS unsure»
FROM presence AS p JOIN brand AS b ON b.id = p.brand_id
WHERE p.author IS NOT NULL GROUP BY 1, 2, 3, 4;
COMMENT ON VIEW brand_authors IS 'Per day (UTC), brand, source and author: mentions, and how the texts feel.';
COMMENT ON COLUMN brand_authors.reach IS 'The furthest of them, people.';
COMMENT ON COLUMN brand_authors.unscored IS 'Texts that neither the model scored nor a person judged.';
«COMMENT ON COLUMN brand_authors.unsure IS 'Texts that the model was not sure of, and no person judged.';»

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
               coalesce(sum(n) FILTER (WHERE kind = 'text' AND label IS NULL), 0) AS unscored«,
               coalesce(sum(n) FILTER (WHERE label = 'unsure'), 0) AS unsure»
        FROM (SELECT 1 AS n, * FROM unnest(came) UNION ALL SELECT -1, * FROM unnest(gone)) AS each
        GROUP BY 1, 2, 3, language, lead
    ), by_hour AS (
        INSERT INTO brand_hour AS h SELECT * FROM hours
        ON CONFLICT (brand_id, hour, source, language, lead) DO UPDATE
        SET texts = h.texts + excluded.texts, images = h.images + excluded.images,
            captions = h.captions + excluded.captions, shown = h.shown + excluded.shown,
            silent = h.silent + excluded.silent, positive = h.positive + excluded.positive,
            neutral = h.neutral + excluded.neutral, negative = h.negative + excluded.negative,
            unscored = h.unscored + excluded.unscored«, unsure = h.unsure + excluded.unsure»
    )
    INSERT INTO brand_day AS d
    SELECT date_trunc('day', hour, 'UTC'), source, brand_id, sum(texts), sum(images), sum(captions), sum(shown),
           sum(silent), sum(positive), sum(neutral), sum(negative), language, lead, sum(unscored)«, sum(unsure)»
    FROM hours GROUP BY 1, 2, 3, language, lead
    ON CONFLICT (day, source, brand_id, language, lead) DO UPDATE
    SET texts = d.texts + excluded.texts, images = d.images + excluded.images,
        captions = d.captions + excluded.captions, shown = d.shown + excluded.shown,
        silent = d.silent + excluded.silent, positive = d.positive + excluded.positive,
        neutral = d.neutral + excluded.neutral, negative = d.negative + excluded.negative,
        unscored = d.unscored + excluded.unscored«, unsure = d.unsure + excluded.unsure»;

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
