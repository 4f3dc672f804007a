-- Grain: one row per movement, from_tier and to_tier with customers; everybody is counted.
-- Input: movements. Shuffles: one, of a few rows a task.
-- Values: :retains_arr.
-- Why: what tier_migration_summary and tier_retention add up further: the two snapshots are joined once for
-- both. What is retained is ARR, or revenue where the model doesn't score ARR; its base is who had some
-- before.
WITH retained AS (
    SELECT
        *,
        if(:retains_arr, arr_before, revenue_before) AS retained_before,
        if(:retains_arr, arr_after, revenue_after) AS retained_after
    FROM movements
)

SELECT
    movement,
    from_tier,
    to_tier,
    count(*) AS customers,
    sum(revenue_before) AS revenue_before,
    sum(revenue_after) AS revenue_after,
    sum(revenue_impact) AS revenue_impact,
    sum(arr_before) AS arr_before,
    sum(arr_after) AS arr_after,
    sum(arr_impact) AS arr_impact,
    sum(health_before) AS health_before,
    count(health_before) AS health_before_known,
    sum(health_after) AS health_after,
    count(health_after) AS health_after_known,
    count_if(retained_before > 0) AS retention_customers,
    sum(if(retained_before > 0, retained_before, 0)) AS retention_base,
    sum(if(retained_before > 0, retained_after, 0)) AS retention_after,
    sum(if(retained_before > 0, least(retained_after, retained_before), 0)) AS retention_kept
FROM retained
GROUP BY movement, from_tier, to_tier
