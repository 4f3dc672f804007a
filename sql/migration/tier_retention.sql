-- Grain: one row per previous tier, and one for all (tier total); none without a previous snapshot.
-- Input: movement_totals (movement_sums, read once). Shuffles: none that grows with customers.
-- Why: net revenue retention is ARR (revenue, of a model that doesn't score ARR) after over before, of the
-- customers who had some before; gross retention leaves out what grew. Those who left count as 0; new and
-- returned customers have nothing before and count in neither.
SELECT
    if(grouping(from_tier) = 1, 'total', from_tier) AS tier,
    sum(retention_customers) AS retention_customers,
    divide_half_up(
        sum(retention_after) * 100000000, sum(retention_base) * 100
    ) / 1000000 AS net_revenue_retention,
    divide_half_up(
        sum(retention_kept) * 100000000, sum(retention_base) * 100
    ) / 1000000 AS gross_revenue_retention
FROM movement_totals
WHERE retention_customers > 0
GROUP BY from_tier WITH ROLLUP
