-- Grain: one row per customer with a decision in force at as_of: the one that counts, on each axis.
-- Input: judged_decisions. Shuffles: two, by customer and axis, then by customer; people make few decisions.
-- Values: :as_of.
-- Why: a decision counts from valid_from until it expires. Of several the latest valid_from counts, then the
-- latest recorded, then the first in binary order.
WITH ranked AS (
    SELECT
        customer_key,
        axis,
        decision,
        value,
        decided_by,
        reason,
        row_number() OVER (
            PARTITION BY customer_key, axis
            ORDER BY
                valid_from DESC,
                recorded_at DESC,
                decision ASC,
                value ASC NULLS LAST,
                decided_by ASC,
                reason ASC NULLS LAST
        ) AS place
    FROM judged_decisions
    WHERE counts AND valid_from <= :as_of AND coalesce(:as_of < expires, TRUE)
),

counting AS (
    SELECT
        customer_key,
        axis,
        struct(decision, value, decided_by, reason) AS decided
    FROM ranked
    WHERE place = 1
)

SELECT
    customer_key,
    max(if(axis = 'tier', decided, NULL)) AS on_tier,
    max(if(axis = 'value_segment', decided, NULL)) AS on_value_segment,
    max(if(axis = 'behavior_segment', decided, NULL)) AS on_behavior_segment,
    max(if(axis = 'health_state', decided, NULL)) AS on_health_state
FROM counting
GROUP BY customer_key
