-- Grain: one row per date and customer of dim_customers known on or before it.
-- Inputs: dim_customers, snapshot_dates. Shuffles: one, by customer.
-- Why: a profile has a row for each date from which it was known; a past snapshot sees what was known then.
-- Without a valid_from it was known always. Of several rows of a date the first in binary order counts.
WITH together AS (
    SELECT *
    FROM dim_customers
    DISTRIBUTE BY customer_key
),

known AS (
    SELECT /*+ BROADCAST(dates) */ -- noqa: CP03
        dates.as_of,
        profiles.*,
        min(profiles.valid_from) OVER (PARTITION BY dates.as_of, profiles.customer_key) AS known_since,
        row_number() OVER (
            PARTITION BY dates.as_of, profiles.customer_key
            ORDER BY
                profiles.valid_from DESC NULLS LAST,
                to_json(struct(profiles.*), map('ignoreNullFields', 'false')) ASC
        ) AS place
    FROM together AS profiles
    INNER JOIN snapshot_dates AS dates ON coalesce(profiles.valid_from <= dates.as_of, TRUE)
)

SELECT * EXCEPT (place, valid_from)
FROM known
WHERE place = 1
