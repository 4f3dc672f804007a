-- Grain: one row: how many customers have a key that looks like another's, and two such keys.
-- Input: customer_features. Shuffles: one of a hash per customer; the rest is of the few that look alike.
-- Why: keys that differ in case, white space, invisible characters or the form in which an accented letter is
-- written are different customers, and mostly by mistake. Spark compares such texts by a collation, far too
-- slow for all keys: a coarse form without accents finds those that may be alike, by a hash.
WITH folded AS (
    SELECT
        customer_key,
        xxhash64(
            if(
                customer_key RLIKE r'^[ -~]*\z',
                lower(as_seen(customer_key)),
                regexp_replace(
                    translate(lower(as_seen(customer_key)), :accented, :plain),
                    r'[\p{M}\u1100-\u11FF\uAC00-\uD7A3]',
                    ''
                )
            )
        ) AS coarse
    FROM customer_features
),

candidates AS (
    SELECT coarse
    FROM folded
    GROUP BY coarse
    HAVING count(*) > 1
),

alike AS (
    SELECT
        count(*) AS customers,
        min(folded.customer_key) AS one_key,
        max(folded.customer_key) AS other_key
    FROM folded
    INNER JOIN candidates ON folded.coarse = candidates.coarse
    GROUP BY folded.coarse, collate(as_seen(folded.customer_key), 'UNICODE_CI')
    HAVING count(*) > 1
)

SELECT
    coalesce(sum(customers), 0) AS customers,
    min(one_key) AS one_key,
    min_by(other_key, one_key) AS other_key
FROM alike
