-- Grain: one row per customer of dim_customers known on or before as_of.
-- Input: dim_customers. Shuffles: one, by customer.
-- Values: :as_of.
-- Why: a profile has a row for each date from which it was known; a past snapshot sees what was known then.
-- Without a valid_from it was known always. Of several rows of a date the first in binary order counts.
WITH known AS (
    SELECT
        profiles.*,
        min(profiles.valid_from) OVER (PARTITION BY profiles.customer_key) AS known_since,
        row_number() OVER (
            PARTITION BY profiles.customer_key
            ORDER BY
                profiles.valid_from DESC NULLS LAST,
                to_json(struct(profiles.*), map('ignoreNullFields', 'false')) ASC
        ) AS place
    FROM dim_customers AS profiles
    WHERE coalesce(profiles.valid_from <= :as_of, TRUE)
)

SELECT * EXCEPT (place, valid_from)
FROM known
WHERE place = 1
