-- Grain: one row per customer: the key, and a hash that all keys share that look like it (and a few more do).
-- Input: customer_features. Shuffles: none.
-- Values: :accented, :plain.
-- Why: Spark compares texts as they look by a collation, far too slow for all keys. A form without accents,
-- spaces, what isn't seen and other shapes of a letter (as of a final sigma) finds those that may be alike.
-- In ASCII, as most are, little is to be left out.
SELECT
    customer_key,
    xxhash64(
        if(
            customer_key RLIKE r'^[ -~]*\z',
            lower(replace(customer_key, ' ', '')),
            regexp_replace(
                translate(replace(lower(customer_key), 'ß', 'ss'), :accented, :plain),
                r'[\p{M}\p{C}\p{Z}\u1100-\u11FF\uAC00-\uD7A3\u2800\u3164\uFFA0]',
                ''
            )
        )
    ) AS coarse
FROM customer_features
