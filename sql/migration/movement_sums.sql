-- Grain: one row per movement, from_tier and to_tier with customers; everybody is counted.
-- Input: movements. Shuffles: one, of a few rows a task.
-- Why: what tier_migration_summary and tier_retention add up further: the two snapshots are joined once for
-- both. The base of retention is who brought revenue before.
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
    count_if(revenue_before > 0) AS retention_customers,
    sum(if(revenue_before > 0, revenue_before, 0)) AS retention_base,
    sum(if(revenue_before > 0, revenue_after, 0)) AS retention_after,
    sum(if(revenue_before > 0, least(revenue_after, revenue_before), 0)) AS retention_kept
FROM movements
GROUP BY movement, from_tier, to_tier
