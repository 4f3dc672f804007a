-- Grain: one row per customer whose tier, action flag or presence changed (or everybody, if configured).
-- Inputs: movements, excluded_customers (excluded_customers as published). Shuffles: two, by customer, of
-- those listed and the excluded.
-- Values: :list_unchanged, :previous_as_of.
-- Why: who moved, from where to where, what it is worth, and for the churned why they are gone: the
-- reason of their exclusion, or that their facts have vanished from the source.
SELECT
    CAST(:previous_as_of AS DATE) AS previous_as_of,
    movements.customer_key,
    movements.customer_name,
    movements.movement,
    movements.from_tier,
    movements.to_tier,
    movements.from_scores.*,
    movements.to_scores.*,
    movements.revenue_before,
    movements.revenue_after,
    movements.revenue_impact,
    movements.arr_before,
    movements.arr_after,
    movements.arr_impact,
    movements.health_before,
    movements.health_after,
    movements.from_action_flag,
    movements.to_action_flag,
    if(
        movements.movement = 'churned', coalesce(excluded_customers.reason, 'not_in_source'), NULL
    ) AS exclusion_reason
FROM movements
LEFT JOIN excluded_customers
    ON movements.customer_key = excluded_customers.customer_key AND movements.movement = 'churned'
WHERE
    :list_unchanged
    OR NOT movements.from_tier <=> movements.to_tier
    OR NOT movements.from_action_flag <=> movements.to_action_flag
