-- Counts of any period, exact to the microsecond: what pages and reports read. 0023_counts.py runs this.
--
-- Each function counts in [since, until), and only what is asked for; what is NULL narrows nothing:
--   sources, kinds ({text}, {image}), languages (codes as in mention); stories: true counts of copies the first only.
-- Whole days (UTC) of the period come from the roll-ups by day, whole hours beside them from those by hour, and what is
-- left before the first hour and after the last one from the rows themselves, which are those of an hour or two:
--
--   since <= first_hour <= first_day <= last_day <= last_hour <= until
--
-- The rows of a function are to be summed up. All are plain SQL, neither strict nor with settings of their own: so the
-- planner puts the text of each in place of its call, works first_hour and the like out while it plans, and leaves out
-- what is empty: what is not asked for, and parts such as since < first_hour where the period begins on the hour.
-- (SELECT kept_from()) is asked once, not of every row.

-- parts of a period

CREATE FUNCTION first_hour(since timestamptz, until timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(date_trunc('hour', since AT TIME ZONE 'UTC' + interval '1 hour - 1 microsecond') AT TIME ZONE 'UTC',
             until);
COMMENT ON FUNCTION first_hour IS 'Where the first whole hour of a period begins; where it has none, its end.';

CREATE FUNCTION last_hour(since timestamptz, until timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(date_trunc('hour', until AT TIME ZONE 'UTC') AT TIME ZONE 'UTC', first_hour(since, until));
COMMENT ON FUNCTION last_hour IS 'Where the last whole hour of a period ends; where it has none, first_hour.';

CREATE FUNCTION first_day(since timestamptz, until timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(date_trunc('day', since AT TIME ZONE 'UTC' + interval '1 day - 1 microsecond') AT TIME ZONE 'UTC',
             last_hour(since, until));
COMMENT ON FUNCTION first_day IS 'Where the first whole day (UTC) of a period begins; where it has none, last_hour.';

CREATE FUNCTION last_day(since timestamptz, until timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(date_trunc('day', until AT TIME ZONE 'UTC') AT TIME ZONE 'UTC', first_day(since, until));
COMMENT ON FUNCTION last_day IS 'Where the last whole day (UTC) of a period ends; where it has none, first_day.';

-- each brand: brand_day, brand_hour

CREATE FUNCTION brand_moments(since timestamptz, until timestamptz)
RETURNS TABLE (moment timestamptz, source text, brand_id integer, language text, lead boolean,
               texts integer, positive integer, neutral integer, negative integer, unsure integer, unscored integer,
               images integer, captions integer, shown integer, silent integer)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT p.published_at, p.source, p.brand_id, p.language, p.lead, (p.kind = 'text')::integer,
           (p.label IS NOT DISTINCT FROM 'positive')::integer,
           (p.label IS NOT DISTINCT FROM 'neutral')::integer,
           (p.label IS NOT DISTINCT FROM 'negative')::integer,
           (p.label IS NOT DISTINCT FROM 'unsure')::integer,
           (p.kind = 'text' AND p.label IS NULL)::integer, (p.kind = 'image')::integer,
           (p.kind = 'image' AND p.named)::integer, p.shown::integer, p.silent::integer
    FROM presence AS p WHERE p.published_at >= since AND p.published_at < until;
END;
COMMENT ON FUNCTION brand_moments IS 'Mentions about each brand one by one, as brand_hour counts them.';

CREATE FUNCTION brand_counts(
    since timestamptz, until timestamptz, sources text[] DEFAULT NULL, kinds text[] DEFAULT NULL,
    languages text[] DEFAULT NULL, stories boolean DEFAULT false, step text DEFAULT 'day'
) RETURNS TABLE (moment timestamptz, source text, brand_id integer, language text, lead boolean,
               texts bigint, positive bigint, neutral bigint, negative bigint, unsure bigint, unscored bigint,
               images bigint, captions bigint, shown bigint, silent bigint)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT c.moment, c.source, c.brand_id, c.language, c.lead,
           CASE WHEN kinds IS NULL OR 'text' = ANY (kinds) THEN c.texts ELSE 0 END,
           CASE WHEN kinds IS NULL OR 'text' = ANY (kinds) THEN c.positive ELSE 0 END,
           CASE WHEN kinds IS NULL OR 'text' = ANY (kinds) THEN c.neutral ELSE 0 END,
           CASE WHEN kinds IS NULL OR 'text' = ANY (kinds) THEN c.negative ELSE 0 END,
           CASE WHEN kinds IS NULL OR 'text' = ANY (kinds) THEN c.unsure ELSE 0 END,
           CASE WHEN kinds IS NULL OR 'text' = ANY (kinds) THEN c.unscored ELSE 0 END,
           CASE WHEN kinds IS NULL OR 'image' = ANY (kinds) THEN c.images ELSE 0 END,
           CASE WHEN kinds IS NULL OR 'image' = ANY (kinds) THEN c.captions ELSE 0 END,
           CASE WHEN kinds IS NULL OR 'image' = ANY (kinds) THEN c.shown ELSE 0 END,
           CASE WHEN kinds IS NULL OR 'image' = ANY (kinds) THEN c.silent ELSE 0 END
    FROM (
        SELECT d.day AS moment, d.source, d.brand_id, d.language, d.lead, d.texts, d.positive, d.neutral, d.negative,
               d.unsure, d.unscored, d.images, d.captions, d.shown, d.silent
        FROM brand_day AS d
        WHERE step = 'day' AND first_day(since, until) < last_day(since, until)
          AND d.day >= first_day(since, until) AND d.day < last_day(since, until)
        UNION ALL
        SELECT h.hour, h.source, h.brand_id, h.language, h.lead, h.texts, h.positive, h.neutral, h.negative,
               h.unsure, h.unscored, h.images, h.captions, h.shown, h.silent
        FROM brand_hour AS h
        WHERE h.hour >= first_hour(since, until)
          AND h.hour < CASE step WHEN 'day' THEN first_day(since, until) WHEN 'hour' THEN last_hour(since, until)
                                 ELSE least(last_hour(since, until), (SELECT kept_from())) END
          AND (step <> 'day' OR first_hour(since, until) < first_day(since, until))
        UNION ALL
        SELECT h.hour, h.source, h.brand_id, h.language, h.lead, h.texts, h.positive, h.neutral, h.negative,
               h.unsure, h.unscored, h.images, h.captions, h.shown, h.silent
        FROM brand_hour AS h
        WHERE step = 'day' AND last_day(since, until) < last_hour(since, until)
          AND h.hour >= last_day(since, until) AND h.hour < last_hour(since, until)
        UNION ALL
        SELECT m.* FROM brand_moments(since, CASE step WHEN 'moment' THEN until ELSE first_hour(since, until) END) AS m
        WHERE CASE step WHEN 'moment' THEN m.moment >= (SELECT kept_from()) ELSE since < first_hour(since, until) END
        UNION ALL
        SELECT m.* FROM brand_moments(last_hour(since, until), until) AS m
        WHERE step <> 'moment' AND last_hour(since, until) < until
    ) AS c
    WHERE (sources IS NULL OR c.source = ANY (sources)) AND (languages IS NULL OR c.language = ANY (languages))
      AND (c.lead OR NOT stories);
END;
COMMENT ON FUNCTION brand_counts IS
    'Mentions about each brand. step says how coarse their moments may be: day; hour; moment, each mention at its own '
    '(of what was pruned its hour).';

-- posts with a text and a picture: pair_day, brand_pair_day, post_pair

CREATE FUNCTION pairs_beside_days(since timestamptz, until timestamptz)
RETURNS TABLE (source text, text_brands integer[], image_brands integer[], caption_brands integer[],
               text_language text, image_language text, lead boolean)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT p.source, p.text_brands, p.image_brands, p.caption_brands, p.text_language, p.image_language, p.lead
    FROM post_pair AS p
    WHERE since < first_day(since, until) AND p.text_at >= since AND p.text_at < first_day(since, until)
      AND p.image_at >= since AND p.image_at < until
    UNION ALL
    SELECT p.source, p.text_brands, p.image_brands, p.caption_brands, p.text_language, p.image_language, p.lead
    FROM post_pair AS p
    WHERE last_day(since, until) < until AND p.text_at >= last_day(since, until) AND p.text_at < until
      AND p.image_at >= since AND p.image_at < until
    UNION ALL
    SELECT p.source, p.text_brands, p.image_brands, p.caption_brands, p.text_language, p.image_language, p.lead
    FROM post_pair AS p
    WHERE p.text_at >= first_day(since, until) AND p.text_at < last_day(since, until)
      AND (p.text_at AT TIME ZONE 'UTC')::date <> (p.image_at AT TIME ZONE 'UTC')::date
      AND p.image_at >= since AND p.image_at < until;
END;
COMMENT ON FUNCTION pairs_beside_days IS
    'Posts whose text and picture are in a period and which no whole day of it counts: those at its ends, those of two '
    'days.';

CREATE FUNCTION brand_twice(
    since timestamptz, until timestamptz, sources text[] DEFAULT NULL, kinds text[] DEFAULT NULL,
    languages text[] DEFAULT NULL, stories boolean DEFAULT false
) RETURNS TABLE (brand_id integer, posts bigint, named bigint)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT t.brand_id, t.posts, t.named
    FROM (
        SELECT d.brand_id, d.pairs AS posts, d.named, d.source, d.text_language, d.image_language, d.lead
        FROM brand_pair_day AS d WHERE d.day >= first_day(since, until) AND d.day < last_day(since, until)
        UNION ALL
        SELECT b.id, 1, (b.id = ANY (p.caption_brands))::integer,
               p.source, p.text_language, p.image_language, p.lead
        FROM pairs_beside_days(since, until) AS p, unnest(p.text_brands) AS b(id) WHERE b.id = ANY (p.image_brands)
    ) AS t
    WHERE (kinds IS NULL OR kinds @> '{text,image}'::text[]) AND (sources IS NULL OR t.source = ANY (sources))
      AND (languages IS NULL OR t.text_language = ANY (languages) AND t.image_language = ANY (languages))
      AND (t.lead OR NOT stories);
END;
COMMENT ON FUNCTION brand_twice IS
    'Posts whose text and picture are both counted and both about a brand: two mentions, but one post. named: text and '
    'caption name it.';

CREATE FUNCTION pair_counts(
    since timestamptz, until timestamptz, sources text[] DEFAULT NULL, kinds text[] DEFAULT NULL,
    languages text[] DEFAULT NULL, stories boolean DEFAULT false
) RETURNS TABLE (pairs bigint, about bigint)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT t.pairs, t.about
    FROM (
        SELECT d.pairs, d.about, d.source, d.text_language, d.image_language, d.lead
        FROM pair_day AS d WHERE d.day >= first_day(since, until) AND d.day < last_day(since, until)
        UNION ALL
        SELECT 1, (p.text_brands <> '{}' AND p.image_brands <> '{}')::integer,
               p.source, p.text_language, p.image_language, p.lead
        FROM pairs_beside_days(since, until) AS p
    ) AS t
    WHERE (kinds IS NULL OR kinds @> '{text,image}'::text[]) AND (sources IS NULL OR t.source = ANY (sources))
      AND (languages IS NULL OR t.text_language = ANY (languages) AND t.image_language = ANY (languages))
      AND (t.lead OR NOT stories);
END;
COMMENT ON FUNCTION pair_counts IS
    'Posts whose text and picture are both counted: all, and those about any brand in both.';

-- mentions: mention_hour, about_hour

CREATE FUNCTION mention_counts(
    since timestamptz, until timestamptz, sources text[] DEFAULT NULL, kinds text[] DEFAULT NULL,
    languages text[] DEFAULT NULL, stories boolean DEFAULT false
) RETURNS TABLE (source text, kind text, model_version text, language text, mentions bigint, unscored bigint)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT c.source, c.kind, c.model_version, c.language, c.mentions, c.unscored
    FROM (
        SELECT h.source, h.kind, h.model_version, h.language, h.lead, h.mentions, h.unscored
        FROM mention_hour AS h WHERE h.hour >= first_hour(since, until) AND h.hour < last_hour(since, until)
        UNION ALL
        SELECT m.source, m.kind, m.model_version, m.language, m.lead, 1,
               coalesce(m.kind = 'text' AND m.n_sentiments = 0, false)::integer
        FROM mention AS m WHERE since < first_hour(since, until) AND m.published_at >= since
          AND m.published_at < first_hour(since, until)
        UNION ALL
        SELECT m.source, m.kind, m.model_version, m.language, m.lead, 1,
               coalesce(m.kind = 'text' AND m.n_sentiments = 0, false)::integer
        FROM mention AS m WHERE last_hour(since, until) < until AND m.published_at >= last_hour(since, until)
          AND m.published_at < until
    ) AS c
    WHERE (sources IS NULL OR c.source = ANY (sources)) AND (kinds IS NULL OR c.kind = ANY (kinds))
      AND (languages IS NULL OR c.language = ANY (languages)) AND (c.lead OR NOT stories);
END;
COMMENT ON FUNCTION mention_counts IS 'Mentions, whatever brands they are about. unscored: texts that no model scored.';

CREATE FUNCTION about_any(
    since timestamptz, until timestamptz, sources text[] DEFAULT NULL, kinds text[] DEFAULT NULL,
    languages text[] DEFAULT NULL, stories boolean DEFAULT false
) RETURNS TABLE (source text, kind text, mentions bigint, silent bigint)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT c.source, c.kind, c.mentions, c.silent
    FROM (
        SELECT h.source, h.kind, h.language, h.lead, h.mentions, h.silent
        FROM about_hour AS h WHERE h.hour >= first_hour(since, until) AND h.hour < last_hour(since, until)
        UNION ALL
        SELECT p.source, p.kind, p.language, p.lead, 1, bool_or(p.silent)::integer
        FROM presence AS p WHERE since < first_hour(since, until) AND p.published_at >= since
          AND p.published_at < first_hour(since, until)
        GROUP BY p.mention_id, p.source, p.kind, p.language, p.lead
        UNION ALL
        SELECT p.source, p.kind, p.language, p.lead, 1, bool_or(p.silent)::integer
        FROM presence AS p WHERE last_hour(since, until) < until AND p.published_at >= last_hour(since, until)
          AND p.published_at < until
        GROUP BY p.mention_id, p.source, p.kind, p.language, p.lead
    ) AS c
    WHERE (sources IS NULL OR c.source = ANY (sources)) AND (kinds IS NULL OR c.kind = ANY (kinds))
      AND (languages IS NULL OR c.language = ANY (languages)) AND (c.lead OR NOT stories);
END;
COMMENT ON FUNCTION about_any IS
    'Mentions about any brand, each once. silent: pictures that show a brand which the post never names.';

-- several brands that count as one: combination_hour

CREATE FUNCTION combination_counts(
    brand_ids integer[], since timestamptz, until timestamptz, sources text[] DEFAULT NULL,
    kinds text[] DEFAULT NULL, languages text[] DEFAULT NULL, stories boolean DEFAULT false
) RETURNS TABLE (source text, kind text, brands integer[], mentions bigint)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT c.source, c.kind, c.brands, c.mentions
    FROM (
        SELECT h.source, h.kind, h.language, h.lead, h.brands, h.mentions
        FROM combination_hour AS h WHERE h.hour >= first_hour(since, until) AND h.hour < last_hour(since, until)
        UNION ALL
        SELECT p.source, p.kind, p.language, p.lead, array_agg(p.brand_id ORDER BY p.brand_id), 1
        FROM presence AS p WHERE since < first_hour(since, until) AND p.published_at >= since
          AND p.published_at < first_hour(since, until)
        GROUP BY p.mention_id, p.source, p.kind, p.language, p.lead HAVING count(*) > 1
        UNION ALL
        SELECT p.source, p.kind, p.language, p.lead, array_agg(p.brand_id ORDER BY p.brand_id), 1
        FROM presence AS p WHERE last_hour(since, until) < until AND p.published_at >= last_hour(since, until)
          AND p.published_at < until
        GROUP BY p.mention_id, p.source, p.kind, p.language, p.lead HAVING count(*) > 1
    ) AS c
    WHERE (sources IS NULL OR c.source = ANY (sources)) AND (kinds IS NULL OR c.kind = ANY (kinds))
      AND (languages IS NULL OR c.language = ANY (languages)) AND (c.lead OR NOT stories)
      AND c.brands && brand_ids;
END;
COMMENT ON FUNCTION combination_counts IS
    'Mentions about two brands or more, at least one of them among brand_ids: by exactly which.';

CREATE FUNCTION about_counts(
    brand_ids integer[], since timestamptz, until timestamptz, sources text[] DEFAULT NULL,
    kinds text[] DEFAULT NULL, languages text[] DEFAULT NULL, stories boolean DEFAULT false
) RETURNS TABLE (source text, texts bigint, images bigint, positive bigint, neutral bigint, negative bigint,
               unsure bigint, unscored bigint)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- Any brand: about_hour has each mention once, the roll-ups of brands the feelings toward each.
    SELECT a.source, CASE a.kind WHEN 'text' THEN a.mentions ELSE 0 END,
           CASE a.kind WHEN 'image' THEN a.mentions ELSE 0 END,
           0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint
    FROM about_any(since, until, sources, kinds, languages, stories) AS a WHERE brand_ids IS NULL
    UNION ALL
    SELECT b.source, CASE WHEN brand_ids IS NULL THEN 0 ELSE b.texts END,
           CASE WHEN brand_ids IS NULL THEN 0 ELSE b.images END,
           b.positive, b.neutral, b.negative, b.unsure, b.unscored
    FROM brand_counts(since, until, sources, kinds, languages, stories) AS b
    WHERE brand_ids IS NULL OR b.brand_id = ANY (brand_ids)
    UNION ALL
    -- Several brands: a mention about n of them was counted n times, n - 1 too many.
    SELECT c.source, CASE c.kind WHEN 'text' THEN c.mentions * (1 - n.brands) ELSE 0 END,
           CASE c.kind WHEN 'image' THEN c.mentions * (1 - n.brands) ELSE 0 END,
           0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint
    FROM (
             SELECT o.source, o.kind, o.brands, sum(o.mentions)::bigint AS mentions
             FROM combination_counts(brand_ids, since, until, sources, kinds, languages, stories) AS o
             GROUP BY o.source, o.kind, o.brands
         ) AS c,
         LATERAL (SELECT count(*) AS brands FROM unnest(c.brands) AS b(id) WHERE b.id = ANY (brand_ids)) AS n
    WHERE cardinality(brand_ids) > 1 AND n.brands > 1;
END;
COMMENT ON FUNCTION about_counts IS
    'Mentions about any of the brands, NULL: about any brand. Texts and images count once, feelings (and texts without '
    'one) once a brand.';

CREATE FUNCTION about_twice(
    brand_ids integer[], since timestamptz, until timestamptz, sources text[] DEFAULT NULL,
    kinds text[] DEFAULT NULL, languages text[] DEFAULT NULL, stories boolean DEFAULT false
) RETURNS TABLE (posts bigint)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT t.posts FROM brand_twice(since, until, sources, kinds, languages, stories) AS t
    WHERE cardinality(brand_ids) = 1 AND t.brand_id = ANY (brand_ids)
    UNION ALL
    SELECT 1 FROM post_pair AS p
    WHERE cardinality(brand_ids) > 1 AND p.text_brands && brand_ids AND p.image_brands && brand_ids
      AND p.text_at >= since AND p.text_at < until AND p.image_at >= since AND p.image_at < until
      AND (kinds IS NULL OR kinds @> '{text,image}'::text[]) AND (sources IS NULL OR p.source = ANY (sources))
      AND (languages IS NULL OR p.text_language = ANY (languages) AND p.image_language = ANY (languages))
      AND (p.lead OR NOT stories);
END;
COMMENT ON FUNCTION about_twice IS
    'Posts whose text and picture are both counted and each about any of the brands: two mentions, but one post.';

CREATE FUNCTION about_silent(
    brand_ids integer[], since timestamptz, until timestamptz, sources text[] DEFAULT NULL,
    kinds text[] DEFAULT NULL, languages text[] DEFAULT NULL, stories boolean DEFAULT false
) RETURNS TABLE (pictures bigint)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT b.silent FROM brand_counts(since, until, sources, kinds, languages, stories) AS b
    WHERE cardinality(brand_ids) = 1 AND b.brand_id = ANY (brand_ids)
    UNION ALL
    SELECT count(DISTINCT p.mention_id) FROM presence AS p
    WHERE cardinality(brand_ids) > 1 AND p.silent AND p.brand_id = ANY (brand_ids)
      AND p.published_at >= since AND p.published_at < until
      AND (sources IS NULL OR p.source = ANY (sources)) AND (kinds IS NULL OR p.kind = ANY (kinds))
      AND (languages IS NULL OR p.language = ANY (languages)) AND (p.lead OR NOT stories);
END;
COMMENT ON FUNCTION about_silent IS 'Pictures that show any of the brands without a word about it, each once.';

-- Hours to read of a period with more than one wants to read.

CREATE FUNCTION sampled_hours(since timestamptz, until timestamptz, step integer)
RETURNS TABLE (first timestamptz, last timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT since, until WHERE step = 1
    UNION ALL
    SELECT h.hour, h.hour + interval '1 hour'
    FROM generate_series(first_hour(since, until), last_hour(since, until), make_interval(hours => step)) AS h(hour)
    WHERE step > 1;
END;
COMMENT ON FUNCTION sampled_hours IS 'Every step-th whole hour of a period; 1: all of the period as one span.';
