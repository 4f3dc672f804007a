-- Grain: one row per customer scored in the previous snapshot, the current one or both.
-- Inputs: previous_snapshot, current_snapshot (as published), model_tiers. Shuffles: two, each snapshot by
-- customer; the handful of tiers is broadcast.
-- Values: :compares_arr, :previous_as_of.
-- Why: a customer not scored before is new only if its first event (or what stands for it) came after the
-- previous snapshot or is not known; an older fact that arrives late makes it returned. A tier that the
-- model no longer has is below all others. Without a previous snapshot nobody has moved. ARR is NULL where
-- customers have none by any source.
WITH before AS (
    SELECT
        previous_snapshot.*,
        model_tiers.tier_position
    FROM previous_snapshot
    LEFT JOIN model_tiers ON previous_snapshot.tier = model_tiers.tier
),

after AS (
    SELECT
        current_snapshot.*,
        model_tiers.tier_position
    FROM current_snapshot
    LEFT JOIN model_tiers ON current_snapshot.tier = model_tiers.tier
),

paired AS (
    SELECT
        coalesce(after.customer_key, before.customer_key) AS customer_key,
        -- Not coalesced: a NULL name of a customer scored now is its name.
        if(after.tier IS NULL, before.customer_name, after.customer_name) AS customer_name,
        before.tier AS from_tier,
        after.tier AS to_tier,
        coalesce(before.tier_position, 2147483647) AS from_position,
        coalesce(after.tier_position, 2147483647) AS to_position,
        before.action_flag AS from_action_flag,
        after.action_flag AS to_action_flag,
        coalesce(before.total_revenue, 0) AS revenue_before,
        coalesce(after.total_revenue, 0) AS revenue_after,
        if(:compares_arr, coalesce(before.arr, 0), NULL) AS arr_before,
        if(:compares_arr, coalesce(after.arr, 0), NULL) AS arr_after,
        before.health_score AS health_before,
        after.health_score AS health_after,
        after.first_event_date,
        before.from_scores,
        after.to_scores
    FROM before
    FULL OUTER JOIN after ON before.customer_key = after.customer_key
)

SELECT
    customer_key,
    customer_name,
    CASE
        WHEN from_tier IS NULL AND coalesce(first_event_date > :previous_as_of, TRUE) THEN 'new'
        WHEN from_tier IS NULL THEN 'returned'
        WHEN to_tier IS NULL THEN 'churned'
        WHEN to_position < from_position THEN 'upgraded'
        WHEN to_position > from_position THEN 'downgraded'
        ELSE 'unchanged'
    END AS movement,
    from_tier,
    to_tier,
    from_scores,
    to_scores,
    CAST(revenue_before AS DECIMAL(18, 2)) AS revenue_before,
    CAST(revenue_after AS DECIMAL(18, 2)) AS revenue_after,
    CAST(revenue_after - revenue_before AS DECIMAL(19, 2)) AS revenue_impact,
    CAST(arr_before AS DECIMAL(18, 2)) AS arr_before,
    CAST(arr_after AS DECIMAL(18, 2)) AS arr_after,
    CAST(arr_after - arr_before AS DECIMAL(19, 2)) AS arr_impact,
    health_before,
    health_after,
    from_action_flag,
    to_action_flag
FROM paired
WHERE CAST(:previous_as_of AS DATE) IS NOT NULL
