-- Grain: one row per previous tier, and one for all (tier total); none without a previous snapshot.
-- Input: movements. Shuffles: one, of a few rows a task.
-- Why: net revenue retention is revenue after over revenue before, of the customers who brought revenue
-- before; gross revenue retention leaves out what grew. Those who left count as 0; new and returned
-- customers have no revenue before and count in neither.
SELECT
    if(grouping(from_tier) = 1, 'total', from_tier) AS tier,
    count(*) AS retention_customers,
    divide_half_up(
        sum(revenue_after) * 100000000, sum(revenue_before) * 100
    ) / 1000000 AS net_revenue_retention,
    divide_half_up(
        sum(least(revenue_after, revenue_before)) * 100000000, sum(revenue_before) * 100
    ) / 1000000 AS gross_revenue_retention
FROM movements
WHERE revenue_before > 0
GROUP BY from_tier WITH ROLLUP
