-- Grain: one row: how many customers have a key that looks like another's, and two such keys.
-- Input: coarse_keys. Shuffles: one of a hash per customer; the rest is of the few that may look alike.
-- Why: keys that differ in case, white space, invisible characters or the form in which an accented letter is
-- written are different customers, and mostly by mistake.
WITH candidates AS (
    SELECT coarse
    FROM coarse_keys
    GROUP BY coarse
    HAVING count(*) > 1
),

alike AS (
    SELECT
        count(*) AS customers,
        min(coarse_keys.customer_key) AS one_key,
        max(coarse_keys.customer_key) AS other_key
    FROM coarse_keys
    INNER JOIN candidates ON coarse_keys.coarse = candidates.coarse
    GROUP BY coarse_keys.coarse, collate(as_seen(coarse_keys.customer_key), 'UNICODE_CI')
    HAVING count(*) > 1
)

SELECT
    coalesce(sum(customers), 0) AS customers,
    min(one_key) AS one_key,
    min_by(other_key, one_key) AS other_key
FROM alike
