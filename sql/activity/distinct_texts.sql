-- Grain: one row per text column and distinct text in the window; of a column with more than 512, any 513.
-- Input: window_events. Shuffles: two per column, of a few hundred rows a task.
-- Why: where texts are few they get codes, by which customer_units counts and compares without strings.
-- Which 513 doesn't matter: they only tell that a column has too many.
-- In the reference query: nothing, its texts stay texts. What codes are good for is in customer_units.
WITH business_units AS (
    SELECT business_unit
    FROM window_events
    WHERE business_unit IS NOT NULL
    GROUP BY business_unit
    LIMIT 513 -- noqa: AM09
),

products AS (
    SELECT product
    FROM window_events
    WHERE product IS NOT NULL
    GROUP BY product
    LIMIT 513 -- noqa: AM09
),

representatives AS (
    SELECT cs_representative
    FROM window_events
    WHERE cs_representative IS NOT NULL
    GROUP BY cs_representative
    LIMIT 513 -- noqa: AM09
),

regions AS (
    SELECT region
    FROM window_events
    WHERE region IS NOT NULL
    GROUP BY region
    LIMIT 513 -- noqa: AM09
)

SELECT
    'business_unit' AS text_column,
    business_unit AS distinct_text,
    xxhash64(business_unit) AS text_hash
FROM business_units
UNION ALL
SELECT
    'product' AS text_column,
    product AS distinct_text,
    xxhash64(product) AS text_hash
FROM products
UNION ALL
SELECT
    'cs_representative' AS text_column,
    cs_representative AS distinct_text,
    xxhash64(cs_representative) AS text_hash
FROM representatives
UNION ALL
SELECT
    'region' AS text_column,
    region AS distinct_text,
    xxhash64(region) AS text_hash
FROM regions
