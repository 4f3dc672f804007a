-- Grain: one row per movement, from_tier and to_tier, and one for all (movement total); everybody is counted.
-- Input: movement_totals (movement_sums, read once). Shuffles: none that grows with customers.
-- Values: :previous_as_of.
SELECT
    CAST(:previous_as_of AS DATE) AS previous_as_of,
    if(grouping(movement) = 1, 'total', movement) AS movement,
    from_tier,
    to_tier,
    sum(customers) AS customers,
    CAST(sum(revenue_before) AS DECIMAL(28, 2)) AS revenue_before,
    CAST(sum(revenue_after) AS DECIMAL(28, 2)) AS revenue_after,
    CAST(sum(revenue_impact) AS DECIMAL(28, 2)) AS revenue_impact,
    CAST(sum(arr_before) AS DECIMAL(28, 2)) AS arr_before,
    CAST(sum(arr_after) AS DECIMAL(28, 2)) AS arr_after,
    CAST(sum(arr_impact) AS DECIMAL(28, 2)) AS arr_impact,
    CAST(
        divide_half_up(sum(health_before) * 1000000, sum(health_before_known)) * 0.000001BD AS DECIMAL(38, 6)
    ) AS mean_health_before,
    CAST(
        divide_half_up(sum(health_after) * 1000000, sum(health_after_known)) * 0.000001BD AS DECIMAL(38, 6)
    ) AS mean_health_after
FROM movement_totals
GROUP BY GROUPING SETS ((movement, from_tier, to_tier), ())
HAVING sum(customers) > 0
